"""A store without runs per test, on every database that may hold one."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.postgres import server
from valuekit.store import open_store

_numbers = itertools.count()


@pytest.fixture(scope="session")
def in_file(tmp_path_factory) -> Path:
    """A store without runs, copied for each test that asks for one in a file."""
    file = tmp_path_factory.mktemp("first") / "values.db"
    open_store(f"sqlite:///{file}", create=True).close()
    return file


@pytest.fixture(scope="session")
def on_server(worker_id) -> Iterator[str]:
    """The name of a database with a store without runs, copied likewise."""
    name = f"{worker_id}_first"
    for url in database(server(), name):
        open_store(url, create=True).close()
        yield name


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path, worker_id):
    """The address of a store that does not exist yet, unless a test asks for one."""
    made = "store" in request.fixturenames
    if request.param == "sqlite":
        if made:
            shutil.copy(request.getfixturevalue("in_file"), tmp_path / "values.db")
        yield f"sqlite:///{tmp_path}/values.db"
        return
    template = request.getfixturevalue("on_server") if made else "template1"
    yield from database(server(), f"{worker_id}_{next(_numbers)}", template)


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
