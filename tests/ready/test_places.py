"""Ready-made rows that are held back are shown where they are, and with what contradicts them."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pandas as pd
import pytest

from tests.cli.commands import run
from tests.ready.tables import HEAD, NOW, SCORES, TRIAL, bins, day, trial
from valuekit.api import Workspace

KINDS = ("csv", "parquet")
WIDE = TRIAL.replace(
    'sum_yy = "spend2"',
    'sum_yy = "spend2", matched = "buyers", nonzero = "spenders", acted = "acted", '
    'crossed = "moved"',
)


def lake(folder: Path, text: str, kind: str, **files: pd.DataFrame) -> Workspace:
    """A workspace over one table of several files."""
    data = folder / "data" / "t"
    data.mkdir(parents=True)
    for name, frame in files.items():
        path = data / f"{name}.{kind}"
        if kind == "csv":
            frame.to_csv(path, index=False)
        else:
            frame.to_parquet(path, index=False)
    for table in ("ab.csv", "bins.csv"):
        text = text.replace(f'"{table}"', f'"t/*.{kind}"')
    (folder / "valuekit.toml").write_text(HEAD + text)
    return Workspace.load(folder / "valuekit.toml")


def at(kind: str, name: str, row: int) -> str:
    """The place of a row, counted from 1: a text file has a header."""
    text = kind == "csv"
    return f"t/{name}.{kind}, {'line' if text else 'row'} {row + text}"


def where(made: Workspace, rule: str) -> dict[str, str]:
    """Row -> where it is, of the examples of a rule."""
    (found,) = (one for one in made.quarantine("shop") if one.rule == rule)
    return {f"{one.reference} {one.value}".strip(): one.where for one in found.examples}


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def torn(folder: Path, kind: str) -> Workspace:
    """Two files: a count that cannot be in the first; a row of it comes again, changed."""
    table = trial(days=20)
    table.loc[8, "users"] = -3
    first, second = table[table["day"] < day(10)], table[table["day"] >= day(10)]
    again = table.iloc[[4]].assign(spend=7.5, spend2=3000.0)
    made = lake(folder, TRIAL, kind, a=first, b=pd.concat([second, again]))
    made.refresh(now=NOW)
    return made


@pytest.fixture
def world(tmp_path: Path, kind: str) -> Workspace:
    return torn(tmp_path, kind)


def test_a_row_has_its_file_and_line(world: Workspace, kind: str) -> None:
    """Row 9 of the first file is the broken one, row 10 the other arm of its day."""
    assert where(world, "bad_count") == {"day 2026-03-05, arm A -3": at(kind, "a", 9)}
    assert where(world, "incomplete_day") == {
        "day 2026-03-05, arm B": at(kind, "a", 10),
        "day 2026-03-03, arm B": at(kind, "a", 6),
    }


def test_contradicting_rows_say_in_what_and_where(world: Workspace, kind: str) -> None:
    """Spending of 3 March in arm A is 100 x 10.2, its squares 1020^2 / 100 + 25 x 99."""
    one, two = at(kind, "a", 5), at(kind, "b", 21)
    (found,) = (held for held in world.quarantine("shop") if held.rule == "conflicting_duplicate")
    assert [row.reference for row in found.examples] == ["day 2026-03-03, arm A"] * 2
    assert {row.where for row in found.examples} == {
        f"{one}; spend is 1020.0 here and 7.5, spend2 is 12879.0 here and 3000.0 in {two}",
        f"{two}; spend is 7.5 here and 1020.0, spend2 is 3000.0 here and 12879.0 in {one}",
    }


def test_every_door_shows_it(world: Workspace, kind: str) -> None:
    path, one = str(world.loaded.path), at(kind, "a", 9)
    part = world.refresh(now=NOW, full=True).parts[0]
    (said,) = (found.value for found in part.findings if found.code == "bad_count")
    assert said == f"1 of 41 rows, 2.4%: day 2026-03-05, arm A (users -3) in {one}"
    listed = "".join(run("quarantine", "list", "-w", path).stdout.split()).replace("│", "")
    assert "bad_count" in listed
    shown = json.loads(run("quarantine", "list", "--json", "-w", path).stdout)["rules"]
    (example,) = next(held for held in shown if held["rule"] == "bad_count")["examples"]
    assert example["where"] == one
    told = run("quarantine", "explain", "bad_count", "-w", path)
    assert one in " ".join(told.stdout.split())
    out = world.loaded.folder / "rows.csv"
    assert run("quarantine", "export", "-o", str(out), "-w", path).returncode == 0
    with out.open(encoding="utf-8-sig", newline="") as file:
        rows = {(row["Rule"], row["File"].partition(";")[0]) for row in csv.DictReader(file)}
    assert rows == {
        ("bad_count", one),
        ("conflicting_duplicate", at(kind, "a", 5)),
        ("conflicting_duplicate", at(kind, "b", 21)),
        ("incomplete_day", at(kind, "a", 6)),
        ("incomplete_day", at(kind, "a", 10)),
    }


def test_check_says_where_the_first_row_of_each_rule_is(world: Workspace, kind: str) -> None:
    found = {one.code: one.value for one in world.check(now=NOW)["shop"].findings}
    assert found["bad_count"] == f"1 of 41 rows, first 2026-03-05 in {at(kind, 'a', 9)}"
    assert found["incomplete_day"] == f"2 of 41 rows, first 2026-03-03 in {at(kind, 'a', 6)}"
    assert found["conflicting_duplicate"] == (
        f"2 of 41 rows, first 2026-03-03 in {at(kind, 'a', 5)}; spend is 1020.0 here and 7.5, "
        f"spend2 is 12879.0 here and 3000.0 in {at(kind, 'b', 21)}"
    )


def test_a_row_without_a_day_has_a_place_too(tmp_path: Path, kind: str) -> None:
    table = trial(days=10)
    table["day"] = pd.to_datetime(table["day"])
    table.loc[7, "day"] = pd.NaT
    made = lake(tmp_path, TRIAL, kind, a=table)
    (said,) = (one for one in made.check(now=NOW)["shop"].findings if one.code == "null_time")
    assert said.value == f"1 of 20 rows, first no day in {at(kind, 'a', 8)}"
    made.refresh(now=NOW)
    assert list(where(made, "null_time").values()) == [at(kind, "a", 8)]


def test_many_columns_are_told_in_short(tmp_path: Path, kind: str) -> None:
    """Five columns differ; that a text file writes 100 as 100.00 is no difference."""
    more = {"buyers": 50, "spenders": 40, "acted": 10, "moved": 1}
    table = trial(days=10).assign(**more)
    other = {"buyers": 51, "spenders": 41, "acted": 11, "moved": 2, "spend": 999.0}
    again = table.iloc[[4]].assign(**other)
    if kind == "csv":
        again = again.astype({"users": object}).assign(users="100.00")
    made = lake(tmp_path, WIDE, kind, a=table, b=again)
    made.refresh(now=NOW)
    (found,) = (one for one in made.quarantine("shop") if one.rule == "conflicting_duplicate")
    assert found.rows == 2
    here = next(one.where for one in found.examples if one.where.startswith(at(kind, "b", 1)))
    said = here.removeprefix(f"{at(kind, 'b', 1)}; ").removesuffix(f" in {at(kind, 'a', 5)}")
    *three, more_said = said.rsplit(", ", 3)
    expected = {f"{name} is {value} here and {table.loc[4, name]}" for name, value in other.items()}
    assert len(set(three)) == 3
    assert set(three) < expected
    assert more_said == "and 2 columns more"


def test_bins_contradict_in_their_own_bin(tmp_path: Path, kind: str) -> None:
    """Both rows are of the bin from 0.3 and of label 1 on 4 March."""
    table = bins(days=10)
    place = table.index[(table["day"] == day(3)) & (table["low"] == 0.3) & (table["y"] == 1)][0]
    n, p = int(table.loc[place, "n"]), float(table.loc[place, "p"])
    again = table.loc[[place]].assign(n=n + 2, p=round(p + 0.7, 6))
    made = lake(tmp_path, SCORES, kind, a=table, b=again)
    made.refresh(now=NOW)
    (found,) = (one for one in made.quarantine("shop") if one.rule == "conflicting_duplicate")
    one, two = at(kind, "a", place + 1), at(kind, "b", 1)
    assert {row.where for row in found.examples} == {
        f"{one}; n is {n} here and {n + 2}, p is {p} here and {round(p + 0.7, 6)} in {two}",
        f"{two}; n is {n + 2} here and {n}, p is {round(p + 0.7, 6)} here and {p} in {one}",
    }


def test_a_count_of_another_type_in_another_file_hides_no_row(tmp_path: Path) -> None:
    """An empty count makes 5 a 5.0 in its file, and so in the whole table."""
    table = trial(days=20)
    table.loc[8, "users"] = -3
    first, second = table[table["day"] < day(10)], table[table["day"] >= day(10)].copy()
    second.loc[30, "users"] = None
    made = lake(tmp_path, TRIAL, "parquet", a=first, b=second)
    made.refresh(now=NOW)
    assert where(made, "bad_count") == {"day 2026-03-05, arm A -3.0": at("parquet", "a", 9)}
    assert list(where(made, "bad_value").values()) == [at("parquet", "b", 11)]


def test_a_column_that_a_file_lacks_hides_no_row(tmp_path: Path) -> None:
    table = trial(days=20).assign(buyers=50)
    table.loc[31, "users"] = -3
    old = table[table["day"] < day(10)].drop(columns="buyers").astype({"users": float})
    old.loc[8, "users"] = 0.5
    text = TRIAL.replace('sum_yy = "spend2"', 'sum_yy = "spend2", matched = "buyers"')
    made = lake(tmp_path, text, "parquet", a=old, b=table[table["day"] >= day(10)])
    made.refresh(now=NOW)
    assert where(made, "bad_count") == {
        "day 2026-03-16, arm B -3.0": at("parquet", "b", 12),
        "day 2026-03-05, arm A 0.5": at("parquet", "a", 9),
    }
    (found,) = (one for one in made.quarantine("shop") if one.rule == "bad_value")
    assert (found.rows, len(found.examples)) == (19, 19)  # the others of the file, without buyers
    assert {one.where for one in found.examples} == {
        at("parquet", "a", row) for row in range(1, 21) if row != 9
    }
