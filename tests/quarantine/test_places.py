"""Rows held back are shown where they are: file, line or row, and what contradicts them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.cli import commands
from tests.incremental.daily import DAYS, EACH, Daily
from tests.incremental.lake import NOW


@pytest.fixture(scope="module", params=["csv", "parquet"])
def begun(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Daily:
    """A history of daily files; one score in the middle cannot be, a row is sent again, changed."""
    made = Daily(tmp_path_factory.mktemp("begun"), "number")
    folder = made.folder / "data" / "p"
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


@pytest.fixture
def daily(begun: Daily, tmp_path: Path) -> Daily:
    return begun.copy(tmp_path)


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


def test_lines_that_cannot_be_split_are_explained_with_file_and_line(tmp_path):
    """A short line after a cell of two lines, and a last line without an end: 1 + 12 rows."""
    made = Daily(tmp_path, "number")
    folder = made.as_text("p")
    path, last = folder / "0020.csv", folder / "0021.csv"
    lines = path.read_text().splitlines(keepends=True)
    assert len(lines) == EACH + 1
    model = next(place for place, one in enumerate(lines[0].split(",")) if one.strip() == "score")
    cells = lines[3].rstrip("\n").split(",")
    cells[model] = '"0.\n5"'  # a score that cannot be, on lines 4 and 5
    path.write_text(
        "".join([*lines[:3], ",".join(cells) + "\n", *lines[4:6], "short\n", *lines[6:]])
    )
    last.write_text(last.read_text().rstrip("\n"))
    made.space.refresh(now=NOW)
    places = {"missing_columns": "p/0020.csv, line 8", "cut_line": f"p/0021.csv, line {EACH + 1}"}
    for rule, place in places.items():
        assert where(made, rule) == [place]
        words = ("quarantine", "explain", rule, "-w", str(made.space.loaded.path))
        (row,) = [one for one in commands.run(*words).stdout.splitlines() if "p/00" in one]
        cells = [one.strip() for one in row.strip("│").split("│")]
        assert (cells[0], cells[-1]) == (place, place)
    listed = commands.run("quarantine", "list", "-w", str(made.space.loaded.path)).stdout
    assert "in p/0021.csv" not in " ".join(listed.split())  # its name is its place already


def test_large_files_are_not_searched(daily, monkeypatch):
    monkeypatch.setattr("connectors.located.LARGEST", {"csv": 100, "parquet": 100})
    daily.space.refresh(now=NOW + timedelta(hours=1), full=True)
    assert where(daily, "bad_score") == [f"p/0020.{daily.ending}"]
