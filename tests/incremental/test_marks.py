"""Data that ends earlier than it did: refused, last good figures kept, until a person decides."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from tests.cli import commands
from tests.restated_rows import Sources, copied, cut
from valuekit.api import Workspace
from valuekit.errors import Finding, SourceError

NOW = datetime.fromisoformat("2026-03-10T06:00+00:00")
CODES = {"watermark_back", "days_gone"}


def run(path: Path, hour: int, **more: bool) -> dict[str, tuple[Finding, ...]]:
    """The findings of one run about days that are gone, by model."""
    parts = Workspace.load(path).refresh(now=NOW + timedelta(hours=hour), **more).parts
    return {one.model: tuple(f for f in one.findings if f.code in CODES) for one in parts}


def refused(path: Path, hour: int, **more: bool) -> tuple[Finding, ...]:
    """The findings of a run that is refused; what readers see is what they saw."""
    space = Workspace.load(path)
    before = space.scorecards(), space.last_run().id, space.restatements()
    with pytest.raises(SourceError) as caught:
        run(path, hour, **more)
    assert (space.scorecards(), space.last_run().id, space.restatements()) == before
    found: tuple[Finding, ...] = caught.value.findings
    assert {one.code for one in found} <= CODES | {"bad_day"}
    return found


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of both models after their first run."""
    path = Sources(tmp_path_factory.mktemp("published")).write()
    assert run(path, 0) == {"leads": (), "upsell": ()}
    return path.parent


@pytest.fixture
def world(published: Path, tmp_path: Path) -> tuple[Sources, Path]:
    return copied(published, tmp_path)


def test_outcomes_that_end_earlier_are_refused_until_they_are_back(world):
    held, path = world
    every = held.outcomes
    cut(held)
    for hour, full in ((1, False), (2, False), (3, True)):
        (one,) = refused(path, hour, full=full)
        assert (one.code, one.severity) == ("watermark_back", "error")
        assert one.value == (
            "outcomes end on 2026-02-26; 2026-02-27 to 2026-03-03 were there in the last good run"
        )
        assert one.place.endswith("models.leads")
        assert "--accept-gone" in one.remedy
    held.outcomes = every
    held.write()
    assert run(path, 4) == {"leads": (), "upsell": ()}
    assert Workspace.load(path).restatements() == ()


def test_models_that_lost_nothing_can_go_on(world):
    held, path = world
    cut(held)
    assert run_of(path, 1, "upsell") == ["upsell"]
    assert [one.code for one in refused(path, 2)] == ["watermark_back"]


def run_of(path: Path, hour: int, *models: str) -> list[str]:
    made = Workspace.load(path).refresh(models, now=NOW + timedelta(hours=hour))
    return list(made.models)


def test_accepted_once_the_earlier_end_holds_and_is_told_once(world):
    held, path = world
    cut(held)
    refused(path, 1)
    accepted = run(path, 2, accept_gone=True)
    (one,) = accepted["leads"]
    assert accepted["upsell"] == ()
    assert (one.code, one.severity) == ("watermark_back", "warning")
    space = Workspace.load(path)
    # Days without their outcomes are open again: none of them counts as one without a sale.
    assert space.scorecard("leads").health.last_outcome == date(2026, 2, 26)
    lost = {
        one.day: (one.before["labelled"], one.after["labelled"])
        for one in space.restatements("leads")
        if one.fact == "volume"
    }
    # Outcomes come after 30 hours: of 25 February those of predictions before 18:00 are left.
    assert lost == {date(2026, 2, 25): (10, 8), date(2026, 2, 26): (10, 0)}
    for hour, full in ((3, False), (4, True)):
        assert run(path, hour, full=full) == {"leads": (), "upsell": ()}
    held.outcomes = held.outcomes[held.outcomes["seen"] < datetime(2026, 2, 26)]
    held.write()
    assert "outcomes end on 2026-02-25; 2026-02-26 was there" in refused(path, 5)[0].value


