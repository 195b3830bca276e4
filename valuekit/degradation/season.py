"""The weekly pattern taken out of a daily series."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from valuekit.degradation.performance import Days, Floats

WEEK = 7
LEAST = 3 * WEEK


def deseasonalised(days: Days, values: Floats) -> Floats:
    """The series less its weekday effects; shorter than three weeks it is returned as it is.

    Classical decomposition with medians: a weekday's effect is the median, over the weeks, of the
    value less the centred seven-day mean around it; effects are centred on zero. Medians keep a
    break of level or an odd day out of the pattern. On these series it finds the change points
    that STL does, without the seconds that importing STL takes in every run.

    Args:
        days: Ascending distinct days; missing ones are interpolated for the seven-day mean.
        values: One value a day.
    """
    if len(values) < LEAST or np.ptp(values) == 0:
        return values
    at = (days - days[0]).astype(int)
    filled = np.interp(np.arange(at[-1] + 1), at, values)
    padded = np.pad(filled, WEEK // 2, mode="reflect")
    level = np.convolve(padded, np.full(WEEK, 1 / WEEK), mode="valid")
    off = values - level[at]
    weekday = at % WEEK
    effects = np.zeros(WEEK)
    for one in np.unique(weekday):
        effects[one] = np.median(off[weekday == one])
    effects -= effects[np.unique(weekday)].mean()
    return np.asarray(values - effects[weekday], dtype=np.float64)
