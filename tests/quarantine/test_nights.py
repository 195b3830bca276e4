"""A day that is bad as a whole is refused until somebody decides, however long the good history."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from tests.cli import commands
from tests.restated_rows import Sources
from valuekit.api import Workspace
from valuekit.errors import Finding, SourceError

NOW = datetime.fromisoformat("2026-03-10T06:00+00:00")
NIGHT = datetime(2026, 3, 2, 10)
LIMITS = "\n[workspace.quarantine.rules]\n"


def with_night(held: Sources, bad: int, good: int, **cells: object) -> pd.DataFrame:
    """The predictions with one more night, of which some rows have other cells."""
    rows = held.predictions.iloc[: bad + good].copy()
    rows["id"] = [f"new{n}" for n in range(bad + good)]
    rows["at"] = NIGHT
    for name, cell in cells.items():
        rows[name] = [cell] * bad + rows[name].tolist()[bad:]
    return pd.concat([held.predictions, rows], ignore_index=True)


def told(space: Workspace, hour: int, **more: bool) -> list[Finding]:
    """What a run says of bad days of one model; a refused one changes nothing."""
    before = space.scorecards(), space.last_run().id
    try:
        parts = space.refresh(now=NOW + timedelta(hours=hour), **more).parts
    except SourceError as error:
        found = [one for one in error.findings if "models.leads." in one.place]
    else:
        every = [f for part in parts if part.model == "leads" for f in part.findings]
        return [one for one in every if one.code == "bad_day"]
    assert (space.scorecards(), space.last_run().id) == before
    assert {one.code for one in found} == {"bad_day"}
    return found


@pytest.fixture
def world(tmp_path: Path) -> tuple[Sources, Workspace]:
    held = Sources(tmp_path)
    space = Workspace.load(held.write())
    space.refresh(now=NOW)
    return held, space


def test_a_night_in_percent_is_refused_and_accepted_once(world):
    held, space = world
    good, held.predictions = held.predictions, with_night(held, 30, 0, p=55.0)
    held.write()
    for hour, full in ((1, False), (2, False), (3, True)):
        (one,) = told(space, hour, full=full)
        assert (one.severity, one.rows) == ("error", 30)
        assert one.place.endswith("models.leads.predictions, table predictions")
        assert one.value.startswith("30 of 30 rows on 2026-03-02, 100%: id new")
        assert "(p 55.0) in predictions.parquet, row 6" in one.value
        assert "(bad_score) than 50%, the limit by default" in one.rule
        assert "--accept-bad-day" in one.remedy
    (one,) = told(space, 4, accept_bad_day=True)
    assert (one.severity, one.rows) == ("warning", 30)
    for hour, full in ((5, False), (6, True), (7, False)):
        (one,) = told(space, hour, full=full)
        assert (one.severity, one.value) == ("warning", "30 of 30 rows on 2026-03-02")
    bad, held.predictions = held.predictions, good
    held.write()
    assert told(space, 8, accept_gone=True) == []
    held.predictions = bad
    held.write()
    (one,) = told(space, 9)
    assert one.severity == "error"


def test_more_bad_rows_than_were_accepted_are_refused(world):
    held, space = world
    good = held.predictions
    held.predictions = with_night(held, 25, 5, p=55.0)
    held.write()
    told(space, 1, accept_bad_day=True)
    held.predictions = good
    held.predictions = with_night(held, 28, 5, p=55.0)
    held.write()
    (one,) = told(space, 2)
    assert (one.severity, one.rows) == ("error", 28)


def test_the_first_run_of_a_model_warns(tmp_path):
    held = Sources(tmp_path)
    held.predictions = with_night(held, 30, 0, p=55.0)
    space = Workspace.load(held.write())
    parts = space.refresh(now=NOW).parts
    found = [one for part in parts for one in part.findings if one.code == "bad_day"]
    assert {one.severity for one in found} == {"warning"}


@pytest.mark.parametrize(
    ("bad", "good", "limit", "severity"),
    [
        (30, 0, "bad_score = { fail = 1.0 }", "warning"),
        (30, 300, "bad_score = { fail = 0.08 }", "error"),
        (30, 300, "bad_score = { fail = 0.1 }", None),
        (30, 31, "", None),
        (30, 29, "", "error"),
        (10, 0, "", "error"),  # few rows, but all of them
        (5, 0, "", "error"),
        (5, 1, "", None),
        (4, 0, "", None),  # too few rows to say
    ],
)
def test_limits_of_the_workspace_hold_for_a_day(tmp_path, bad, good, limit, severity):
    held = Sources(tmp_path)
    path = held.write()
    path.write_text(path.read_text() + LIMITS + limit)
    space = Workspace.load(path)
    space.refresh(now=NOW)
    held.predictions = with_night(held, bad, good, p=55.0)
    rows = held.predictions
    rows.to_parquet(held.folder / "predictions.parquet", index=False)
    assert [one.severity for one in told(space, 1)] == ([severity] if severity else [])


def test_a_night_whose_times_cannot_be_read(tmp_path):
    held = Sources(tmp_path)
    path = held.write()
    parquet = tmp_path / "predictions.parquet"
    rows = pd.read_parquet(parquet)
    parquet.unlink()
    text = tmp_path / "predictions.csv"
    rows.to_csv(text, index=False)
    space = Workspace.load(path)
    space.refresh(now=NOW)
    night = rows.iloc[:30].assign(id=[f"new{n}" for n in range(30)], at="soon")
    pd.concat([rows, night]).to_csv(text, index=False)
    for full in (False, True):
        (one,) = told(space, 1, full=full)
        assert one.value.startswith("30 of 30 rows that came since the last run, 100%: id new")
        assert "rows that have no day" in one.rule
    (one,) = told(space, 2, accept_bad_day=True)
    assert one.severity == "warning"
    assert told(space, 3) == told(space, 4, full=True) == []


def test_the_terminal_refuses_and_accepts(world):
    held, space = world
    held.predictions = with_night(held, 30, 0, p=55.0)
    held.write()
    done = commands.run("refresh", "-w", str(space.loaded.path))
    assert (done.returncode, "--accept-bad-day" in done.stderr) == (1, True)
    done = commands.run("refresh", "--accept-bad-day", "-w", str(space.loaded.path))
    assert done.returncode == 0
    with space.store() as store:
        assert store.runs(1)[0].parameters["accept_bad_day"] is True


def test_a_night_whose_ids_begin_anew_takes_no_good_rows_along(world):
    """Every id contradicts one of an older night, and both rows would be held back."""
    held, space = world
    again = with_night(held, 0, 30)
    again.loc[again.index[-30:], "id"] = held.predictions["id"].iloc[:30].tolist()
    again.loc[again.index[-30:], "p"] = 0.123
    held.predictions = again
    held.write()
    (one,) = told(space, 1)
    assert (one.severity, one.rows) == ("error", 30)
    assert "(conflicting_duplicate) than 50%" in one.rule
    (one,) = told(space, 2, accept_bad_day=True)
    assert one.severity == "warning"
    file = str(space.loaded.path)
    said = " ".join(
        commands.run("quarantine", "explain", "conflicting_duplicate", "-w", file).stdout.split()
    )
    assert "A new day of 20 rows or more that holds back above 50% is refused." in said
    assert "no run is refused" not in said
