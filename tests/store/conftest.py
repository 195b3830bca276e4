"""A fresh store per test, on every database that may hold one."""

from __future__ import annotations

import itertools

import pytest
import sqlalchemy as sa

from tests.postgres import server
from valuekit.store import open_store

_numbers = itertools.count()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path, worker_id):
    """The address of a store that does not exist yet; its database does."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/values.db"
        return
    yield from database(server(), f"{worker_id}_{next(_numbers)}")


def database(address: sa.URL, name: str, template: str = "template1"):
    """A database of its own, a copy of another one, dropped afterwards."""
    admin = sa.create_engine(address, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with admin.connect() as connection:
        connection.exec_driver_sql(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    yield address.set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.exec_driver_sql(f'DROP DATABASE "{name}" WITH (FORCE)')
    admin.dispose()


@pytest.fixture
def store(url):
    with open_store(url, create=True) as made:
        yield made
