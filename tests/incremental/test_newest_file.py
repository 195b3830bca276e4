"""The newest of many daily files is unlike the others: of another type, without rows or values."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.incremental.daily import DAYS, EACH, Daily, Nights
from tests.incremental.lake import NOW
from tests.restated_rows import Sources
from valuekit.api import Workspace
from valuekit.errors import Finding, SourceError

FILE = f"p/{DAYS:04d}.parquet"


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Nights:
    return Nights(tmp_path_factory.mktemp("nights"))


@pytest.fixture
def daily(tmp_path: Path, nights: Nights) -> Daily:
    return nights.first(tmp_path, "number")


def write(daily: Daily, day: int = DAYS, **cells: object) -> None:
    rows = daily.predictions(day).assign(**cells)
    rows.to_parquet(daily.folder / "data" / "p" / f"{day:04d}.parquet", index=False)


def told(daily: Daily, hour: int, code: str, *, full: bool = False) -> list[Finding]:
    part = daily.space.refresh(now=NOW + timedelta(hours=hour), full=full).parts[0]
    return [one for one in part.findings if one.code == code]


def refused(daily: Daily) -> Finding:
    for full in (False, True):
        with pytest.raises(SourceError) as caught:
            daily.space.refresh(now=NOW, full=full)
        (one,) = caught.value.findings
        assert one.code == "wrong_type"
    return one


@pytest.mark.parametrize("day", [DAYS, 3])
def test_times_that_are_numbers_in_one_file(daily, day):
    write(daily, day, at=daily.predictions(day)["at"].astype("int64"))
    one = refused(daily)
    n = DAYS + (day == DAYS)
    assert one.value == f"int64 values in 1 of {n} files, the first p/{day:04d}.parquet"
    assert (one.remedy.startswith("Convert"), "column at" in one.place) == (True, True)
    checked = daily.space.check()["m"].findings
    assert [f.value for f in checked if f.code == "wrong_type"] == [one.value]


@pytest.mark.parametrize(
    ("column", "remedy"),
    [("score", "make it numbers, such as DOUBLE,"), ("at", "make it timestamps or dates")],
)
def test_text_in_one_parquet_file_is_a_matter_of_its_type(daily, column, remedy):
    write(daily, **{column: daily.predictions(DAYS)[column].astype(str)})
    one = refused(daily)
    assert remedy in one.remedy
    assert "as in the others" in one.remedy


@pytest.mark.parametrize(("filled", "warned"), [(EACH // 2 - 1, True), (EACH // 2 + 1, False)])
def test_a_night_with_few_scores(daily, filled, warned):
    scores = daily.predictions(DAYS)["score"].where(np.arange(EACH) < filled)
    write(daily, score=scores)
    found = told(daily, 1, "empty_column")
    assert [one.value for one in found] == [f"no value in {EACH - filled} rows of {FILE}"] * warned


def test_a_night_without_any_score(daily):
    write(daily, score=np.nan)
    for full in (False, True):
        (one,) = told(daily, 1, "empty_column", full=full)
        assert (one.severity, one.rows) == ("warning", EACH)
        assert one.value == f"no value in {EACH} rows of {FILE}"
        assert "column score" in one.place
    assert told(daily, 2, "no_scores") == []
    write(daily)
    assert told(daily, 3, "empty_column") == []


def test_nights_without_scores_are_told_while_they_are_among_the_newest(daily):
    """Whatever came after them: their cells are as empty as they were."""
    write(daily, score=np.nan)
    write(daily, DAYS + 1, score=np.nan)
    (one,) = told(daily, 1, "empty_column")
    assert (one.rows, "1 file more" in one.value) == (2 * EACH, True)
    for hour, day in enumerate(range(DAYS + 2, DAYS + 4)):
        write(daily, day)
        for full in (False, True):
            (one,) = told(daily, 2 + hour, "empty_column", full=full)
            assert one.rows == 2 * EACH


def test_a_column_that_is_often_empty_says_nothing(daily):
    for day in (DAYS - 2, DAYS):
        write(daily, day, score=np.nan)
    assert told(daily, 1, "empty_column") == []


def test_a_newest_file_that_has_a_header_only(daily):
    daily.predictions(DAYS).iloc[:0].to_parquet(daily.folder / "data" / FILE, index=False)
    for full in (False, True):
        (one,) = told(daily, 1, "no_rows", full=full)
        assert (one.severity, one.value) == ("warning", f"{FILE}: 0 rows")
    write(daily)
    assert told(daily, 2, "no_rows") == []


def test_a_newest_day_without_scores_in_one_file(tmp_path):
    held = Sources(tmp_path)
    space = Workspace.load(held.write())
    night = held.predictions.iloc[:30].assign(
        id=[f"new{n}" for n in range(30)], at=pd.Timestamp("2026-03-02 10:00"), p=np.nan
    )
    before, held.predictions = held.predictions, pd.concat([held.predictions, night])
    space.refresh(now=NOW)
    held.write()
    for full in (False, True):
        parts = space.refresh(now=NOW + timedelta(hours=1), full=full).parts
        found = [one for part in parts for one in part.findings if one.code == "no_scores"]
        assert {one.value for one in found} == {"0 of 30 predictions on 2026-03-02"}
    held.predictions = before
    held.write()
    parts = space.refresh(now=NOW + timedelta(hours=2), accept_gone=True).parts
    assert "no_scores" not in {one.code for part in parts for one in part.findings}
