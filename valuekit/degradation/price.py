"""What a dated change has cost since, with the uncertainty of the money and of the date."""

from __future__ import annotations

import math
from datetime import date, timedelta
from typing import TYPE_CHECKING

from scipy import special

from valuekit.estimate import Estimate, Period, unknown

if TYPE_CHECKING:
    from valuekit.degradation.change import Dated
    from valuekit.value.money import Worth

METHOD = "(value a day before - value a day after) x days since"


def lost_since(worth: Worth, change: Dated, first: date, last: date) -> Estimate:
    """Money lost since a change: positive is lost, negative gained.

    ``lost = (V1/d1 - V2/d2) d2`` with V the value and d the days before (1) and after (2).
    Variance: ``(se1 d2/d1)^2 + se2^2`` and, for the date's own uncertainty, the squared quarter
    of the range of ``lost`` over the interval of the date.

    Args:
        worth: Value over a period of mature days.
        change: The dated change.
        first: First mature day.
        last: Last mature day.
    """
    middle = _lost(worth, change.day, first, last)
    if middle.value is None:
        return middle
    ends = [_lost(worth, day, first, last).value for day in (change.low, change.high)]
    known = [middle.value, *(one for one in ends if one is not None)]
    of_date = (max(known) - min(known)) / 4
    if middle.se is None:
        return middle
    se = math.hypot(middle.se, of_date)
    half = float(special.ndtri(0.975)) * se
    return Estimate(
        value=middle.value,
        unit=middle.unit,
        low=middle.value - half,
        high=middle.value + half,
        se=se,
        n=middle.n,
        method=METHOD,
        grade=middle.grade,
        period=middle.period,
        notes=("the interval includes the uncertainty of the date",),
    )


def _lost(worth: Worth, day: date, first: date, last: date) -> Estimate:
    if not first < day <= last:
        return unknown("the change is at the edge of the mature days", "", method=METHOD)
    before, after = Period(first, day - timedelta(days=1)), Period(day, last)
    early, late = worth(before), worth(after)
    if early.value is None or late.value is None:
        return unknown(early.reason or late.reason, late.unit, period=after, method=METHOD)
    scale = after.days / before.days
    se = None
    if early.se is not None and late.se is not None:
        se = math.hypot(early.se * scale, late.se)
    return Estimate(
        value=early.value * scale - late.value,
        unit=late.unit,
        se=se,
        n=after.days,
        method=METHOD,
        grade=late.grade,
        period=after,
    )
