"""The file of rows held back: numbers stay numbers, text never becomes a formula."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from valuekit.quarantine.export import to_file
from valuekit.source import Held
from valuekit.store.records import HeldRecord

ROW = Held(
    source="predictions",
    table="predictions",
    rule="bad_score",
    reference="id 7",
    at=datetime(2026, 1, 4, tzinfo=UTC),
    column="p",
    value="",
    reason="the score is no number between 0 and 1",
    day=date(2026, 1, 4),
    row_hash="0" * 64,
)


def cell(value: str) -> str:
    """What a reader of the file finds as the value of a row."""
    made = to_file(
        [HeldRecord(id=1, run=1, model="leads", row=replace(ROW, value=value), current=True)]
    )
    (row,) = csv.DictReader(io.StringIO(made.decode("utf-8-sig"), newline=""))
    return str(row["Value"])


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**15), max_value=10**15))
def test_a_number_stays_the_number_it_is(value: Decimal) -> None:
    text = f"{value:f}"
    assert cell(text) == text


@given(st.floats(max_value=-1e-300, allow_nan=False, allow_infinity=False))
def test_one_with_an_exponent_too(value: float) -> None:
    assert float(cell(repr(value))) == value


@given(st.text(alphabet="=+-@\t\r0123456789.eE, ()cmd|'!", max_size=12))
def test_all_else_is_no_formula(text: str) -> None:
    shown = cell(text)
    if shown.startswith(("=", "+", "-", "@", "\t", "\r")):
        assert float(shown) < 0 or float(shown) == 0  # a negative number, which is no formula
        assert set(shown) <= set("-0123456789.e+")
