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
from contextlib import suppress
from typing import Protocol

import sqlalchemy as sa

from valuekit.store.connect import file_of

PEEK_SECONDS = 0.25  # how long a holder waits for one who only looks whether the lock is held
BEAT_SECONDS = 20.0
SILENT_SECONDS = 120  # after so much silence the server ends the session, and so frees the lock
_KEY = 0x76616C75  # "valu"
_MINE = (
    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted"
    " AND objid = %(key)s AND pid = pg_backend_pid()"
)


class Held(Protocol):
    """The lock of a store while it is ours."""

    def release(self) -> None:
        """Give the lock back."""

    def lost(self) -> bool:
        """Whether the lock is known to be ours no longer; asks nobody."""

    def ours(self) -> bool:
        """Whether the lock is ours at this moment; asks the database."""


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


def acquire(engine: sa.Engine, url: sa.URL) -> Held | None:
    """Take the lock of the store; None when another process holds it."""
    if url.get_backend_name() == "postgresql":
        return _advisory(engine)
    path = file_of(url)
    if path is None:
        return _Ours(None)
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
    return _Ours(held)


def is_held(engine: sa.Engine, url: sa.URL) -> bool:
    """Whether somebody holds the lock; asking takes it from nobody."""
    if url.get_backend_name() == "postgresql":
        query = (
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = %(key)s AND"
            " database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
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


class _Ours:
    """A lock that lasts as long as this process: of a file, or of a store that nobody else sees."""

    def __init__(self, held: sqlite3.Connection | None) -> None:
        self._held = held

    def release(self) -> None:
        """Give the lock back."""
        if self._held is not None:
            self._held.close()

    def lost(self) -> bool:
        """Never."""
        return False

    def ours(self) -> bool:
        """Always."""
        return True


def _advisory(engine: sa.Engine) -> Held | None:
    connection = engine.connect()
    taken = connection.execute(sa.select(sa.func.pg_try_advisory_lock(_KEY))).scalar_one()
    connection.commit()
    if not taken:
        connection.close()
        return None
    return _Kept(connection)


class _Kept:
    """A session that holds the lock and is known to live.

    A holder whose machine or network is gone leaves a session that the server takes for idle. It
    ends sessions that were silent for too long, so a living one speaks up; it runs on a thread, as
    the run itself computes for minutes. With the session the lock is gone, and a new connection
    does not bring it back: another run may have had it in between.
    """

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self._over, self._gone = threading.Event(), threading.Event()
        self._turn = threading.Lock()  # the beat and the run speak over one connection
        self._thread = threading.Thread(target=self._beat, name="valuekit-lock", daemon=True)
        self._say(f"SET idle_session_timeout = {SILENT_SECONDS * 1000}")
        self._thread.start()

    def release(self) -> None:
        """Give the lock back."""
        self._over.set()
        self._thread.join()
        # A session that the server ended has lost its locks already.
        with self._connection, suppress(sa.exc.SQLAlchemyError):
            if not self._gone.is_set():
                self._say("RESET idle_session_timeout")
                self._say(f"SELECT pg_advisory_unlock({_KEY})")

    def lost(self) -> bool:
        """Whether the session is known to have ended."""
        return self._gone.is_set()

    def ours(self) -> bool:
        """Whether the very session that took the lock still has it."""
        # A connection that broke is made again at the next statement: as another session.
        try:
            held = bool(self._say(_MINE, {"key": _KEY}))
        except sa.exc.SQLAlchemyError:
            held = False
        if not held:
            self._gone.set()
        return held and not self._gone.is_set()

    def _beat(self) -> None:
        while not self._over.wait(BEAT_SECONDS):
            if not self.ours():
                return

    def _say(self, statement: str, values: dict[str, int] | None = None) -> object:
        with self._turn:
            said = self._connection.exec_driver_sql(statement, values)
            told = said.scalar_one() if said.returns_rows else None
            self._connection.commit()
        return told
