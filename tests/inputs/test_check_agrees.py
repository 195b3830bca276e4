"""``valuekit check`` and a refresh say the same of rows, whatever is wrong or allowed."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest

from tests.inputs.lake import GOOD, NOW, Lake, outcomes, text
from valuekit.api import Workspace
from valuekit.errors import Finding, ValuekitError

AT = re.compile(r"^valuekit\.toml:\d+ ")
# What takes all tables together, or the last run, is left to the run.
LEFT = {"orphan", "conflicting_duplicate", "empty_model", "changed_type"}


@dataclass(frozen=True)
class Said:
    """What one of the two doors said of rows: by code, with severity, place, value and rows."""

    refused: bool
    findings: frozenset[tuple[str, str, str, str, int | None]]


def said(findings: tuple[Finding, ...]) -> Said:
    told = [one for one in findings if one.severity != "info" and one.code not in LEFT]
    return Said(
        any(one.severity == "error" for one in told),
        frozenset(
            # The warnings of a run are kept, so they name no line of the workspace file.
            (one.code, one.severity, AT.sub("", one.place), one.value, one.rows)
            for one in told
        ),
    )


def both(lake: Lake) -> tuple[Said, Said]:
    """What ``check`` says and what a refresh says."""
    checked = Workspace.load(lake.path).check(now=NOW)["churn"].findings
    try:
        made = Workspace.load(lake.path).refresh(full=True, now=NOW).findings
    except ValuekitError as error:
        made = error.findings
    return said(checked), said(made)


def cells(column: str, values: list[str], table: str = GOOD) -> str:
    """A table with other cells in its first rows."""
    rows = [line.split(",") for line in table.splitlines()]
    place = rows[0].index(column)
    for row, value in zip(rows[1:], values, strict=False):
        row[place] = value
    return "\n".join(",".join(row) for row in rows) + "\n"


OLD = "1970-01-05T00:00:00Z"
MARGINS = text(outcomes())
CASES = {
    "3 of 40 cells": ("predictions", cells("score", ["n/a"] * 3), {"bad_cell"}, False),
    "4 of 40 cells": ("predictions", cells("score", ["n/a"] * 4), {"bad_cell"}, False),
    "blank ids": ("predictions", cells("id", ["", " "]), {"null_id"}, False),
    "blank units": ("predictions", cells("customer", ["", " "]), {"null_key"}, False),
    "no times": ("predictions", cells("at", [""]), {"null_time"}, False),
    "a score of 9.5": ("predictions", cells("score", ["9.5"]), {"bad_score"}, False),
    "percent": ("predictions", cells("score", ["55"] * 9), {"score_range"}, True),
    "times of 1970": ("predictions", cells("at", [OLD] * 9), {"time_unit"}, True),
    "two of 1970": ("predictions", cells("at", [OLD] * 2), {"time_unit"}, False),
    "future": ("predictions", cells("at", ["2199-01-05T00:00:00Z"] * 2), {"future"}, False),
    "lines": ("predictions", GOOD.replace("v1\n", "v1,x\n", 2), {"too_many_columns"}, False),
    "amounts": ("outcomes", cells("margin", ["1e308", "nan"], MARGINS), {"bad_value"}, False),
    "no keys": ("outcomes", cells("customer", ["", " "], MARGINS), {"null_key"}, False),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_by_the_built_in_limits(lake: Lake, case: str) -> None:
    table, content, codes, refused = CASES[case]
    lake.write(**{table: content})
    checked, made = both(lake)
    assert codes <= {one[0] for one in made.findings}
    assert checked.refused == made.refused == refused
    if refused:  # a run stops at the first kind of fault: check goes on
        assert made.findings <= checked.findings
    else:
        assert checked == made


def test_above_a_tenth_both_refuse(lake: Lake) -> None:
    """The first rows decide what a column holds: unreadable cells beyond them count alike."""
    head, *rows = GOOD.splitlines()
    many = [
        ",".join([f"x{number}", *row.split(",")[1:]]).replace("c", f"c{number}_", 1)
        for number in range(550)
        for row in rows
    ]
    many[-3_000:] = [row.rpartition(",")[0].rpartition(",")[0] + ",?,v1" for row in many[-3_000:]]
    lake.write(predictions="\n".join([head, *many]) + "\n")
    checked, made = both(lake)
    ((code, _, _, value, rows),) = made.findings
    assert (code, rows) == ("bad_cell", 3_000)
    assert "3,000 of 22,000 rows, 14%" in value
    assert re.search(r" \(score \?\) in predictions\.csv, line [0-9,]+$", value)
    assert made.refused
    assert checked.refused
    assert made.findings <= checked.findings


@pytest.mark.parametrize("limit", ["warn = 1.0", "fail = 0.04", "fail_rows = 1", "fail_rows = 2"])
@pytest.mark.parametrize("case", ["blank ids", "a score of 9.5", "no keys", "lines"])
def test_by_declared_limits(lake: Lake, case: str, limit: str) -> None:
    table, content, codes, _ = CASES[case]
    (rule,) = codes
    lake.write(**{table: content})
    whole = lake.path.read_text(encoding="utf-8")
    limits = f"\n[models.churn.quarantine.rules]\n{rule} = {{ {limit} }}\n"
    lake.path.write_text(whole + limits, encoding="utf-8")
    checked, made = both(lake)
    rows = 1 if case == "a score of 9.5" else 2
    allowed = {"fail = 0.04": 0.04 * 40, "fail_rows = 1": 1}.get(limit, 40)
    assert checked.refused == made.refused == (rows > allowed)
    assert made.findings <= checked.findings
    assert {one[0] for one in made.findings} == (set() if limit.startswith("warn") else {rule})
