"""The weekly pattern taken out of a daily series."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from valuekit.degradation.performance import Days, Floats

WEEK = 7
LEAST = 3 * WEEK


def deseasonalised(days: Days, values: Floats) -> Floats:
    """The series less its weekly component by STL (Cleveland et al. 1990, robust).

    Missing days are filled in by interpolation for the fit only. A series shorter than three
    weeks is returned as it is.

    Args:
        days: Ascending distinct days.
        values: One value a day.
    """
    if len(values) < LEAST or np.ptp(values) == 0:
        return values
    from statsmodels.tsa.seasonal import STL

    at = (days - days[0]).astype(int)
    grid = np.arange(at[-1] + 1)
    filled = np.interp(grid, at, values)
    seasonal = np.asarray(STL(filled, period=WEEK, seasonal=35, robust=True).fit().seasonal)
    return np.asarray(values - seasonal[at], dtype=np.float64)
