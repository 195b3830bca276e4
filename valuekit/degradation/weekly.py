"""Weeks from Monday to Sunday: value, cost and performance; open weeks marked and left out."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from valuekit.estimate import Period
from valuekit.scorecard import Week
from valuekit.value.by_day import ByDay

if TYPE_CHECKING:
    import pandas as pd

    from valuekit.degradation.performance import Performance
    from valuekit.value.money import Worth


def mondays(first: date, last: date) -> list[date]:
    """Mondays of every week that has a day in the range."""
    start = first - timedelta(days=first.weekday())
    return [start + timedelta(days=step) for step in range(0, (last - start).days + 1, 7)]


def weekly(
    worth: Worth,
    performance: Performance,
    cost: pd.DataFrame,
    volume: pd.DataFrame,
    span: Period,
    mature_through: date | None,
) -> tuple[Week, ...]:
    """Every week of the span.

    A week is mature when all of its days within the span are; value, net and performance of an
    open week are None, because late outcomes would make it look worse than it is. A week without
    data is a gap: its value and performance are None, not zero.

    Args:
        worth: Value over a period of mature days.
        performance: The measure of quality.
        cost: Cost fact.
        volume: Volume fact, segment ``all``.
        span: First and last day of the figures.
        mature_through: Last mature day; None when none is.
    """
    costs = ByDay.of(cost.assign(amount=cost["amount"].astype(float)), ["amount"])
    served = ByDay.of(volume, ["predictions"])
    weeks = []
    for start in mondays(span.first, span.last):
        days = Period(max(start, span.first), min(start + timedelta(days=6), span.last))
        mature = mature_through is not None and days.last <= mature_through
        value = worth(days).value if mature else None
        paid = float(costs.total(days)[0])
        ends = np.datetime64(days.first), np.datetime64(days.last)
        weeks.append(
            Week(
                start=start,
                value=value,
                cost=paid,
                net=None if value is None else value - paid,
                predictions=round(float(served.total(days)[0])),
                performance=performance.between(*ends) if mature else None,
                mature=mature,
                days=len(served.rows(days)),
            )
        )
    return tuple(weeks)