def test_days_of_predictions_that_are_gone_are_refused_and_restated_when_accepted(world):
    held, path = world
    held.predictions = held.predictions[held.predictions["at"] < datetime(2026, 2, 25)]
    held.write()
    found = refused(path, 1)
    assert [(one.code, one.place.rsplit(".")[-1]) for one in found] == [
        ("days_gone", "leads"),
        ("days_gone", "upsell"),
    ]
    assert found[0].value == (
        "data end on 2026-02-24; 2026-02-25 to 2026-03-01 were there in the last good run"
    )
    run(path, 2, accept_gone=True)
    gone = {
        one.day: (one.before["predictions"], one.after)
        for one in Workspace.load(path).restatements("leads")
        if one.fact == "volume"
    }
    assert gone == {date(2026, 2, 25): (10, {}), date(2026, 2, 26): (10, {})}


def test_a_declared_day_is_the_word_of_the_owner(world):
    held, path = world
    cut(held)
    text = path.read_text()
    declared = 'window = "5d"\nlabel = "won"\ncomplete_through = 2026-02-26'
    path.write_text(text.replace('window = "5d"\nlabel = "won"', declared))
    assert run(path, 1) == {"leads": (), "upsell": ()}


@pytest.mark.parametrize("full", [False, True])
def test_another_table_is_a_decision_too_and_is_told_once(world, full):
    held, path = world
    early = held.outcomes[held.outcomes["seen"] < datetime(2026, 2, 27)]
    early.to_parquet(path.parent / "early.parquet", index=False)
    path.write_text(path.read_text().replace('table = "outcomes"', 'table = "early"'))
    (one,) = run(path, 1, full=full)["leads"]
    assert (one.code, one.severity) == ("watermark_back", "warning")
    assert run(path, 2, full=full) == {"leads": (), "upsell": ()}


@pytest.mark.parametrize("full", [False, True])
def test_another_window_decides_nothing_about_rows(world, full):
    held, path = world
    every = held.outcomes
    cut(held)
    text = path.read_text()
    path.write_text(text.replace('window = "5d"\nlabel = "won"', 'window = "4d"\nlabel = "won"'))
    (one,) = refused(path, 1, full=full)
    assert (one.code, one.severity) == ("watermark_back", "error")
    held.outcomes = every
    held.outcomes.to_parquet(path.parent / "outcomes.parquet", index=False)  # not the declaration
    assert run(path, 2, full=full) == {"leads": (), "upsell": ()}


def test_another_zone_moves_an_end_by_a_day_at_most(world):
    held, path = world
    every = held.outcomes
    cut(held)
    zone = path.read_text().replace('timezone = "UTC"', 'timezone = "America/Sao_Paulo"')
    path.write_text(zone)
    (one,) = refused(path, 1)
    assert (one.code, one.severity) == ("watermark_back", "error")
    every.to_parquet(path.parent / "outcomes.parquet", index=False)
    for found in run(path, 2).values():  # 3 March may be 2 March there
        assert {one.severity for one in found} <= {"warning"}


def test_the_terminal_refuses_and_accepts(world):
    held, path = world
    cut(held)
    done = commands.run("refresh", "--dry-run", "-w", str(path))
    shown = " ".join(done.stdout.split())
    assert (
        "leads: table of outcomes ends on 2026-02-26; at the last run it ended on 2026-03-03."
        in shown
    )
    assert "refused without --accept-gone" in shown
    accepted = commands.run("refresh", "--accept-gone", "--dry-run", "-w", str(path)).stdout
    assert "refused" not in accepted
    assert "a refresh goes on, as --accept-gone says" in " ".join(accepted.split())
    made = json.loads(commands.run("refresh", "--dry-run", "--json", "-w", str(path)).stdout)
    gone = {"source": "outcomes", "was": "2026-03-03", "now": "2026-02-26"}
    assert (made["models"]["leads"]["earlier"], made["models"]["upsell"]["earlier"]) == ([gone], [])
    done = commands.run("refresh", "-w", str(path))
    assert (done.returncode, "--accept-gone" in done.stderr) == (1, True)
    done = commands.run("refresh", "--accept-gone", "-w", str(path))
    assert (done.returncode, "outcomes end on 2026-02-26" in done.stderr) == (0, True)
    with Workspace.load(path).store() as store:
        assert store.runs(1)[0].parameters["accept_gone"] is True


