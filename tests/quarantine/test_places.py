"""Rows held back are shown where they are: file, line or row, and what contradicts them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.cli import commands
from tests.incremental.lake import NOW
from tests.incremental.test_ids import DAYS, EACH, Daily


@pytest.fixture(params=["csv", "parquet"])
def daily(tmp_path: Path, request: pytest.FixtureRequest) -> Daily:
    """A history of daily files; one score in the middle cannot be, a row is sent again, changed."""
    made = Daily(tmp_path, "number")
    folder = tmp_path / "data" / "p"
    path = folder / "0020.parquet"
    rows = made.predictions(20)
    rows.loc[4, "score"] = 7.5
    rows.to_parquet(path, index=False)
    again = made.predictions(DAYS)
    again.loc[3, ["id", "score"]] = [made.predictions(43)["id"][5], 0.25]
    again.to_parquet(folder / f"{DAYS:04d}.parquet", index=False)
    if request.param == "csv":
        made.as_text("p")
    made.ending = request.param
    made.space.refresh(now=NOW)
    return made


def at(daily: Daily, file: str, row: int) -> str:
    """The place of a row, counted from 1: a text file has a header."""
    text = daily.ending == "csv"
    return f"p/{file}.{daily.ending}, {'line' if text else 'row'} {row + text}"


def where(daily: Daily, rule: str) -> list[str]:
    (found,) = (one for one in daily.space.quarantine("m") if one.rule == rule)
    return [one.where for one in found.examples]


def test_a_row_has_its_file_and_line_also_when_it_was_not_read_again(daily):
    expected = [at(daily, "0020", 5)]
    assert where(daily, "bad_score") == expected
    new = daily.folder / "data" / "p" / f"{DAYS + 1:04d}.{daily.ending}"
    rows = daily.predictions(DAYS + 1)
    rows.to_csv(new, index=False) if daily.ending == "csv" else rows.to_parquet(new, index=False)
    part = daily.space.refresh(now=NOW + timedelta(hours=1)).parts[0]
    assert part.days < DAYS
    assert where(daily, "bad_score") == expected
    (told,) = (one for one in part.findings if one.code == "bad_score")
    assert told.value.endswith(f"(score 7.5) in {expected[0]}")
    done = commands.run("quarantine", "explain", "bad_score", "-w", str(daily.space.loaded.path))
    assert expected[0].split(", ")[0] in done.stdout


def test_rows_that_contradict_each_other_say_in_what_and_where(daily):
    number = 43 * EACH + 5
    old = number % 97 / 97
    first, second = where(daily, "conflicting_duplicate")
    assert first.startswith(f"{at(daily, f'{DAYS:04d}', 4)}; ")
    assert f"score is 0.25 here and {old}"[:30] in first
    assert first.endswith(f"in {at(daily, '0043', 6)}")
    assert second.startswith(f"{at(daily, '0043', 6)}; ")
    assert second.endswith(f"in {at(daily, f'{DAYS:04d}', 4)}")


def test_a_broken_line_has_the_number_that_it_has_now_and_no_day(tmp_path):
    made = Daily(tmp_path, "number")
    path = made.as_text("p") / "0020.csv"
    lines = path.read_text().splitlines(keepends=True)
    for hour, before in enumerate((3, 6)):
        path.write_text("".join([*lines[:before], "broken\n", *lines[before:]]))
        made.space.refresh(now=NOW + timedelta(hours=hour))
        (found,) = (one for one in made.space.quarantine("m") if one.rule == "missing_columns")
        assert [one.reference for one in found.examples] == [f"p/0020.csv, line {before + 1}"]
        assert (found.rows, found.first, found.last) == (1, None, None)
    done = commands.run("quarantine", "-w", str(made.space.loaded.path))
    assert "no day" in done.stdout


def test_large_files_are_not_searched(daily, monkeypatch):
    monkeypatch.setattr("connectors.located.LARGEST", {"csv": 100, "parquet": 100})
    daily.space.refresh(now=NOW + timedelta(hours=1), full=True)
    assert where(daily, "bad_score") == [f"p/0020.{daily.ending}"]
