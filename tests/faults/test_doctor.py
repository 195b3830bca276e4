"""Every check of the doctor, by breaking what it checks."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa

from benchmarks.faults import tiny
from tests.faults import rooms
from valuekit.api import Workspace
from valuekit.cli.doctor import examine
from valuekit.cli.doctor.disk import _room
from valuekit.errors import ValuekitError
from valuekit.store import open_store
from valuekit.store.connect import file_of
from valuekit.store.tables import HEAD

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)  # the last good run is of that day's first minute


class Usage(NamedTuple):
    total: int
    used: int
    free: int


def point(held, what: str, now: datetime = NOW):
    found = [one for one in examine(held.path, now) if one.what == what]
    assert len(found) == 1, (what, found)
    if found[0].state != "ok":
        assert found[0].remedy
    return found[0]


def test_a_healthy_workspace_has_no_point_but_the_old_data(refreshed):
    points = examine(refreshed.path, NOW)
    # The tests' moment is not that of the server's clock, which has a test of its own.
    apart = {"figures", "clock"} if "postgresql" in refreshed.path.read_text() else {"figures"}
    assert {one.state for one in points if one.what not in apart} == {"ok"}
    names = {one.what for one in points}
    assert {"workspace", "source files", "tables of leads", "store", "schema", "lock", "clock",
            "figures", "disk for temporary files"} <= names  # fmt: skip
    assert ("disk of the store" in names) == ("sqlite" in refreshed.path.read_text())


def test_a_source_that_is_gone(refreshed):
    text = refreshed.path.read_text()
    refreshed.path.write_text(text.replace('path = "."', 'path = "nowhere"'))
    assert point(refreshed, "source files").state == "failed"


def test_a_table_that_is_gone(refreshed):
    (refreshed.path.parent / "outcomes.parquet").unlink()
    found = point(refreshed, "tables of leads")
    assert found.state == "failed"
    assert "outcomes" in found.finding


def test_a_store_that_is_gone(refreshed, tmp_path):
    text = refreshed.path.read_text()
    old = next(one for one in text.splitlines() if one.startswith("store ="))
    refreshed.path.write_text(text.replace(old, f'store = "sqlite:///{tmp_path}/none.db"'))
    found = point(refreshed, "store")
    assert (found.state, found.remedy) == ("failed", "Run: valuekit refresh")


@pytest.mark.parametrize(("schema", "remedy"), [("9999", "Install the newest"), ("0002", "backup")])
def test_a_schema_of_another_version(refreshed, url, schema, remedy):
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{schema}'")
    found = point(refreshed, "schema")
    assert found.state == "failed"
    assert remedy in found.remedy
    with engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{HEAD}'")
    engine.dispose()
    assert point(refreshed, "schema").state == "ok"


def test_the_lock(refreshed, url):
    assert point(refreshed, "lock").finding == "free"
    with open_store(url) as holder:
        number = holder.begin("refresh", {}, NOW)
        held = point(refreshed, "lock")
        assert held.state == "ok"
        assert f"held by run {number}, process " in held.finding
        assert "since 2026-03-01 12:00:00 UTC" in held.finding
        late = point(refreshed, "lock", NOW + timedelta(hours=13))
        assert (late.state, late.finding) == ("warning", held.finding)
    killed = point(refreshed, "lock")  # closed without an end, as a killed process is
    assert killed.state == "warning"
    assert f"free; run {number} was killed" in killed.finding


def test_looking_at_the_lock_takes_it_from_nobody(refreshed, url):
    del refreshed
    with open_store(url) as looking, open_store(url) as other:
        for _ in range(20):
            assert not looking.locked()
            number = other.begin("refresh", {}, NOW)
            assert looking.locked()
            other.fail(number, "over", NOW)


def test_a_clock_that_was_moved_back(refreshed):
    found = point(refreshed, "clock", datetime(2026, 2, 27, tzinfo=UTC))
    assert found.state == "failed"
    assert "before the last run at 2026-03-01" in found.finding
    assert "timedatectl" in found.remedy
    assert point(refreshed, "figures", datetime(2026, 2, 27, tzinfo=UTC)).finding.count("later")


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_a_clock_that_differs_from_the_database(refreshed):
    assert point(refreshed, "clock", datetime.now(UTC) + timedelta(hours=1)).state == "warning"
    assert point(refreshed, "clock", datetime.now(UTC)).state == "ok"


@pytest.mark.parametrize(("free", "state"), [(10**12, "ok"), (20_000, "warning"), (0, "failed")])
def test_no_room(tmp_path, monkeypatch, free, state):
    """20 kB are more than the facts take, and less than they take while they are stored."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(10**12, 10**12 - free, free))
    assert _room("disk of the store", tmp_path, wanted=30_000, needed=15_000).state == state


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_disk_without_room(refreshed, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(10**9, 10**9, 0))
    for what in ("disk of the store", "disk for temporary files"):
        found = point(refreshed, what)
        assert found.state == "failed"
        assert "0.0 MB free" in found.finding


