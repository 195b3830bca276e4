"""One refresh at a time, and the lock is free at once when its holder dies.

SQLite stores: an exclusive transaction on an empty file beside the store, so readers and
decisions go on while a refresh computes. PostgreSQL: a session advisory lock.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import suppress

import sqlalchemy as sa

from valuekit.store.connect import file_of

_KEY = 0x76616C75  # "valu"

Release = Callable[[], None]


def acquire(engine: sa.Engine, url: sa.URL) -> Release | None:
    """Take the lock of the store; None when another process holds it.

    Returns:
        What releases it.
    """
    if url.get_backend_name() == "postgresql":
        return _advisory(engine)
    path = file_of(url)
    if path is None:
        return lambda: None
    held = sqlite3.connect(f"{path}.lock", timeout=0, isolation_level=None, check_same_thread=False)
    try:
        held.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        held.close()
        if "locked" in str(error):
            return None
        raise
    return held.close


def _advisory(engine: sa.Engine) -> Release | None:
    connection = engine.connect()
    taken = connection.execute(sa.select(sa.func.pg_try_advisory_lock(_KEY))).scalar_one()
    connection.commit()
    if not taken:
        connection.close()
        return None

    def release() -> None:
        # A session that the server ended has lost its locks already.
        with connection, suppress(sa.exc.OperationalError):
            connection.execute(sa.select(sa.func.pg_advisory_unlock(_KEY)))
            connection.commit()

    return release
