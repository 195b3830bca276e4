"""Numbers of the terminal's table: no exponent, separators, digits of a value as of its range."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from valuekit.cli.figure_table import name_of, written
from valuekit.estimate import Estimate
from valuekit.text import MINUS

SIZES = st.floats(1e-6, 1e12)


def _read(text: str) -> float:
    return float(text.replace(",", "").replace(MINUS, "-"))


@given(size=SIZES, share=st.floats(0.001, 2.0), sign=st.sampled_from([1, -1]))
def test_value_and_range_have_the_same_places_and_no_exponent(size, share, sign):
    value, half = sign * size, size * share
    one = Estimate(value, "EUR", low=value - half, high=value + half)
    shown, ends = written(one)
    parts = [shown, *ends.split(" to ")]
    assert not any("e" in part for part in parts)
    assert len({len(part.partition(".")[2]) for part in parts}) == 1
    assert len(set(parts)) == 3 or half < 1e-11
    assert _read(shown) == pytest.approx(value, rel=0.01, abs=1e-12)


def test_names_are_those_of_people():
    assert written(Estimate(4_577_540.0, "EUR")) == ("4,577,540", "")
    assert [name_of(one) for one in ("money", "fixed effect", "costed")] == [
        "Value before costs",
        "Effect, read once",
        "Predictions with a cost",
    ]
