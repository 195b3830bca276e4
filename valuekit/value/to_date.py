"""Cumulative net value, week by week, with its 95% range."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from valuekit.estimate import Period
from valuekit.scorecard import ToDate
from valuekit.value.by_day import ByDay

if TYPE_CHECKING:
    import pandas as pd

    from valuekit.value.money import Worth


def week_ends(first: date, last: date) -> list[date]:
    """Every Sunday from ``first`` on, and ``last`` itself."""
    sunday = first + timedelta(days=6 - first.weekday())
    days = []
    while sunday < last:
        days.append(sunday)
        sunday += timedelta(days=7)
    return [*days, last]


def to_date(
    worth: Worth, cost: pd.DataFrame, first: date, mature_through: date, since: date
) -> tuple[ToDate, ...]:
    """Net value from the first day to each week's end.

    Each point is estimated anew from all units up to it, so its band is that of a single look:
    descriptive, not a rule for stopping. A point whose value has no interval has no width.

    Args:
        worth: Value over a period.
        cost: Cost fact.
        first: First day with data.
        mature_through: Last mature day, the day of the last point.
        since: First day of the costs (a build before the first day is counted).
    """
    costs = ByDay.of(cost.assign(amount=cost["amount"].astype(float)), ["amount"])
    points = []
    for day in week_ends(first, mature_through):
        value = worth(Period(first, day))
        if value.value is None:
            continue
        paid = float(costs.total(Period(since, day))[0])
        low = value.value if value.low is None else value.low
        high = value.value if value.high is None else value.high
        points.append(ToDate(day, value.value - paid, low - paid, high - paid))
    return tuple(points)
