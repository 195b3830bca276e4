"""Nights that never came, and nights of nobody's outcomes, among many good ones."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.incremental.lake import NOW, workspace
from valuekit.api import Workspace
from valuekit.errors import Finding
from valuekit.quarantine.gaps import NEWEST, unlikely

START = datetime(2026, 1, 1)
DAYS, EACH = 40, 30
MODEL = """
[models.m]
title = "M"
owner = "owner@example.com"
task = "classification"
[models.m.predictions]
table = "p"
id = "id"
time = "at"
score = "score"
[models.m.outcomes]
table = "o"
id = "oid"
on = { id = "pid" }
time = "when"
window = "2d"
label = "y"
"""


def counts(rows: list[int]) -> pd.Series:
    """Rows by day, of days that have some."""
    made = pd.Series(rows, pd.date_range(START, periods=len(rows), freq="D"))
    return made[made > 0]


def gone(rows: list[int]) -> list[int]:
    return [(day - pd.Timestamp(START)).days for day in unlikely(counts(rows))]


def test_a_day_of_none_among_days_of_many():
    rows = [100] * 60
    for missing, told in ((59, []), (58, [58]), (31, [31]), (30, [])):
        assert gone([n * (day != missing) for day, n in enumerate(rows)]) == told
    two = [n * (day not in {40, 47}) for day, n in enumerate(rows)]
    assert gone(two) == [40, 47]  # the first does not hide the second
    assert gone([100] * 20 + [0] + [100] * 8) == []  # too young to tell


@pytest.mark.parametrize(("usual", "told"), [(13, []), (14, [45])])
def test_few_rows_may_be_none(usual, told):
    assert np.exp(-14) < 1e-6 < np.exp(-13)
    assert gone([usual * (day != 45) for day in range(60)]) == told


@given(
    st.lists(st.sampled_from([0, 3, 50, 1000]), min_size=7, max_size=7),
    st.integers(1, 120),
    st.sampled_from([1, 2]),
)
def test_what_comes_by_weeks_is_never_told(week, days, every):
    """Rows on some weekdays only, or on those of every other week."""
    rows = [week[day % 7] * (day // 7 % every == 0) for day in range(days)]
    assert gone(rows) == []


@given(st.lists(st.integers(0, 40), max_size=100))
def test_only_days_without_rows_among_the_newest_are_told(rows):
    there = counts(rows)
    for day in unlikely(there):
        assert day not in there.index
        assert there.index[-1] - pd.Timedelta(days=NEWEST) <= day < there.index[-1]


class Log:
    """Predictions and outcomes, a file a day; four in ten outcomes are nobody's."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.hour = folder / "data", 0
        self.space = workspace(folder, MODEL)
        for table in ("p", "o"):
            (self.folder / table).mkdir(parents=True)
        for day in range(DAYS):
            self.write(day)
        self.refresh()

    def path(self, table: str, day: int) -> Path:
        return self.folder / table / f"{day:02d}.parquet"

    def write(self, day: int, prefix: str = "p") -> None:
        numbers = np.arange(day * EACH, (day + 1) * EACH)
        at = START + timedelta(days=day)
        ids = [f"p{n}" for n in numbers]
        pd.DataFrame({"id": ids, "at": at, "score": (numbers % 97) / 97}).to_parquet(
            self.path("p", day), index=False
        )
        keys = [f"{'x' if n % 10 < 4 else prefix}{n}" for n in numbers]
        said = {"oid": ids, "pid": keys, "when": at + timedelta(hours=3), "y": numbers % 2}
        pd.DataFrame(said).to_parquet(self.path("o", day), index=False)

    def refresh(self) -> list[Finding]:
        """What is said of gaps and strangers, by what changed and by everything alike."""
        said = []
        for full in (False, True):
            self.hour += 1
            now = NOW + timedelta(hours=self.hour)
            part = self.space.refresh(now=now, full=full, accept_gone=True).parts[0]
            said.append([f for f in part.findings if f.code in {"missing_days", "orphan_day"}])
        assert said[0] == said[1]
        return said[0]


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path)


def test_a_night_that_was_never_delivered_is_told_until_it_comes(log):
    log.write(DAYS + 1)
    (one, other) = log.refresh()
    day = (START + timedelta(days=DAYS)).date()
    assert {one.place for one in (one, other)} == {
        "models.m.predictions",
        "models.m.outcomes",
    }
    assert (one.severity, one.code, one.value) == ("warning", "missing_days", f"no row on {day}")
    log.write(DAYS)
    assert log.refresh() == []
    log.path("o", DAYS - 9).unlink()
    (one,) = log.refresh()
    assert one.place.startswith("models.m.outcomes")
    assert str((START + timedelta(days=DAYS - 9)).date()) in one.value
    checked = Workspace.load(log.space.loaded.path).scorecard("m").health
    assert any("no row on" in text for text in checked.warnings)


def test_a_night_of_other_ids_is_told_where_some_are_always_nobodys(log):
    log.write(DAYS, prefix="P-")
    (one,) = log.refresh()
    assert (one.severity, one.code, one.rows) == ("warning", "orphan_day", EACH)
    assert one.value.startswith(f"30 of 30 outcomes on {(START + timedelta(days=DAYS)).date()}: ")
    assert f"o/{DAYS:02d}.parquet" in one.value
    log.write(DAYS)
    assert log.refresh() == []
