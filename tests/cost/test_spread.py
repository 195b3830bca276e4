from __future__ import annotations

from calendar import monthrange
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from valuekit.cost.spread import largest_remainder, monthly

CENTS = st.decimals(-100_000, 100_000, places=2, allow_nan=False, allow_infinity=False)


@given(CENTS, st.lists(st.integers(0, 10**9), min_size=1, max_size=40).filter(any))
def test_parts_add_up_to_the_cent_and_are_within_a_cent_of_their_share(total, weights):
    parts = largest_remainder(total, weights)
    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        assert part == part.quantize(Decimal("0.01"))
        assert abs(part - total * weight / sum(weights)) < Decimal("0.01")
        assert weight or part == 0


def test_an_amount_finer_than_a_cent_is_split_to_the_millionth():
    parts = largest_remainder(Decimal("0.001"), [1, 1, 1])
    assert sum(parts) == Decimal("0.001")
    assert max(parts) - min(parts) == Decimal("0.000001")


@pytest.mark.parametrize("weights", [[0, 0], [], [1, -1, 3]])
def test_weights_that_cannot_split_are_refused(weights):
    with pytest.raises(ValueError, match="weights"):
        largest_remainder(Decimal(1), weights)


@given(CENTS, st.dates(date(2020, 1, 1), date(2030, 12, 1)))
def test_every_full_month_adds_up_to_the_amount(amount, day):
    first = day.replace(day=1)
    last = day.replace(day=monthrange(day.year, day.month)[1])
    assert sum(part for _, part in monthly(amount, first, last, date(2019, 1, 1), None)) == amount


def test_a_part_of_a_month_is_pro_rata_and_ends_are_included():
    parts = dict(
        monthly(
            Decimal(310), date(2026, 1, 1), date(2026, 3, 31), date(2026, 1, 30), date(2026, 2, 2)
        )
    )
    assert list(parts) == [
        date(2026, 1, 30), date(2026, 1, 31), date(2026, 2, 1), date(2026, 2, 2)
    ]  # fmt: skip
    assert parts[date(2026, 1, 30)] == Decimal("10.00")
    assert parts[date(2026, 2, 1)] == Decimal("11.08")  # 310 / 28, remainder to early days
