from __future__ import annotations

from datetime import date, timedelta

import pytest

from tests.bookkeeping import FIRST, days, rows
from valuekit.estimate import Estimate, unknown
from valuekit.value.to_date import to_date, week_ends

COST = rows(
    "cost",
    {"day": date(2025, 12, 1), "category": "build", "basis": "sunk", "amount": "100"},
    *({"day": day, "category": "p", "basis": "marginal", "amount": "2"} for day in days(20)),
)


def worth(period):
    if period.days < 5:
        return unknown("too few", "EUR")
    return Estimate(value=10.0 * period.days, unit="EUR", low=5.0 * period.days,
                    high=15.0 * period.days, se=1.0)  # fmt: skip


def test_points_are_sundays_and_the_last_mature_day():
    assert week_ends(date(2026, 1, 1), date(2026, 1, 14)) == [
        date(2026, 1, 4), date(2026, 1, 11), date(2026, 1, 14)
    ]  # fmt: skip
    assert week_ends(date(2026, 1, 4), date(2026, 1, 4)) == [date(2026, 1, 4)]


def test_net_to_date_counts_the_build_before_the_first_day_and_keeps_the_band():
    points = to_date(worth, COST, FIRST, FIRST + timedelta(days=19), date(2025, 12, 1))
    assert [point.day.isoformat() for point in points] == [
        "2026-01-11", "2026-01-18", "2026-01-20"
    ]  # fmt: skip
    last = points[-1]
    assert last.net == pytest.approx(10 * 20 - 100 - 40)
    assert (last.low, last.high) == (pytest.approx(-40), pytest.approx(160))