def csv(held: Sources) -> Path:
    """The sources as text files."""
    path = held.write()
    for name in ("predictions", "outcomes", "sales"):
        getattr(held, name).to_csv(held.folder / f"{name}.csv", index=False)
        (held.folder / f"{name}.parquet").unlink()
    return path


def refresh(path: Path, hour: int) -> int:
    return Workspace.load(path).refresh(now=NOW + timedelta(hours=hour)).restated


def rows(path: Path, fate: str) -> dict[date, int]:
    with Workspace.load(path).store() as store:
        intake = store.facts("leads", "intake")
    there = intake[(intake["source"] == "predictions") & (intake["fate"] == fate)]
    return {day.date(): int(n) for day, n in there.groupby("day")["rows"].sum().items()}


def test_rows_without_a_day_restate_no_day(tmp_path):
    path = csv(Sources(tmp_path))
    refresh(path, 0)
    with (tmp_path / "predictions.csv").open("a", encoding="utf-8") as file:
        file.write("p9000,2026-02-03 10:00:00,c1,0.5,1,treated,one,cell,too,many\n")
        file.write("p9001,,c1,0.5,1.0,treated\n")
    # Both rows are held back and counted, on the first day for want of one of their own.
    assert refresh(path, 1) == 0
    assert rows(path, "quarantined") == {date(2026, 1, 1): 2}
    assert sum(rows(path, "accepted").values()) == 600
    assert Workspace.load(path).restatements() == ()


def test_a_row_of_the_first_day_that_is_held_back_restates_it(tmp_path):
    held = Sources(tmp_path)
    path = csv(held)
    refresh(path, 0)
    held.predictions.loc[3, "at"] = None
    csv(held)
    refresh(path, 1)
    assert rows(path, "quarantined") == {date(2026, 1, 1): 1}
    assert rows(path, "accepted")[date(2026, 1, 1)] == 9
    found = [one for one in Workspace.load(path).restatements("leads") if one.fact == "intake"]
    first = next(one for one in found if one.day == date(2026, 1, 1))
    used = "rows:predictions:accepted"
    assert first.after[used] == first.before[used] - 1


def test_a_day_that_two_runs_restate_is_one_day(tmp_path):
    held = Sources(tmp_path)
    path = held.write()
    refresh(path, 0)
    for hour in (1, 2):
        held.predictions.loc[105, "amount"] -= 1000.0
        held.write()
        assert refresh(path, hour) == 1
    with Workspace.load(path).store() as store:
        assert store.restated_days() == {"leads": 1}
        assert [one.days for one in store.restated()] == [1, 1]


def test_rows_of_a_day_that_never_was_restate_nothing(tmp_path):
    """A time in another unit lies in 1970: nothing of that day was ever published."""
    held = Sources(tmp_path)
    path = held.write()
    refresh(path, 0)
    odd = held.predictions.iloc[:4].assign(at=datetime(1970, 1, 21, 10))
    odd["id"] = [f"odd{n}" for n in range(4)]
    held.predictions = pd.concat([held.predictions, odd], ignore_index=True)
    held.write()
    assert refresh(path, 1) == 0
    assert rows(path, "quarantined") == {date(1970, 1, 21): 4}
    assert Workspace.load(path).restatements() == ()


def test_a_newest_day_that_is_held_back_is_no_missing_file(tmp_path):
    held = Sources(tmp_path)
    path = csv(held)
    refresh(path, 0)
    last = held.predictions["at"] >= datetime(2026, 3, 1)
    held.predictions["at"] = held.predictions["at"].astype(str).mask(last, "n/a")
    csv(held)
    found = refused(path, 1)
    assert {one.code for one in found} == {"days_gone", "bad_day"}
    gone = next(one for one in found if one.code == "days_gone")
    assert "held back since then: 10 rows of predictions: " in gone.value
    assert "(bad_cell)" in gone.value
    assert gone.remedy.startswith("See the rows that are held back: valuekit check.")
