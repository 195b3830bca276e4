"""A disk that is full, a limit on files, a database without room: the last good run is kept."""

from __future__ import annotations

import json
import resource
import shutil
import signal
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa

from benchmarks.faults import tiny
from connectors.duckdb import DuckDBConnector
from tests.faults import rooms
from tests.faults.conftest import place
from tests.faults.test_network import during
from tests.postgres import server
from tests.store.conftest import database
from valuekit.errors import SourceError
from valuekit.store import connect, open_store
from valuekit.workspace.declare import Workspace

MOUNTS = [
    pytest.param(leave, id=f"tmpfs with {leave} bytes free") for leave in (0, 40_000, 100_000)
]


@pytest.fixture
def file(tmp_path, copied):
    """A refreshed workspace whose store is a file."""
    return copied(tmp_path, tmp_path / "values.db")


def shown(path) -> dict:
    done = rooms.valuekit("show", "-w", str(path), "--json")
    assert done.returncode == 0, done.stderr
    made: dict[str, object] = json.loads(done.stdout)
    del made["warnings"]  # that the refresh failed is told; the figures are what they were
    return made


@pytest.mark.parametrize("leave", MOUNTS if rooms.can_mount() else [])
def test_a_full_disk(tmp_path, copied, leave):
    with rooms.small_disk(tmp_path, 8) as small:
        held = copied(tmp_path, small / "values.db")
        before = shown(held.path)
        ballast = rooms.fill(small, leave)
        done = rooms.valuekit("refresh", "-w", str(held.path))
        assert done.returncode == 1
        assert "the disk is full; the last good run is untouched" in done.stderr
        assert "Free some space" in done.stderr
        # Which of the two it is hangs on the room that is left; both say where to look instead.
        assert (
            "`valuekit runs` calls it interrupted" in done.stderr
            or ("`valuekit runs` does not know of this refresh" in done.stderr)
            or recorded(held.path)
        )
        assert shown(held.path) == before  # while the disk is full
        held.kept()
        ballast.unlink()
        held.kept()
        held.clean()


def recorded(path) -> bool:
    """Whether the newest run is noted as one that the disk ended."""
    done = rooms.valuekit("runs", "-w", str(path), "--json")
    return bool(json.loads(done.stdout)["runs"][0]["cause"] == "disk_full")


@pytest.mark.parametrize("leave", [0] if rooms.can_mount() else [])
def test_a_decision_and_a_report_on_a_full_disk(tmp_path, copied, leave):
    """What is wrong is the disk, and no right to write would mend it."""
    with rooms.small_disk(tmp_path, 8) as small:
        held = copied(tmp_path, small / "values.db")
        ballast = rooms.fill(small, leave)
        words = ("decide", "leads", "keep", "--reason", "Pays", "--person", "Ada")
        done = rooms.valuekit(*words, "-w", str(held.path))
        assert done.returncode == 1
        assert "the disk is full" in done.stderr
        assert "Free some space" in done.stderr
        assert "only be read" not in done.stderr
        out = tmp_path / "report.csv"
        done = rooms.valuekit("report", "--out", str(out), "-w", str(held.path))
        assert done.returncode == 0, done.stderr
        assert "the export is not noted" in done.stdout
        ballast.unlink()
        assert rooms.valuekit(*words, "-w", str(held.path)).returncode == 0


def test_a_limit_on_the_size_of_files(file):
    """A limit of the process, as of a quota: the kernel lets neither the file nor its log grow."""
    before = shown(file.path)
    limit = (file.path.parent / "values.db").stat().st_size // 4

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # else the kernel ends the process

    done = rooms.valuekit("refresh", "-w", str(file.path), first=limited)
    assert done.returncode == 1, done.stdout
    assert "a limit on file sizes refused; the last good run is untouched" in done.stderr
    assert shown(file.path) == before
    file.kept()
    file.clean()


