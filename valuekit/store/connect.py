"""Engines: SQLite in WAL mode with explicit transactions, read-only where it must be."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import StaticPool

from valuekit.store.patience import CONNECT_SECONDS, patient
from valuekit.store.words import failure, in_words, shown

if TYPE_CHECKING:
    from sqlite3 import Connection as SQLiteConnection

BUSY_MS = 10_000
_AGAIN_SECONDS = 0.01
PAGE = 16_384  # payloads of 1-3 kB would leave a third of every smaller page empty
WRITE = {"valuekit_write": True}  # execution option: take the write lock at the start


def file_of(url: sa.URL) -> Path | None:
    """The file of a SQLite address; None for another database or one in memory."""
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        return None
    return Path(url.database)


def may_write(url: sa.URL) -> bool:
    """Whether this process may write: the file, and its folder for the write-ahead log."""
    path = file_of(url)
    if path is None:
        return True
    folder = path.parent
    return os.access(folder, os.W_OK) and (not path.exists() or os.access(path, os.W_OK))


def connect(url: sa.URL, *, writable: bool) -> sa.Engine:
    """An engine for the address.

    Args:
        url: Address of the store.
        writable: False opens a SQLite file read-only, so that nothing can change it.

    Raises:
        StoreError: when the file cannot be opened.
    """
    if url.get_backend_name() == "postgresql":
        return _postgres(url)
    if file_of(url) is None:
        engine = sa.create_engine(url, poolclass=StaticPool)
    elif writable:
        engine = sa.create_engine(url)
    else:
        return _read_only(url)
    _transactions(engine, log=file_of(url) is not None)
    return engine


def address(text: str) -> sa.URL:
    """The parsed address of a store, with the driver that is used here.

    Raises:
        StoreError: when it is no address, or of a database that no store can lie in.
    """
    try:
        url = sa.make_url(text)
    except sa.exc.ArgumentError:
        raise failure(
            "store", "store_url", "not the address of a store", 'Write "sqlite:///valuekit.db".'
        ) from None
    if url.drivername in {"postgres", "postgresql"}:
        return url.set(drivername="postgresql+psycopg")
    if url.drivername not in {"sqlite", "sqlite+pysqlite", "postgresql+psycopg"}:
        raise failure(
            "store",
            "store_kind",
            "a store is a SQLite file or a PostgreSQL database",
            'Write "sqlite:///valuekit.db" or "postgresql://user@host/database".',
            url.drivername,
        )
    return url


def _postgres(url: sa.URL) -> sa.Engine:
    # Several statements make one page: all of them see one state.
    try:
        engine = sa.create_engine(
            url,
            pool_pre_ping=True,
            isolation_level="REPEATABLE READ",
            connect_args={
                "application_name": "valuekit",
                "connect_timeout": CONNECT_SECONDS,
                "keepalives_idle": 30,
                "tcp_user_timeout": 60_000,
            },
        )
        patient(engine)
    except ModuleNotFoundError as error:
        raise failure(
            shown(url),
            "no_driver",
            "the PostgreSQL driver is not installed",
            'Run: pip install "valuekit[postgres]"',
            error.name or "",
        ) from error
    return engine


def _read_only(url: sa.URL) -> sa.Engine:
    path = quote(str(Path(str(url.database)).resolve()))
    engine = _uri(f"file:{path}?mode=ro")
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("SELECT count(*) FROM sqlite_master")
    except OperationalError:
        # A write-ahead log needs a writable folder even to read. A run that ends well leaves an
        # empty log, so the file alone is whole; after a kill it is not, and is not shown.
        engine.dispose()
        log = Path(f"{url.database}-wal")
        if log.exists() and log.stat().st_size:
            raise failure(
                shown(url),
                "unfinished_log",
                "a run was killed and left changes beside the file; to read them takes a folder "
                "that may be written and has room",
                "Open it once where it may be written, such as: valuekit doctor",
                log.name,
            ) from None
        engine = _uri(f"file:{path}?mode=ro&immutable=1")
        with in_words(shown(url)), engine.connect() as connection:
            connection.exec_driver_sql("SELECT count(*) FROM sqlite_master")
    return engine


def _uri(address: str) -> sa.Engine:
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=address, query={"uri": "true"}),
    )
    _transactions(engine, log=False)
    return engine


def _keep_log(raw: SQLiteConnection) -> None:
    """Have changes written to a log beside the file, as it must be once in the life of a store.

    Of several that make a store at the same moment SQLite refuses some without any wait: they
    would wait for one another, each with a lock that the other needs. So each lets go and asks
    again; SQLite does not wait as well, which would be twice as long.
    """
    raw.execute("PRAGMA busy_timeout = 0")
    until = monotonic() + BUSY_MS / 1000
    while True:
        try:
            raw.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or monotonic() > until:
                raise
            sleep(_AGAIN_SECONDS)
        else:
            return


def _transactions(engine: sa.Engine, *, log: bool) -> None:
    @sa.event.listens_for(engine, "connect")
    def _connected(raw: SQLiteConnection, _record: object) -> None:
        # The driver's own transactions start late and never cover DDL: BEGIN is ours.
        raw.isolation_level = None
        raw.execute("PRAGMA foreign_keys = ON")
        if log:
            raw.execute(f"PRAGMA page_size = {PAGE}")  # counts only before the first table
            _keep_log(raw)
            raw.execute("PRAGMA synchronous = FULL")
        raw.execute(f"PRAGMA busy_timeout = {BUSY_MS}")

    @sa.event.listens_for(engine, "begin")
    def _began(connection: sa.Connection) -> None:
        options: dict[str, Any] = dict(connection.get_execution_options())
        connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("valuekit_write") else "BEGIN")
