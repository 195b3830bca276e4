"""Runs through the door: what is read again, what is written again, what is restated."""

from __future__ import annotations

import json
import os
import shutil
import time
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy as sa

from connectors.sql import survey
from tests.incremental.lake import LAST, MODELS, NOW, START, World, workspace
from tests.store.test_store import dump
from valuekit.api import Workspace
from valuekit.errors import StoreError
from valuekit.kept import Kept, known, noted
from valuekit.store import commit

Lake = tuple[Workspace, World]


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    space = workspace(tmp_path, MODELS["label"])
    world = World(tmp_path, 3, single=False)
    world.write()
    for path in tmp_path.rglob("*.parquet"):  # old enough to be trusted by their times
        os.utime(path, (1, 1))
    return space, world


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """The same after a first refresh, for all that begin with it."""
    folder = tmp_path_factory.mktemp("begun")
    space, world = workspace(folder, MODELS["label"]), World(folder, 3, single=False)
    world.write()
    space.refresh(now=NOW)
    return space, world


@pytest.fixture
def refreshed(begun: Lake, tmp_path: Path) -> Lake:
    space, world = begun
    shutil.copytree(space.loaded.folder, tmp_path, dirs_exist_ok=True)
    return Workspace.load(tmp_path / "valuekit.toml"), world.copy(tmp_path)


def tables(space: Workspace) -> object:
    with space.store() as store:
        return dump(store)


def test_ten_reruns_leave_identical_tables(lake):
    space, _ = lake
    space.refresh(now=NOW)
    before = tables(space)
    for hour in range(1, 11):
        outcome = space.refresh(now=NOW + timedelta(hours=hour))
        assert (outcome.fact_rows, outcome.rows_read, outcome.restated) == (0, 0, 0)
    assert tables(space) == before


def test_full_is_the_same_and_restates_nothing(refreshed):
    space, _ = refreshed
    before = tables(space)
    outcome = space.refresh(full=True, now=NOW + timedelta(hours=1))
    assert outcome.rows_read > 1_000
    assert (outcome.fact_rows, outcome.restated) == (0, 0)
    assert tables(space) == before


def test_a_day_of_the_panel_takes_the_other_rows_of_its_day_along(tmp_path):
    """Its intake is replaced whole, though nothing else of that day was pulled."""
    space = workspace(tmp_path, MODELS["panel"])
    world = World(tmp_path, 3, single=False, panel=True)
    world.write()
    space.refresh(now=NOW)
    day = START + timedelta(days=60)
    old, panel = intake_of(space, day), world.tables["g"]
    again = panel[panel["when"].dt.date == day.date()].iloc[[0]].assign(group="gone", x=None)
    world.tables["g"] = pd.concat([panel, again], ignore_index=True)
    world.tables["p"] = pd.concat([world.tables["p"], world.predictions(range(LAST, LAST + 1))])
    world.write()
    outcome = space.refresh(now=NOW + timedelta(hours=1)).parts[0]
    assert "days that depend" in outcome.why
    new = intake_of(space, day)
    assert old["predictions"] > 0
    assert new == old | {"panel": old["panel"] + 1}
    (found,) = (
        one for one in space.restatements("m") if (one.fact, one.day) == ("intake", day.date())
    )
    changed = {
        name: (found.before.get(name), now)
        for name, now in found.after.items()
        if name.startswith("rows:") and found.before.get(name) != now
    }
    assert changed == {"rows:panel:quarantined": (None, 1)}


def test_a_value_of_a_panel_that_changed_is_found_beside_predictions(tmp_path):
    """Its metric is none of the units', and yet a column that facts are made from."""
    space = workspace(tmp_path, MODELS["panel"])
    world = World(tmp_path, 3, single=True, panel=True)
    world.write()
    space.refresh(now=NOW)
    row = world.tables["g"].index[7]
    day, group = (world.tables["g"].loc[row, name] for name in ("when", "group"))
    world.tables["g"].loc[row, "x"] += 12.5
    world.write()

    def total() -> float:
        with space.store() as store:
            rows = store.facts("m", "panel", first=day.date(), last=day.date())
        own = rows[rows["group"] == group]
        return float((own["n"] * own["mean_y"]).sum())

    before = total()
    assert "no table changed" not in space.refresh(now=NOW + timedelta(hours=1)).parts[0].why
    assert total() == pytest.approx(before + 12.5, rel=1e-12)


