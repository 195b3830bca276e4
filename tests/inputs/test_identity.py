"""Ids and keys: twice, missing, alike, mangled by other tools."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import timedelta

import pandas as pd
import pytest

from connectors.findings import shown
from connectors.sql import match
from tests.inputs.lake import GOOD, NOW, Lake, outcomes, predictions, refused, text, warned
from valuekit.api import Workspace

ROWS = GOOD.splitlines()


def with_rows(*more: str) -> str:
    return "\n".join([*ROWS, *more]) + "\n"


def test_same_id_same_content(lake: Lake, good: Lake) -> None:
    lake.write(predictions=with_rows(ROWS[1], ROWS[1], ROWS[2]))
    lake.refresh()
    assert lake.rules("predictions") == {"accepted": 40, "duplicate": 3}
    assert lake.fates("predictions") == {"accepted": 40, "deduplicated": 3}
    pd.testing.assert_frame_equal(lake.fact("volume"), good.fact("volume"))


def test_same_id_different_content(lake: Lake) -> None:
    lake.write(predictions=with_rows(ROWS[1].replace("0.05", "0.06")))
    lake.refresh()
    assert lake.rules("predictions") == {"accepted": 39, "conflicting_duplicate": 2}
    assert lake.rules("outcomes") == {"credited": 39, "orphan": 1}


def test_null_or_blank_id(lake: Lake) -> None:
    lake.write(predictions=GOOD.replace("p01", "").replace("p02", "   ").replace("p03", '""'))
    lake.refresh()
    assert lake.rules("predictions") == {"accepted": 37, "null_id": 3}
    assert lake.fates("predictions") == {"accepted": 37, "quarantined": 3}
    assert lake.rules("outcomes") == {"credited": 37, "orphan": 3}


def test_null_or_blank_unit(lake: Lake) -> None:
    blank = {"c02": "", "c03": "   ", "c04": '""'}
    p = GOOD
    for old, new in blank.items():
        p = p.replace(old, new)
    lake.write(predictions=p)
    lake.refresh()
    assert lake.rules("predictions") == {"accepted": 37, "null_key": 3}
    assert lake.fates("predictions") == {"accepted": 37, "quarantined": 3}
    assert lake.rules("outcomes") == {"credited": 37, "orphan": 3}
    held = [one for one in Workspace.load(lake.path).quarantine() if one.rule == "null_key"]
    assert [(one.source, one.rows, one.examples[0].column) for one in held] == [
        ("predictions", 3, "customer")
    ]


def test_spaces_or_case_differ(lake: Lake) -> None:
    again = [ROWS[1].replace("p00", "P00"), ROWS[2].replace("p01", "p01 ")]
    seen = text(outcomes()).replace("c05", "C05").replace("c06", " c06")
    lake.write(predictions=with_rows(*again), outcomes=seen)
    made = lake.refresh()
    found = {one.place: one for one in made.findings if one.code == "lookalike_id"}
    ids, keys = (
        found[f"sources.lake, table predictions, column {name}"] for name in ("id", "customer")
    )
    assert (ids.rows, keys.rows) == (2, 2)
    assert "spaces or in case" in ids.rule
    assert "nothing is changed here" in ids.remedy
    assert lake.rules("predictions") == {"accepted": 42}  # not trimmed, not folded
    assert lake.rules("outcomes") == {"credited": 38, "orphan": 2}
    checked = Workspace.load(lake.path).check()["churn"].findings
    assert [one.rows for one in checked if one.code == "lookalike_id"] == [2, 2]


def test_composed_and_decomposed_letters(lake: Lake) -> None:
    lake.write(
        predictions=GOOD.replace("c07", "caf\u00e9"),
        outcomes=text(outcomes()).replace("c07", "cafe\u0301"),
    )
    warned(lake.refresh(), "unicode_id", place="column customer", rule="(NFC, NFD)", rows=1)
    assert lake.rules("outcomes") == {"credited": 39, "orphan": 1}


def test_emoji_right_to_left_and_zero_width(lake: Lake, good: Lake) -> None:
    odd = {"c01": "\U0001f600", "c02": "\u05e9\u05dc\u05d5\u05dd", "c03": "a\u200bb\u202e"}
    p, o = GOOD, text(outcomes())
    for old, new in odd.items():
        p, o = p.replace(old, new), o.replace(old, new)
    lake.write(predictions=p, outcomes=o)
    assert lake.refresh().findings == ()
    pd.testing.assert_frame_equal(lake.fact("intake"), good.fact("intake"))
    name = "sc\u200bore\u202e"
    lake.declare('score = "score"', f'score = "{name}"')
    refused(lake, "missing_column", value=r"sc\u200bore\u202e", place="table predictions")
    assert shown("\u202eabc") == r"\u202eabc"


def test_64_bit_id_through_a_float(lake: Lake) -> None:
    large = [2**53 + i for i in range(40)]
    lake.write(predictions=predictions().assign(id=[float(one) for one in large]))
    refused(
        lake,
        "wrong_type",
        place="table predictions, column id",
        value="float values",
        rule="loses digits above 2^53",
        remedy="text or as a 64-bit integer",
    )
    lake.write(predictions=predictions().assign(id=large))
    lake.refresh()
    assert lake.rules("predictions") == {"accepted": 40}


def test_leading_zero_read_as_a_number(lake: Lake) -> None:
    numbers = [str(i).zfill(3) for i in range(40)]
    p = predictions().assign(customer=range(40))
    o = outcomes().assign(customer=numbers)
    lake.write(predictions=p, outcomes=text(o))
    refused(
        lake,
        "leading_zeros",
        place="table predictions, column customer",
        value="'000' in outcomes",
        rule="leading zeros was read as a number",
        remedy="text in both tables",
    )
    lake.write(predictions=text(predictions().assign(customer=numbers)))
    lake.refresh()
    assert lake.rules("outcomes") == {"credited": 40}


def test_id_of_10_kilobytes(lake: Lake) -> None:
    long = "x" * 10_240
    lake.write(
        predictions=GOOD.replace("p04", long), outcomes=text(outcomes()).replace("c08", long)
    )
    lake.refresh()
    assert lake.rules("predictions") == {"accepted": 39, "long_id": 1}
    assert lake.rules("outcomes") == {"credited": 38, "long_key": 1, "orphan": 1}


def test_id_that_starts_a_formula(lake: Lake) -> None:
    formula = "=1+1"
    lake.declare('title = "Churn rescue"', f'title = "{formula}"')
    lake.write(
        predictions=GOOD.replace("p05", "=p05").replace("c05", "=c05"),
        outcomes=text(outcomes()).replace("c05", "=c05"),
    )
    assert lake.refresh().findings == ()
    assert lake.rules("predictions") == {"accepted": 40}
    assert lake.rules("outcomes") == {"credited": 40}
    for fmt in ("csv", "xlsx"):
        cells = exported(Workspace.load(lake.path).report("portfolio", fmt).data, fmt)
        assert not any(cell.startswith("=") for cell in cells)
        assert fmt == "csv" or f"'{formula}" in cells  # the flat table holds no titles


def exported(data: bytes, fmt: str) -> set[str]:
    """Every cell of a report as text."""
    if fmt == "csv":
        rows = csv.reader(io.StringIO(data.decode("utf-8-sig")))
        return {cell for row in rows for cell in row}
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        assert not any(
            "<f>" in book.read(name).decode() for name in book.namelist() if "sheet" in name
        )
    frames = pd.read_excel(io.BytesIO(data), sheet_name=None, header=None, dtype=str)
    return {str(cell) for frame in frames.values() for cell in frame.to_numpy().ravel()}


def test_outcome_without_prediction(lake: Lake) -> None:
    extra = "stranger,2026-01-05T00:00:00Z,1,500\n"
    lake.write(outcomes=text(outcomes()) + extra)
    lake.refresh()
    assert lake.rules("outcomes") == {"credited": 40, "orphan": 1}
    assert lake.fates("outcomes") == {"accepted": 40, "quarantined": 1}
    rows = lake.intake()
    assert rows.loc[rows["rule"] == "orphan", "value"].sum() == 500


def test_prediction_without_outcome(lake: Lake) -> None:
    lake.write(outcomes=text(outcomes()[:30]))
    refused(lake, "watermark_back", value="outcomes end on", remedy="--accept-gone")
    lake.refresh(accept_gone=True)
    assert lake.rules("predictions") == {"accepted": 40}
    volume = lake.fact("volume").set_index("day")
    assert (volume["predictions"].sum(), volume["labelled"].sum()) == (40, 30)
    health = lake.card().health
    seen = outcomes()[:30]["seen"].max().date()
    assert health.last_outcome == seen
    assert health.mature_through == seen - timedelta(days=5)  # the window of later days is open
    assert health.immature_days == 9


def test_two_outcomes_of_one_prediction(lake: Lake) -> None:
    again = "c00,2026-01-03T00:00:00Z,1,7\n"
    lake.write(outcomes=text(outcomes()) + again)
    kept = {}
    for pick in ("first", "last", "sum"):
        lake.declare('window = "5d"', f'window = "5d"\npick = "{pick}"')
        lake.refresh()
        rows = lake.intake().query("source == 'outcomes'").groupby("rule")[["rows", "value"]].sum()
        kept[pick] = {str(rule): (int(n), v) for rule, n, v in rows.itertuples()}
        lake.declare(f'\npick = "{pick}"', "")
    whole = outcomes()["margin"].sum()
    assert kept["first"] == {"credited": (40, whole), "uncredited": (1, 7)}
    assert kept["last"] == {"credited": (40, whole - 10 + 7), "uncredited": (1, 10)}
    assert kept["sum"] == {"credited": (41, whole + 7)}


def test_join_that_multiplies_rows(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    again = [row.replace("p", "q", 1) for row in ROWS[1:]]
    lake.write(predictions=with_rows(*again))  # 80 predictions share 40 outcomes
    lake.refresh()
    assert lake.rules("outcomes") == {"credited": 40}
    volume = lake.fact("volume")
    assert (volume["predictions"].sum(), volume["labelled"].sum()) == (80, 40)
    monkeypatch.setattr(match, "_credited", lambda rows, _credit: rows)  # a join gone wrong
    refused(
        lake,
        "multiplied",
        place="models.churn.outcomes",
        value="40 outcomes",
        rule="the join multiplied rows",
        remedy="report it",
    )


def test_coverage_below_the_floor(lake: Lake) -> None:
    kept = outcomes().index % 5 != 0
    lake.write(outcomes=text(outcomes()[kept]))
    lake.refresh(NOW)
    card = lake.card()
    days = predictions()["at"].dt.normalize()
    complete = days + pd.Timedelta(days=5) <= outcomes()["seen"][kept].max().normalize()
    share = kept[complete].mean()
    assert card.health.coverage.value == pytest.approx(share)
    assert card.period("all").value.value is None
    assert f"{share:.0%}" in card.period("all").value.reason
    assert "90%" in card.period("all").value.reason


def test_ids_of_nothing_that_is_seen(lake: Lake) -> None:
    p = GOOD
    for old, new in {"p01": "\t", "p02": "\u00a0", "p03": " \u200b\u3000"}.items():
        p = p.replace(old, new)
    lake.write(predictions=p.replace("c05", "\u00a0\t"))
    lake.refresh()
    assert lake.rules("predictions") == {"accepted": 36, "null_id": 3, "null_key": 1}


def test_ids_with_tabs_and_unbroken_spaces(lake: Lake) -> None:
    lake.write(predictions=GOOD.replace("p01", "p01\t").replace("p02", "p\u00a002"))
    warned(lake.refresh(), "hidden_sign", place="column id", value="2 ids", rows=2)
    assert lake.rules("predictions") == {"accepted": 40}  # nothing is taken out
    lake.write(predictions=GOOD + GOOD.splitlines()[2].replace("p01", "\u00a0p01") + "\n")
    made = lake.refresh()
    warned(made, "lookalike_id", place="column id", rows=1)
