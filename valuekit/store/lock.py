"""One refresh at a time, and the lock is free at once when its holder dies.

SQLite stores: an exclusive transaction on an empty file beside the store, so readers and
decisions go on while a refresh computes. PostgreSQL: a session advisory lock, whose session says
every few seconds that it lives.
"""

from __future__ import annotations

import os
import platform
import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress

import sqlalchemy as sa

from valuekit.store.connect import file_of

PEEK_SECONDS = 0.25  # how long a holder waits for one who only looks whether the lock is held
BEAT_SECONDS = 20.0
SILENT_SECONDS = 120  # after so much silence the server ends the session, and so frees the lock
_KEY = 0x76616C75  # "valu"

Release = Callable[[], None]


def holder() -> str:
    """This process, as others are told who holds the lock."""
    return f"process {os.getpid()} on {platform.node() or 'this machine'}"


def gone(name: str) -> bool:
    """Whether a holder is a process of this machine that has ended."""
    words = name.split()
    if len(words) < 4 or not words[1].isdigit() or name.split(" on ", 1)[1] != platform.node():
        return False
    try:
        os.kill(int(words[1]), 0)  # asks only whether there is such a process
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


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
    held = sqlite3.connect(
        f"{path}.lock", timeout=PEEK_SECONDS, isolation_level=None, check_same_thread=False
    )
    try:
        held.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        held.close()
        if "locked" in str(error):
            return None
        raise
    return held.close


def is_held(engine: sa.Engine, url: sa.URL) -> bool:
    """Whether somebody holds the lock; asking takes it from nobody."""
    if url.get_backend_name() == "postgresql":
        query = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = %(key)s"
        with engine.connect() as connection:
            return bool(connection.exec_driver_sql(query, {"key": _KEY}).scalar_one())
    path = file_of(url)
    if path is None or not path.with_name(f"{path.name}.lock").exists():
        return False
    looking = sqlite3.connect(f"{path}.lock", timeout=0, isolation_level=None)
    try:
        looking.execute("SELECT count(*) FROM sqlite_master")  # refused by an exclusive lock
    except sqlite3.OperationalError as error:
        return "locked" in str(error)
    finally:
        looking.close()
    return False


def _advisory(engine: sa.Engine) -> Release | None:
    connection = engine.connect()
    taken = connection.execute(sa.select(sa.func.pg_try_advisory_lock(_KEY))).scalar_one()
    connection.commit()
    if not taken:
        connection.close()
        return None
    return _Kept(connection).release


class _Kept:
    """A session that holds the lock and is known to live.

    A holder whose machine or network is gone leaves a session that the server takes for idle. It
    ends sessions that were silent for too long, so a living one speaks up; it runs on a thread, as
    the run itself computes for minutes.
    """

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="valuekit-lock", daemon=True)
        self._say(f"SET idle_session_timeout = {SILENT_SECONDS * 1000}")
        self._thread.start()

    def release(self) -> None:
        """Give the lock back."""
        self._over.set()
        self._thread.join()
        # A session that the server ended has lost its locks already.
        with self._connection, suppress(sa.exc.SQLAlchemyError):
            self._say("RESET idle_session_timeout")
            self._say(f"SELECT pg_advisory_unlock({_KEY})")

    def _beat(self) -> None:
        while not self._over.wait(BEAT_SECONDS):
            try:
                self._say("SELECT 1")
            except sa.exc.SQLAlchemyError:
                return  # the lock is lost: whoever takes it ends our run, and commit is refused

    def _say(self, statement: str) -> None:
        self._connection.exec_driver_sql(statement)
        self._connection.commit()