def intake_of(space: Workspace, day: datetime) -> dict[str, int]:
    """Rows of a day by source, whatever became of them."""
    with space.store() as store:
        rows = store.facts("m", "intake", first=day.date(), last=day.date())
    return {str(source): int(n) for source, n in rows.groupby("source")["rows"].sum().items()}


def test_a_late_outcome_restates_exactly_the_days_that_depend_on_it(refreshed):
    space, world = refreshed
    entry = world.tables["p"].iloc[[5]]
    at = entry["at"].iloc[0] + timedelta(days=1)
    row = pd.DataFrame(
        {
            "pid": entry["id"].to_numpy(), "unit": ["u0"], "key": ["k0"], "series": ["s1"],
            "when": [at], "y": [1], "x": [1.0],
        }
    )  # fmt: skip
    had = (world.tables["o"]["pid"] == entry["id"].iloc[0]).any()
    assert not had, "the seed gives this prediction no outcome yet"
    world.tables["o"] = pd.concat([world.tables["o"], row], ignore_index=True)
    world.write()
    outcome = space.refresh(now=NOW + timedelta(hours=1))
    found = space.restatements("m")
    served, happened = entry["at"].iloc[0], at
    local = {
        pd.Timestamp(one, tz="UTC").tz_convert("Europe/Berlin").date() for one in (served, happened)
    }
    assert {one.day for one in found} == local
    volume = next(one for one in found if one.fact == "volume")
    assert volume.after["labelled"] == volume.before["labelled"] + 1
    assert outcome.restated == len(local)
    assert space.restatements("m", run=outcome.run) == found
    assert space.restatements("m", run=1) == ()


def test_only_changed_files_are_read(lake, tmp_path, monkeypatch):
    space, world = lake
    monkeypatch.setattr(survey, "SETTLED", 0)
    read: list[tuple[str, tuple[str, ...]]] = []
    scan = survey._scanned

    def watched(engine, model, block, columns, parts):
        read.append((block.table, parts))
        return scan(engine, model, block, columns, parts)

    monkeypatch.setattr(survey, "_scanned", watched)
    space.refresh(now=NOW)
    assert {table for table, _ in read} == {"p", "o"}
    read.clear()
    time.sleep(0.01)
    world.tables["o"] = pd.concat([world.tables["o"], world.outcomes(range(LAST - 1, LAST), 3)])
    world.write()
    files = (tmp_path / "data" / "o").glob("*.parquet")
    newest = max(files, key=lambda one: one.stat().st_mtime_ns)
    space.refresh(now=NOW + timedelta(hours=1))
    assert read == [("o", (f"o/{newest.name}",))]


def test_fingerprints_lie_in_the_order_of_days(tmp_path):
    """Histories that have only grown are compared in columns: groups come in any order."""
    space = workspace(tmp_path, MODELS["label"])
    World(tmp_path, 3, single=True).write()
    space.refresh(now=NOW)
    with space.store() as store:
        kept = known(store, "m").survey
    assert kept is not None
    for table in kept.tables.values():
        (part,) = table.parts.values()
        days = list(part.days)
        assert len(days) > 90
        assert days == sorted(days)


def test_dry_run_stores_nothing_and_says_what_it_would_do(lake):
    space, world = lake
    assert space.plan()["m"].whole == "the model has no facts yet"
    assert not (space.loaded.folder / "valuekit.db").exists()
    space.refresh(now=NOW)
    world.tables["o"] = pd.concat([world.tables["o"], world.outcomes(range(LAST - 1, LAST), 3)])
    world.write()
    before = tables(space)
    plan = space.plan()["m"]
    assert not plan.whole
    assert 0 < plan.days < 20
    assert 0 < plan.rows < 900
    assert 0 < plan.size < sum(one.stat().st_size for one in space.loaded.folder.rglob("*.parquet"))
    assert tables(space) == before
    assert space.plan(full=True)["m"].whole
    since = space.plan(since=date(2026, 10, 1))["m"]
    assert since.ranges[0][0] == date(2026, 10, 1)


@pytest.mark.parametrize(
    ("kind", "table"), [("label", "p"), ("credit", "o"), ("repeat", "p"), ("forecast", "o")]
)
def test_a_dry_run_foresees_the_rows(tmp_path, kind, table):
    """Within a tenth: rows without a time are in no day, others are found by key."""
    space, world = workspace(tmp_path, MODELS[kind]), World(tmp_path, 3, single=False)
    world.write()
    space.refresh(now=NOW)
    made = world.outcomes if table == "o" else world.predictions
    world.tables[table] = pd.concat([world.tables[table], made(range(LAST - 1, LAST), 3)])
    world.write()
    plan = space.plan(now=NOW)["m"]
    outcome = space.refresh(now=NOW + timedelta(hours=1))
    assert plan.days == outcome.parts[0].days < LAST
    assert plan.rows == pytest.approx(outcome.rows_read, rel=0.1)


