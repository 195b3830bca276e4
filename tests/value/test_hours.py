from __future__ import annotations

from decimal import Decimal

import pytest

from tests.bookkeeping import FIRST
from valuekit.estimate import Period
from valuekit.value.hours import Saving, hours_value

DAY = Period(FIRST, FIRST)


def test_minutes_times_rate_with_the_declared_range_as_interval():
    found = hours_value(600, Saving(4, 2.5, 6, Decimal(38)), "EUR", DAY)
    assert found.value == pytest.approx(600 * 4 / 60 * 38)
    assert (found.low, found.high) == (pytest.approx(950), pytest.approx(2280))
    assert found.grade == "D"
    assert found.se == pytest.approx((2280 - 950) / (2 * 1.959964), rel=1e-6)


def test_without_a_range_there_is_a_value_but_no_interval():
    found = hours_value(60, Saving(5, None, 6, Decimal(12)), "EUR", DAY)
    assert found.value == pytest.approx(60)
    assert found.low is None
    assert "no range" in found.reason


def test_a_range_written_the_wrong_way_round_is_turned():
    found = hours_value(60, Saving(5, 8, 2, Decimal(60)), "EUR", DAY)
    assert found.low < found.value < found.high
