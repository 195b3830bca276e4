"""A day that is bad as a whole is refused until somebody decides, however long the good history."""

from __future__ import annotations

import tomllib
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cli import commands
from tests.quarantine.intakes import intake
from tests.restated_rows import TOML, Sources, copied
from valuekit.api import Workspace
from valuekit.errors import Finding, SourceError
from valuekit.quarantine import nights
from valuekit.workspace.declare import Workspace as Declared

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
        parts = space.refresh(["leads"], now=NOW + timedelta(hours=hour), **more).parts
    except SourceError as error:
        found = [one for one in error.findings if "models.leads." in one.place]
    else:
        every = [f for part in parts if part.model == "leads" for f in part.findings]
        return [one for one in every if one.code == "bad_day"]
    assert (space.scorecards(), space.last_run().id) == before
    assert {one.code for one in found} == {"bad_day"}
    return found


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of one model after its first run."""
    path = Sources(tmp_path_factory.mktemp("published")).write()
    Workspace.load(path).refresh(["leads"], now=NOW)
    return path.parent


@pytest.fixture
def world(published: Path, tmp_path: Path) -> tuple[Sources, Workspace]:
    held, path = copied(published, tmp_path)
    return held, Workspace.load(path)


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
    parts = space.refresh(["leads"], now=NOW).parts
    found = [one for part in parts for one in part.findings if one.code == "bad_day"]
    assert {one.severity for one in found} == {"warning"}


@pytest.mark.parametrize(
    ("limit", "severity"),
    [("bad_score = { fail = 1.0 }", "warning"), ("bad_score = { fail = 0.08 }", "error")],
)
def test_limits_of_the_workspace_hold_for_a_day(tmp_path, limit, severity):
    held = Sources(tmp_path)
    path = held.write()
    path.write_text(path.read_text() + LIMITS + limit)
    space = Workspace.load(path)
    space.refresh(["leads"], now=NOW)
    held.predictions = with_night(held, 30, 0 if severity == "warning" else 300, p=55.0)
    held.predictions.to_parquet(held.folder / "predictions.parquet", index=False)
    assert [one.severity for one in told(space, 1)] == [severity]


def judged(
    rule: str, night: tuple[int, int], before: tuple[int, int], limit: str = ""
) -> list[str]:
    """What is said of a night of some rows, some of them bad, after 100 days of such rows each.

    Args:
        rule: The rule that holds the bad ones back.
        night: Its bad rows and its good ones.
        before: Those of each day before.
        limit: A declared limit.
    """
    text = f"[models.leads.quarantine.rules]\n{rule} = {limit}" if limit else ""
    workspace = Declared.model_validate(tomllib.loads(f"{TOML}\n{text}"))
    days = [
        (day, fate, kind, n)
        for day in range(100)
        for (fate, kind), n in zip(fates(rule), before, strict=True)
        if n
    ]
    more = [(100, *kind, n) for kind, n in zip(fates(rule), night, strict=True) if n]
    then, now = intake(*days), intake(*days, *more)
    found = nights.unpublished(workspace, "leads", now, then, (), accepted=False, redeclared=False)
    return [one.value.partition(",")[0] for one in found]


def fates(rule: str) -> tuple[tuple[str, str], tuple[str, str]]:
    return ("quarantined", rule), ("accepted", "accepted")


@pytest.mark.parametrize(
    ("night", "limit", "refused"),
    [
        ((30, 300), "{ fail = 0.1 }", False),
        ((30, 269), "{ fail = 0.1 }", True),
        ((30, 31), "", False),
        ((30, 29), "", True),
        ((10, 9), "", False),  # too few rows to say
        ((11, 9), "", True),
        ((19, 0), "", True),  # few rows, but all of them
        ((5, 0), "", True),
        ((5, 1), "", False),
        ((4, 0), "", False),
        ((5, 0), "{ fail = 1.0 }", False),
    ],
)
def test_shares_of_a_day_above_a_limit(night, limit, refused):
    expected = [f"{night[0]} of {sum(night)} rows on 2026-04-11"] if refused else []
    assert judged("bad_score", night, (0, 50), limit) == expected


@pytest.mark.parametrize(
    ("rule", "night", "before", "refused"),
    [
        ("null_key", (30, 0), (0, 50), True),
        ("bad_value", (26, 24), (0, 50), True),
        ("bad_value", (25, 25), (0, 50), False),
        ("null_value", (26, 24), (5, 45), True),  # 26 of 50 where a tenth is usual: 1e-13
        ("null_key", (26, 24), (12, 38), False),  # where a quarter is: 2e-5
        ("null_key", (50, 0), (25, 25), True),  # 50 of 50 heads: 9e-16
        ("null_key", (19, 0), (25, 25), False),  # 19 of 19: 2e-6
        ("null_key", (5, 0), (0, 50), True),
        ("null_key", (5, 0), (3, 47), True),  # 8e-7
        ("null_key", (5, 0), (4, 46), False),  # 3e-6
        ("null_key", (4, 0), (0, 50), False),
        ("future", (30, 0), (0, 50), False),  # they are used once their time has come
        ("orphan", (30, 0), (0, 50), False),
        ("incomplete_day", (30, 0), (0, 50), False),
    ],
)
def test_rules_without_a_limit_refuse_what_is_no_chance(rule, night, before, refused):
    """The chances are those of the binomial tail, by the rows of the days before."""
    assert bool(judged(rule, night, before)) == refused


@settings(max_examples=60)
@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 50))
def test_more_bad_rows_are_never_better(bad, good, usual):
    """Where a night is refused, one with one more bad row in place of a good one is, too."""
    if good and judged("null_key", (bad, good), (usual, 50 - usual)):
        assert judged("null_key", (bad + 1, good - 1), (usual, 50 - usual))


def test_a_night_whose_times_cannot_be_read(tmp_path):
    held = Sources(tmp_path)
    path = held.write()
    parquet = tmp_path / "predictions.parquet"
    rows = pd.read_parquet(parquet)
    parquet.unlink()
    text = tmp_path / "predictions.csv"
    rows.to_csv(text, index=False)
    space = Workspace.load(path)
    space.refresh(["leads"], now=NOW)
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


def test_rows_without_a_day_are_told_as_such_where_a_table_begins_before_the_model():
    """They are counted on the first day of the model, not on that of the table."""
    workspace = Declared.model_validate(tomllib.loads(TOML))
    good = [(day, "accepted", "accepted", 15) for day in range(60)]
    first = datetime(2026, 1, 11).date()
    then, now = intake(*good), intake(*good, (10, "quarantined", "null_time", 30))
    (one,) = nights.unpublished(
        workspace,
        "leads",
        now,
        then,
        (),
        accepted=False,
        redeclared=False,
        firsts=(first, first),
    )
    assert (one.severity, one.code, one.rows) == ("error", "bad_day", 30)
    assert one.value.startswith("30 of 30 rows that came since the last run")


def test_the_day_of_the_most_rows_is_named_not_a_sliver_of_the_next():
    """Files that are cut by UTC bring an hour of the next local day."""
    workspace = Declared.model_validate(tomllib.loads(TOML))
    good = [(day, "accepted", "accepted", 400) for day in range(30)]
    night = [(30, "quarantined", "bad_score", 400), (31, "quarantined", "bad_score", 25)]
    then, now = intake(*good), intake(*good, *night)
    (one,) = nights.unpublished(workspace, "leads", now, then, (), accepted=False, redeclared=False)
    assert one.value == "400 of 400 rows on 2026-01-31, 100%, and on 1 other day"