def test_a_changed_declaration_computes_everything(refreshed):
    space, _ = refreshed
    file = space.loaded.path
    file.write_text(file.read_text().replace('window = "5d"', 'window = "6d"'))
    outcome = Workspace.load(file).refresh(now=NOW + timedelta(hours=1))
    assert outcome.parts[0].why.startswith("everything: its declaration")
    assert outcome.fact_rows > 0


def test_a_watermark_never_moves_back(refreshed):
    """With the clock set back, the same sources give the same days."""
    space, _ = refreshed
    before = space.scorecard("m")
    space.refresh(now=NOW - timedelta(days=40))
    assert space.scorecard("m").as_of == before.as_of


def test_the_law_is_held_inside_the_transaction(refreshed, monkeypatch):
    space, _ = refreshed
    before = tables(space)

    def losing(connection: sa.Connection, outcome: object) -> None:
        connection.execute(sa.text("UPDATE fact_intake SET rows = rows - 1 WHERE line = 0"))
        commit.conserve(connection, outcome)

    steps = tuple(losing if one is commit.conserve else one for one in commit.STEPS)
    monkeypatch.setattr(commit, "STEPS", steps)
    with pytest.raises(StoreError, match="every source row"):
        space.refresh(now=NOW + timedelta(hours=1))
    assert tables(space) == before


def test_the_terminal_foresees_and_tells(lake, capsys):
    from valuekit.cli.foresee import foresee
    from valuekit.cli.restated import restatements

    space, world = lake
    foresee(space, None, full=False, since=None, as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert told["models"]["m"]["scope"] == "all"
    space.refresh(now=NOW)
    foresee(space, None, full=False, since=None, as_json=False)
    assert "no table changed" in capsys.readouterr().out
    late = world.outcomes(range(LAST - 3, LAST - 1), 2)
    world.tables["o"] = pd.concat([world.tables["o"], late])
    world.write()
    plan = space.plan()["m"]
    foresee(space, None, full=False, since=None, as_json=True)
    told = json.loads(capsys.readouterr().out)["models"]["m"]
    days = sorted(
        {
            one.date().isoformat()
            for one in late["when"].dt.tz_localize("UTC").dt.tz_convert("Europe/Berlin")
        }
    )
    changed = {"source": "outcomes", "table": "o", "days": len(days)}
    assert told["changed"] == [{**changed, "first": days[0], "last": days[-1]}]
    assert told["why"].startswith(f"{len(days)} days of outcomes, table o, changed ({days[0]}")
    assert (told["scope"], told["days"]) == ("days", plan.days)
    foresee(space, None, full=False, since=date(2026, 10, 1), as_json=False)
    assert "days around them" in capsys.readouterr().out
    foresee(space, None, full=False, since=date(2026, 10, 1), as_json=True)
    more = json.loads(capsys.readouterr().out)["models"]["m"]
    assert more["why"] == f"{told['why']}; asked for with --since 2026-10-01"
    foresee(space, None, full=False, since=date(2026, 1, 2), as_json=True)
    told = json.loads(capsys.readouterr().out)["models"]["m"]
    assert (told["scope"], told["changed"][0]["days"]) == ("all", len(days))
    assert "most rows would be read in any case; " in told["why"] or "first days" in told["why"]
    restatements(None, workspace=space.loaded.path, run=None, as_json=False)
    assert "No published day" in capsys.readouterr().out
    assert START.year == 2026


def test_plans_of_many_from_one_reading_are_those_of_each(lake):
    space, world = lake
    world.tables["p"].loc[3, "at"] = pd.Timestamp("2031-01-01")  # held back: it lies ahead
    world.write()
    space.refresh(now=NOW)
    world.edit()
    world.write()
    with space.store() as store:
        at_once, alone = known(store, "m", Kept.of(store)), known(store, "m")
        intake = store.facts("m", "intake")
    assert at_once == alone
    ahead = intake[(intake["rule"] == "future") & (intake["rows"] > 0)]
    assert alone.future == {"predictions": frozenset(ahead["day"].dt.date)} != {}
    assert alone.survey is not None
    older = replace(alone.survey, conflicts=None, future=None)  # noted by an older version
    assert noted(older, intake) == alone.survey
