"""A tiny refreshed workspace on every kind of store, and what must hold after every fault."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from benchmarks.faults import tiny
from tests.cli.commands import run
from tests.cli.conftest import TOML, write
from tests.postgres import server
from tests.store.conftest import database
from valuekit.api import Workspace
from valuekit.errors import ValuekitError

_numbers = itertools.count()


@dataclass(frozen=True)
class Place:
    """A workspace and the figures that its last good run left."""

    path: Path
    run: int
    figures: str

    def refresh(self, progress=None):
        return Workspace.load(self.path).refresh(progress=progress, accept_gone=True)

    def broken(self, progress=None) -> str:
        """Refresh, which must fail in words; the code of the cause."""
        with pytest.raises(ValuekitError) as caught:
            self.refresh(progress)
        for one in caught.value.findings:
            assert one.place, one
            assert one.rule, one
            assert one.remedy, one
        return caught.value.findings[0].code

    def kept(self, cause: str | None = None) -> None:
        """The last good run is what readers see, whole; nobody holds the lock."""
        with Workspace.load(self.path).store() as store:
            assert store.latest_run().id == self.run
            assert tiny.figures(store) == self.figures
            assert not store.locked()
            if cause is not None:
                last = store.runs(1)[0]
                assert (last.status, last.cause) == ("failed", cause)
                assert last.message

    def clean(self) -> None:
        """The next run succeeds, and stores the figures of other tables."""
        tiny.feed(self.path.parent, 2)
        outcome = self.refresh()
        with Workspace.load(self.path).store() as store:
            assert store.latest_run().id == outcome.run > self.run
            assert tiny.figures(store) != self.figures
            assert not any(one.status == "running" for one in store.runs())
            assert not store.locked()


def place(folder: Path, url: str) -> Place:
    """A workspace that was refreshed once; its tables have changed since."""
    path = tiny.make(folder, url)
    held = Workspace.load(path)
    run = held.refresh(now=datetime(2026, 3, 1, tzinfo=UTC)).run
    with held.store() as store:
        figures = tiny.figures(store)
    tiny.feed(folder, 1)
    return Place(path, run, figures)


def again(first: Place, folder: Path, url: str) -> Place:
    """The same workspace in another folder, over a store that holds a copy of the first one's."""
    path = tiny.make(folder, url)
    tiny.feed(folder, 1)
    return replace(first, path=path)


@pytest.fixture(scope="session")
def in_file(tmp_path_factory) -> Place:
    """What is copied for each test whose store is a file."""
    folder = tmp_path_factory.mktemp("first")
    return place(folder, f"sqlite:///{folder}/values.db")


@pytest.fixture(scope="session")
def on_server(tmp_path_factory, worker_id) -> Iterator[tuple[Place, str]]:
    """What is copied for each test whose store is a database, and that database's name."""
    name = f"faults_first_{worker_id}"
    for url in database(server(), name):
        yield place(tmp_path_factory.mktemp("first"), url), name


@pytest.fixture
def copied(in_file) -> Callable[[Path, Path], Place]:
    """Makes a refreshed workspace, with its store in a file that does not exist yet."""

    def made(folder: Path, file: Path) -> Place:
        shutil.copy(in_file.path.with_name("values.db"), file)
        return again(in_file, folder, f"sqlite:///{file}")

    return made


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path, worker_id):
    """The address of a store that does not exist yet, unless a test asks for a refreshed one."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/values.db"
        return
    template = "template1"
    if "refreshed" in request.fixturenames:
        _, template = request.getfixturevalue("on_server")
    yield from database(server(), f"faults_{worker_id}_{next(_numbers)}", template)


@pytest.fixture
def refreshed(request, tmp_path, url) -> Place:
    """A workspace that was refreshed once; its tables have changed since."""
    if url.startswith("sqlite"):
        return request.getfixturevalue("copied")(tmp_path, tmp_path / "values.db")
    first, _ = request.getfixturevalue("on_server")
    return again(first, tmp_path, url)


def at(folder: Path, store: str) -> Path:
    """A small workspace in a folder, with its store in a file elsewhere."""
    path = write(folder)
    path.write_text(TOML.replace("currency", f'store = "sqlite:///{store}"\ncurrency', 1))
    return path


@pytest.fixture(scope="session")
def once(tmp_path_factory) -> Path:
    """A small workspace that the command refreshed once, copied for each test that starts so."""
    folder = tmp_path_factory.mktemp("once")
    path = at(folder, f"{folder}/values.db")
    assert run("refresh", "-w", str(path)).returncode == 0
    return path


@pytest.fixture
def own(once: Path, tmp_path: Path) -> Path:
    """The same in a folder of its own: the tables, the store ``values.db`` and its lock."""
    shutil.copytree(once.parent, tmp_path, dirs_exist_ok=True)
    path = tmp_path / once.name
    path.write_text(path.read_text().replace(str(once.parent), str(tmp_path)))
    return path