def test_old_figures_and_a_failed_run(refreshed, url):
    assert point(refreshed, "figures", NOW + timedelta(days=3)).state == "warning"
    table = refreshed.path.parent / "outcomes.parquet"
    whole = table.read_bytes()
    table.write_bytes(whole[:200])
    refreshed.broken()
    found = point(refreshed, "last run", datetime.now(UTC))
    assert found.state == "failed"  # something must be done, or the figures only get older
    assert "outcomes" in found.finding
    with open_store(url) as store:
        assert f"run {store.runs(1)[0].id} failed" in found.finding


def test_a_model_that_was_never_refreshed(refreshed):
    text = refreshed.path.read_text()
    refreshed.path.write_text(
        text
        + '\n[models.fresh]\ntitle = "Fresh"\nowner = "a@example.com"\ntask = "classification"\n'
        '[models.fresh.predictions]\ntable = "predictions"\nid = "id"\ntime = "at"\nscore = "p"\n'
    )
    found = point(refreshed, "models")
    assert found.state == "warning"
    assert "fresh" in found.finding


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_the_command_ends_with_one_when_something_must_be_done(refreshed):
    done = rooms.valuekit("doctor", "-w", str(refreshed.path), "--json")
    assert (done.returncode, json.loads(done.stdout)["ok"]) == (0, True), done.stdout
    (refreshed.path.parent / "predictions.parquet").unlink()
    done = rooms.valuekit("doctor", "-w", str(refreshed.path), "--json")
    assert (done.returncode, json.loads(done.stdout)["ok"]) == (1, False)


def test_a_run_by_a_clock_that_was_moved_back_is_still_the_newest(refreshed):
    """Runs are ordered by their number: the clock moves no figure back."""
    outcome = Workspace.load(refreshed.path).refresh(now=datetime(2025, 1, 1, tzinfo=UTC))
    with Workspace.load(refreshed.path).store() as store:
        assert store.latest_run().id == outcome.run > refreshed.run
        assert tiny.figures(store) != refreshed.figures
        assert store.run_models(outcome.run)[0].last >= store.run_models(refreshed.run)[0].last


def test_after_a_failed_refresh_it_is_not_the_sources_that_bring_nothing(refreshed):
    """The data are old because the runs fail: the doctor says which, when, why and what to do."""
    with Workspace.load(refreshed.path).store() as store:
        good = store.latest_run()
    late = good.finished + timedelta(hours=1)
    with Workspace.load(refreshed.path).store() as store:
        # As if the data had ended long before: without the failure they would be called quiet.
        number = store.begin("refresh", {}, late)
        store.fail(number, "outcomes.parquet: the file is damaged. Write it again.", late)
    found = point(refreshed, "last run", late + timedelta(minutes=90))
    assert f"run {number} failed 90 minutes ago, on {late:%Y-%m-%d at %H:%M} UTC: " in found.finding
    assert found.finding.endswith("outcomes.parquet: the file is damaged. Write it again.")
    assert found.remedy == "Put that right, then run: valuekit refresh"
    figures = point(refreshed, "figures", late + timedelta(minutes=90))
    assert figures.state == "warning"
    assert "bring nothing new" not in figures.finding
    assert "The last run failed" in figures.finding
    with open_store_of(refreshed) as store:
        killed = store.begin("refresh", {}, late + timedelta(hours=1))
    assert f"run {killed} was killed" in point(refreshed, "lock").finding
    told = [one for one in examine(refreshed.path, late) if one.what == "last run"]
    assert [one.state for one in told] == ["failed"]
    assert told[0].finding.startswith(f"run {killed}, begun ")


def test_a_killed_run_is_told_by_when_it_began(refreshed):
    """Before a later run notes it, and after: nobody knows when it ended, and it is no news."""
    with open_store_of(refreshed) as store:
        killed = store.begin("refresh", {}, NOW)
    late = NOW + timedelta(days=1)
    said = f"run {killed}, begun 24 hours ago, on 2026-03-01 at 12:00 UTC, was killed, or its"
    assert point(refreshed, "last run", late).finding.startswith(said)
    assert "begun 2026-03-01 12:00:00 UTC" in point(refreshed, "lock", late).finding
    shown = rooms.valuekit("show", "-w", str(refreshed.path)).stdout
    assert "was killed, or its machine stopped" in " ".join(shown.split())
    content = json.loads(
        rooms.valuekit("show", "leads", "-w", str(refreshed.path), "--json").stdout
    )
    assert f"(run {killed}, begun " in content["warnings"][0]
    with open_store_of(refreshed) as store:
        failed = store.begin("refresh", {"models": ["other"]}, late)
        store.fail(failed, "no such table", late)
    found = [one for one in examine(refreshed.path, late) if one.what == "last run"]
    assert [one.state for one in found] == ["failed", "failed"]
    assert found[0].finding.startswith(f"run {failed} failed just now")
    assert found[1].finding.startswith(said)
    done = rooms.valuekit("doctor", "-w", str(refreshed.path), "--json")
    assert done.returncode == 1
    refreshed.clean()
    assert not [one for one in examine(refreshed.path, late) if one.what == "last run"]


