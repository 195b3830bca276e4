"""Numbers in sentences: three significant digits, never an exponent."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from valuekit.text import MINUS, money, number


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1e-05, "0.00001"),
        (Decimal("0.000012"), "0.000012"),
        (-1.2345e-06, f"{MINUS}0.00000123"),
        (9.996e-05, "0.0001"),
        (0.004996, "0.005"),
        (0.005, "0.01"),
        (1e-15, "0.000000000000001"),
        (9e-16, "0"),
        (-9e-16, "0"),
        (0, "0"),
    ],
)
def test_tiny_numbers_are_decimals(value, text):
    assert number(value) == text


def test_a_tiny_price_keeps_its_symbol():
    assert money(Decimal("0.00001"), "EUR") == "€0.00001"
    assert money(-0.00001, "USD") == f"{MINUS}$0.00001"


@given(st.floats(1e-15, 0.005, exclude_max=True))
def test_tiny_numbers_are_exact_to_three_digits_and_have_no_exponent(value):
    text = number(value)
    assert "e" not in text
    assert not text.endswith("0")
    assert float(text) == pytest.approx(value, rel=0.00501)
    assert len(text.lstrip("0.")) <= 3


@given(st.floats(-1e18, 1e18))
def test_no_number_has_an_exponent(value):
    assert "e" not in number(value)
