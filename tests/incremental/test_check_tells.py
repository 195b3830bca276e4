"""``valuekit check`` says that data end earlier, in the words in which a refresh is refused."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from connectors.roles import blocks
from tests.cli import commands
from tests.incremental.kinds import ZONES
from tests.incremental.lake import MODELS, WHEN, World, workspace
from tests.incremental.lake import NOW as LATER
from tests.ready import tables
from tests.restated_rows import Sources, copied, cut
from valuekit.api import Workspace
from valuekit.errors import Finding, ValuekitError
from valuekit.incremental.marks import BEHIND

NOW = datetime.fromisoformat("2026-03-10T06:00+00:00")
HOUR = timedelta(hours=1)
# All kinds where equal runs are tried at length, too; else one of each way to have days.
KINDS = MODELS if "VALUEKIT_EDITS" in os.environ else ("label", "repeat", "dates", "panel", "weeks")


def told(space: Workspace, now: datetime) -> list[Finding]:
    """What a check says of data that end earlier."""
    return _gone([one for made in space.check(now=now).values() for one in made.findings])


def refused(space: Workspace, now: datetime, *, full: bool = False) -> list[Finding]:
    """What a refresh is refused for, as the warnings that a check is to give; none if it runs."""
    try:
        space.refresh(now=now, full=full)
    except ValuekitError as error:
        found = _gone(error.findings)
        assert all(one.severity == "error" for one in found)
        return [replace(one, severity="warning") for one in found]
    return []


def _gone(findings: Sequence[Finding]) -> list[Finding]:
    return [one for one in findings if one.code in BEHIND]


def content(folder: Path) -> dict[str, bytes]:
    return {str(one): one.read_bytes() for one in folder.rglob("*") if one.is_file()}


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of both models after their first run."""
    path = Sources(tmp_path_factory.mktemp("published")).write()
    Workspace.load(path).refresh(now=NOW)
    return path.parent


@pytest.fixture
def world(published: Path, tmp_path: Path) -> tuple[Sources, Path]:
    return copied(published, tmp_path)


def test_outcomes_that_end_earlier(world):
    held, path = world
    every, space = held.outcomes, Workspace.load(path)
    assert told(space, NOW) == []
    cut(held)
    (one,) = told(space, NOW + HOUR)
    assert (one.code, one.severity) == ("watermark_back", "warning")
    assert one.value == (
        "outcomes end on 2026-02-26; 2026-02-27 to 2026-03-03 were there in the last good run"
    )
    assert "valuekit refresh --accept-gone" in one.remedy
    assert [one] == refused(space, NOW + HOUR)
    assert [one] == told(space, NOW + HOUR)  # also after a run that was refused
    held.outcomes = every
    held.write()
    assert told(space, NOW + 2 * HOUR) == []
    cut(held)
    space.refresh(now=NOW + 3 * HOUR, accept_gone=True)
    assert told(space, NOW + 4 * HOUR) == []


def test_days_that_are_gone_are_told_of_each_model(world):
    held, path = world
    held.predictions = held.predictions[held.predictions["at"] < datetime(2026, 2, 25)]
    held.write()
    space = Workspace.load(path)
    found = told(space, NOW + HOUR)
    assert [one.code for one in found] == ["days_gone"] * 2
    assert found == refused(space, NOW + HOUR)
    assert space.check(["upsell"], now=NOW + HOUR)["upsell"].findings[-1] == found[1]
    assert _gone(space.check(now=NOW + HOUR, past=False)["leads"].findings) == []


def test_the_terminal_says_it_and_what_to_do(world):
    held, path = world
    cut(held)
    done = commands.run("check", "leads", "-w", str(path))
    assert done.returncode == 0
    assert "outcomes end on 2026-02-26" in " ".join(done.stderr.split())
    end = " ".join(done.stdout.split())
    assert end.endswith(
        "A refresh is refused until the data are back, or goes on with --accept-gone."
    )
    made = json.loads(commands.run("check", "--json", "-w", str(path)).stdout)
    codes = {name: [f["code"] for f in one["findings"]] for name, one in made["models"].items()}
    assert made["ok"] is True
    assert "watermark_back" in codes["leads"]
    assert "watermark_back" not in codes["upsell"]
    assert commands.run("check", "upsell", "-w", str(path)).stdout.endswith("Ready to refresh.\n")


def test_a_check_writes_nothing(world):
    held, path = world
    cut(held)
    before = content(path.parent)
    assert len(told(Workspace.load(path), NOW + HOUR)) == 1
    assert content(path.parent) == before


def test_without_a_store_nothing_is_said_and_none_is_made(tmp_path):
    held = Sources(tmp_path)
    path = held.write()
    before = content(tmp_path)
    made = Workspace.load(path).check(now=NOW)
    assert list(made) == ["leads", "upsell"]
    assert _gone([one for each in made.values() for one in each.findings]) == []
    assert content(tmp_path) == before