@pytest.mark.parametrize(("faults", "more"), [(1, ""), (2, " (and 1 more"), (3, " (and 2 more")])
def test_further_faults_of_a_failed_run_are_counted(refreshed, faults, more):
    late = NOW + timedelta(hours=1)
    with open_store_of(refreshed) as store:
        message = "\n".join(f"fault {number}" for number in range(faults))
        store.fail(store.begin("refresh", {}, late), message, late)
    found = point(refreshed, "last run", late).finding
    assert found.endswith(f"fault 0{more}{': valuekit runs --json)' if more else ''}")


def open_store_of(held):
    return Workspace.load(held.path).store()


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_first_refresh_that_failed_is_told(refreshed, tmp_path):
    text = refreshed.path.read_text()
    old = next(one for one in text.splitlines() if one.startswith("store ="))
    fresh = text.replace(old, f'store = "sqlite:///{tmp_path}/fresh.db"')
    refreshed.path.write_text(fresh.replace('score = "p"', 'score = "nope"'))
    with pytest.raises(ValuekitError):
        Workspace.load(refreshed.path).refresh()
    assert "column nope" in point(refreshed, "last run").finding
    assert point(refreshed, "figures").state == "failed"


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_a_user_of_the_database_who_may_only_read(refreshed, url):
    """Neither the figures nor the runs tell: a refresh by this user is refused before it begins."""
    admin = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    reader = f"reader_{sa.make_url(url).database}"
    address = sa.make_url(url).set(username=reader).render_as_string(hide_password=False)
    text = refreshed.path.read_text()
    old = next(one for one in text.splitlines() if one.startswith("store ="))
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE ROLE {reader} LOGIN")
        connection.exec_driver_sql(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {reader}")
    try:
        refreshed.path.write_text(text.replace(old, f'store = "{address}"'))
        found = point(refreshed, "store")
        assert found.state == "warning"
        assert "may only be read by this user" in found.finding
        done = rooms.valuekit("refresh", "-w", str(refreshed.path))
        assert done.returncode == 1
        assert "the database user may only read here" in done.stderr
    finally:
        refreshed.path.write_text(text)
        with admin.connect() as connection:
            connection.exec_driver_sql(f"DROP OWNED BY {reader}")
            connection.exec_driver_sql(f"DROP ROLE {reader}")
    assert point(refreshed, "store").state == "ok"


def test_a_database_of_something_else(refreshed, url):
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE alembic_version RENAME TO customers")
    try:
        found = point(refreshed, "store")
        assert found.state == "failed"
        assert "belongs to something else" in found.finding
        assert found.remedy == "Name another store in the workspace file."
    finally:
        with engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE customers RENAME TO alembic_version")


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_what_to_do_about_a_damaged_store_works_as_written(refreshed, url, tmp_path):
    backup = tmp_path / "kept.db"
    assert rooms.valuekit("backup", str(backup), "-w", str(refreshed.path)).returncode == 0
    path = file_of(sa.make_url(url))
    whole = path.read_bytes()
    middle = len(whole) // 3
    path.write_bytes(whole[:middle] + b"\0" * 200_000 + whole[middle + 200_000 :])
    found = point(refreshed, "store")
    assert found.state == "failed"
    assert found.remedy.startswith("Move it away, then bring back a backup: valuekit restore FILE")
    for old in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
        if old.exists():
            old.rename(tmp_path / f"broken-{old.name}")
    done = rooms.valuekit("restore", str(backup), "-w", str(refreshed.path))
    assert done.returncode == 0, done.stderr
    assert point(refreshed, "store").state == "ok"


def test_what_the_data_of_a_model_were_warned_of(refreshed):
    path = refreshed.path.parent / "outcomes.parquet"
    rows = pd.read_parquet(path)
    keys = [name for name in rows.columns if "id" in name]
    strangers = rows.tail(40).assign(**{key: -np.arange(1, 41) for key in keys})
    pd.concat([rows, strangers]).to_parquet(path, index=False)
    Workspace.load(refreshed.path).refresh(now=NOW)
    found = point(refreshed, "data of leads")
    assert found.state == "warning"
    assert found.remedy.endswith("All of it: valuekit show leads")
    shown = rooms.valuekit("show", "-w", str(refreshed.path))
    assert "Warnings of the data of leads (" in shown.stdout
    alone = rooms.valuekit("show", "leads", "--json", "-w", str(refreshed.path))
    assert any("orphan" in one for one in json.loads(alone.stdout)["warnings"])