def test_a_store_that_may_not_grow(file, monkeypatch):
    """SQLite's own limit on pages: the same refusal as a full disk, on any machine."""
    tiny.feed(file.path.parent, 1, rows=1_200)  # more days than the pages of a run have room for
    made = connect.sa.create_engine

    def limited(*words, **names):
        engine = made(*words, **names)

        @sa.event.listens_for(engine, "connect")
        def _connected(raw, _record):
            pages = raw.execute("PRAGMA page_count").fetchone()[0]
            raw.execute(f"PRAGMA max_page_count = {max(pages, 1)}")

        return engine

    with monkeypatch.context() as patch:
        patch.setattr(connect.sa, "create_engine", limited)
        assert file.broken() == "disk_full"
    file.kept()
    file.clean()


@pytest.mark.parametrize("megabytes", [24] if rooms.can_mount() else [])
def test_a_full_disk_of_the_database_server(tmp_path, worker_id, megabytes, monkeypatch):
    """A tablespace in memory: it fills while the run is stored."""
    admin = sa.create_engine(server(), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with admin.connect() as connection:
        owner = connection.exec_driver_sql("SHOW data_directory").scalar_one()
    # Below a folder that the server's own user may pass through, which pytest's is not.
    with (
        tempfile.TemporaryDirectory(prefix="vk-disk-") as open_to_all,
        rooms.small_disk(Path(open_to_all), megabytes) as small,
    ):
        Path(open_to_all).chmod(0o755)
        data = small / "space"
        data.mkdir()
        shutil.chown(data, Path(owner).stat().st_uid)
        name = f"space_{worker_id}"
        with admin.connect() as connection:
            connection.exec_driver_sql(f"CREATE TABLESPACE {name} LOCATION '{data}'")
        for url in database(server(), f"faults_{name}"):
            with admin.connect() as connection:
                connection.exec_driver_sql(f'ALTER DATABASE "faults_{name}" SET TABLESPACE {name}')
            held = place(tmp_path, url)
            ballast = small / "ballast"

            def full(small=small):
                rooms.fill(small, 0)

            with monkeypatch.context() as patch:
                during("replace_facts", patch, full)
                code = held.broken()
            assert code == "disk_full"
            with open_store(url) as store:
                assert store.latest_run().id == held.run
            ballast.unlink()
            held.kept()
            held.clean()
        with admin.connect() as connection:
            connection.exec_driver_sql(f"DROP TABLESPACE {name}")
    admin.dispose()


@pytest.mark.parametrize(
    ("rows", "room"),
    [(400_000, None), (40_000, 200_000), (40_000, 0)] if rooms.can_mount() else [],
    ids=["written", "committed", "none"],
)
def test_no_room_for_what_is_kept_between_statements(tmp_path, monkeypatch, rows, room):
    """It is told, when rows are written or only when the table is made for good.

    Where there is no room from the start, results stay in memory as small ones do.
    """
    folder = tmp_path / "lake"
    folder.mkdir()
    numbers = np.random.default_rng(0).integers(0, 2**62, rows)
    pd.DataFrame({"id": numbers, "ts": pd.Timestamp("2026-01-01")}).to_parquet(folder / "t.parquet")
    monkeypatch.setattr("connectors.duckdb._LARGE", 1e9)
    space = {
        "workspace": {"name": "w", "currency": "EUR"},
        "sources": {"lake": {"kind": "duckdb", "path": "lake", "timezone": "UTC"}},
        "models": {},
    }
    declared = Workspace.model_validate(space)
    with rooms.small_disk(tmp_path, 4) as small:
        monkeypatch.setattr(tempfile, "tempdir", str(small))
        if room is not None:
            rooms.fill(small, room)
        engine = DuckDBConnector("lake", declared.sources["lake"], tmp_path, declared)
        try:
            t = engine.raw("t")
            ids = sa.select(t.c.id, (t.c.id + 1).label("more"))
            if room == 0:
                assert engine.materialise("ids", ids).schema == "made"
                return
            with pytest.raises(SourceError) as error:
                engine.materialise("ids", ids)
        finally:
            engine.close()
    (told,) = error.value.findings
    assert told.code == "out_of_memory"
    assert "No space left" in told.value
    assert "free disk space for temporary files" in told.remedy