def test_a_model_that_was_never_refreshed_has_no_past(tmp_path):
    held = Sources(tmp_path)
    path = held.write()
    space = Workspace.load(path)
    space.refresh(["upsell"], now=NOW)
    cut(held)
    assert told(space, NOW + HOUR) == []


@pytest.mark.parametrize("damage", [b"", b"no store at all", None])
def test_a_store_that_cannot_be_read_stops_no_check(world, damage):
    held, path = world
    cut(held)
    (store,) = path.parent.glob("*.db")
    store.write_bytes(store.read_bytes()[:6000] if damage is None else damage)
    made = Workspace.load(path).check(now=NOW + HOUR)
    assert list(made) == ["leads", "upsell"]
    assert _gone([one for each in made.values() for one in each.findings]) == []
    assert not any(one.severity == "error" for each in made.values() for one in each.findings)


def test_another_table_is_a_decision_and_told_as_one(world):
    held, path = world
    early = held.outcomes[held.outcomes["seen"] < datetime(2026, 2, 27)]
    early.to_parquet(path.parent / "early.parquet", index=False)
    path.write_text(path.read_text().replace('table = "outcomes"', 'table = "early"'))
    space = Workspace.load(path)
    (one,) = told(space, NOW + HOUR)
    parts = space.refresh(now=NOW + HOUR).parts
    assert _gone([found for part in parts for found in part.findings]) == [one]
    assert told(space, NOW + 2 * HOUR) == []


def test_rows_that_are_held_back_are_named(tmp_path):
    """The newest day is there, and its times cannot be read."""
    held = Sources(tmp_path)
    path = held.write()
    text = path.read_text().replace('table = "predictions"', 'table = "log.csv"')
    path.write_text(text)
    held.predictions.to_csv(tmp_path / "log.csv", index=False)
    space = Workspace.load(path)
    space.refresh(now=NOW)
    last = held.predictions["at"] >= datetime(2026, 3, 1)
    odd = held.predictions.assign(at=held.predictions["at"].astype(str).mask(last, "n/a"))
    odd.to_csv(tmp_path / "log.csv", index=False)
    found = told(space, NOW + HOUR)
    assert found == refused(space, NOW + HOUR)
    assert len(found) == 2
    assert "held back since then: 10 rows of predictions: " in found[0].value
    assert found[0].remedy.startswith("See the rows that are held back: valuekit check.")


@pytest.mark.usefixtures("_facts_alone")
@pytest.mark.parametrize("name", KINDS)
def test_models_of_every_kind(tmp_path, name):
    """Each table of the model ends ten days earlier, alone and with the others."""
    zone, source, aware = ZONES.get(name, ("Europe/Berlin", "UTC", ""))
    world = World(tmp_path, 7, single=False, panel=name == "panel", aware=aware, last=60)
    space = workspace(tmp_path, MODELS[name], zone, source)
    world.write()
    space.refresh(now=LATER)
    read = {block.table for _, block in blocks(space.loaded.workspace.models["m"])}
    every, said = {one: rows for one, rows in world.tables.items() if one in read}, 0
    for gone in (*([one] for one in every), list(every)):
        for table in gone:
            rows, when = every[table], WHEN[table]
            early = rows[when] < rows[when].max() - timedelta(days=10)
            world.tables[table] = rows[early].reset_index(drop=True)
        world.write()
        found = told(space, LATER + HOUR)
        assert found == refused(space, LATER + HOUR), gone
        said += len(found)
        world.tables |= every
        world.write()
        if not found:  # else nothing was stored
            space.refresh(now=LATER + HOUR, accept_gone=True)
    assert said


def test_ready_made_tables(tmp_path):
    every = tables.trial(days=40)
    space = tables.workspace(tmp_path, tables.TRIAL, ab=every)
    space.refresh(now=tables.NOW)
    assert told(space, tables.NOW) == []
    tables.write(tmp_path, ab=every[every["day"] < tables.day(37)])
    found = told(space, tables.NOW)
    assert {one.code for one in found} == {"days_gone", "watermark_back"}
    assert found == refused(space, tables.NOW)
    assert "2026-04-07 to 2026-04-09 were there" in found[0].value


def test_rows_that_lie_ahead_hide_no_end(tmp_path):
    """A row of next year is held back, then and now: the data end where the others end."""
    held = Sources(tmp_path)
    odd = held.predictions.tail(1).assign(id="odd", at=datetime(2027, 5, 1))
    every = held.predictions
    held.predictions = pd.concat([every, odd], ignore_index=True)
    path = held.write()
    space = Workspace.load(path)
    space.refresh(now=NOW)
    early = every[every["at"] < datetime(2026, 2, 25)]
    held.predictions = pd.concat([early, odd], ignore_index=True)
    held.write()
    found = told(space, NOW + HOUR)
    assert len(found) == 2
    assert found == refused(space, NOW + HOUR)
