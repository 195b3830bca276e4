"""A refresh of some days knows the same rows held back as one of all days."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from valuekit.api import Workspace

START = datetime(2026, 1, 1)
NOW = datetime(2026, 9, 1, tzinfo=UTC)
DAYS = 150  # long enough that a changed day is worth a slice
EACH = 10  # of a file
Day = tuple[float, str]
GOOD: Day = (0.5, "own")
TOML = """
[workspace]
name = "Small"
currency = "EUR"
store = "{store}"

[sources.files]
kind = "duckdb"
timezone = "UTC"

[models.m]
title = "m"
owner = "o@example.com"
task = "classification"

[models.m.predictions]
table = "p"
id = "id"
time = "at"
unit = "customer"
score = "score"

[models.m.outcomes]
table = "o"
id = "oid"
on = {{ customer = "customer" }}
time = "seen"
window = "2d"
label = "won"
"""
# What a day's rows are like: score of its third prediction, key of its outcome.
DAY = st.tuples(st.sampled_from([0.5, float("nan"), -0.2]), st.sampled_from(["own", "nobody", ""]))
WORLD = st.dictionaries(st.integers(0, DAYS - 1), DAY, max_size=30)


Rows = dict[str, list[object]]


def predictions(day: int, score: float) -> Rows:
    at = START + timedelta(days=day)
    return {
        "id": [f"p{day}-{i}" for i in range(3)],
        "at": [at + timedelta(hours=i) for i in range(3)],
        "customer": [f"c{day}-{i}" for i in range(3)],
        "score": [0.1, 0.9, score],
    }


def outcomes(day: int, key: str) -> Rows:
    who = {"own": f"c{day}-2", "nobody": f"stranger-{day}", "": ""}[key]
    return {
        "oid": [f"o{day}-a", f"o{day}-b"],
        "seen": [START + timedelta(days=day, hours=9)] * 2,
        "customer": [f"c{day}-1", who],
        "won": [1, 0],
    }


class History:
    """Days in files of ten: a file that changes has days that do not."""

    def __init__(self, folder: Path, days: Mapping[int, Day]) -> None:
        self.folder, self.days = folder, {day: days.get(day, GOOD) for day in range(DAYS)}
        for name in "po":
            (folder / name).mkdir()
        for first in range(0, DAYS, EACH):
            self._file(first)

    def write(self, day: int, made: Day) -> None:
        """Make a day another, or a new one."""
        self.days[day] = made
        self._file(day - day % EACH)

    def _file(self, first: int) -> None:
        here = [(day, self.days[day]) for day in range(first, first + EACH) if day in self.days]
        rows = {
            "p": [predictions(day, score) for day, (score, _) in here],
            "o": [outcomes(day, key) for day, (_, key) in here],
        }
        for name, of_days in rows.items():
            table = {key: [one for day in of_days for one in day[key]] for key in of_days[0]}
            pq.write_table(pa.table(table), self.folder / name / f"{first:03d}.parquet")


def refreshed(folder: Path, store: str, *, full: bool = False) -> Workspace:
    path = folder / f"{store}.toml"
    path.write_text(TOML.format(store=f"sqlite:///{store}.db"), encoding="utf-8")
    held = Workspace.load(path)
    held.refresh(full=full, now=NOW)
    return held


def known(held: Workspace) -> tuple[object, ...]:
    """Everything about rows held back, apart from the run that saw a row first."""
    with held.store() as store:
        number = store.latest_run().id
        counts = [(c.source, c.rule, c.fate, c.rows, c.first, c.last)
                  for c in store.run_intake(number)]  # fmt: skip
        rows = {one.row for one in store.quarantine()}
        warned = sorted(
            (one.code, one.rows) for one in store.run_models(number)[0].findings if one.rows
        )
    return counts, rows, warned, held.intake()


@settings(max_examples=6, suppress_health_check=list(HealthCheck))
@given(WORLD, st.dictionaries(st.integers(DAYS - 30, DAYS), DAY, min_size=1, max_size=2))
def test_some_days_and_all_days_know_the_same(tmp_path_factory, world, edits):
    folder = tmp_path_factory.mktemp("world")
    history = History(folder, world)
    refreshed(folder, "nightly")
    for day, made in edits.items():
        history.write(day, made)
    nightly = refreshed(folder, "nightly")
    with nightly.store() as store:
        assert store.run_models(2)[0].replaced < DAYS  # of some days only
    assert known(nightly) == known(refreshed(folder, "fresh", full=True))
    shutil.rmtree(folder)


def scores(held: Workspace) -> list[str]:
    return [one.row.reference for one in held.held_rows() if one.row.rule == "bad_score"]


def test_a_corrected_row_is_no_longer_met_and_stays_in_the_log(tmp_path):
    history = History(tmp_path, {3: (-0.2, "own"), 120: (float("nan"), "own")})
    held = refreshed(tmp_path, "nightly")
    assert scores(held) == ["id p120-2", "id p3-2"]
    history.write(120, GOOD)
    held = refreshed(tmp_path, "nightly")
    with held.store() as store:
        assert store.run_models(2)[0].replaced < DAYS  # of some days only
    assert scores(held) == ["id p3-2"]
    (rule,) = [one for one in held.quarantine() if one.rule == "bad_score"]
    assert (rule.rows, len(rule.examples)) == (1, 1)
    past = [one for one in held.held_rows(past=True) if one.row.rule == "bad_score"]
    assert {(one.row.reference, one.current) for one in past} == {
        ("id p120-2", False),
        ("id p3-2", True),
    }
    refreshed(tmp_path, "nightly")  # nothing changed
    assert scores(held) == ["id p3-2"]


def test_a_limit_holds_for_all_days_together(tmp_path):
    """Each night adds a little; the sum is what counts."""
    from valuekit.errors import SourceError

    history = History(tmp_path, {})
    refreshed(tmp_path, "nightly")
    path = tmp_path / "nightly.toml"
    limit = "\n[models.m.quarantine.rules.bad_score]\nfail_rows = 1\n"
    path.write_text(path.read_text(encoding="utf-8") + limit, encoding="utf-8")
    history.write(3, (-0.2, "own"))
    Workspace.load(path).refresh(now=NOW)
    history.write(120, (-0.2, "own"))
    with pytest.raises(
        SourceError, match=r"Impossible score \(bad_score\) holds back more than 1 row"
    ):
        Workspace.load(path).refresh(now=NOW)
