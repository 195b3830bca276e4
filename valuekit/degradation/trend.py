"""Is there a trend: Mann-Kendall with Hamed and Rao's correction, slope by Theil-Sen."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from valuekit.estimate import Estimate, unknown

if TYPE_CHECKING:
    from valuekit.degradation.performance import Floats

LEAST = 10


def _score(values: Floats) -> tuple[float, float]:
    """Mann-Kendall S and its variance under independence, with ties (Kendall 1975)."""
    n = len(values)
    s = float(sum(np.sign(values[i + 1 :] - values[i]).sum() for i in range(n - 1)))
    _, ties = np.unique(values, return_counts=True)
    tied = float((ties * (ties - 1) * (2 * ties + 5)).sum())
    return s, (n * (n - 1) * (2 * n + 5) - tied) / 18


def _ranks(values: Floats) -> Floats:
    order = np.argsort(values, kind="stable")
    ranks = np.empty(len(values))
    ranks[order] = np.arange(1, len(values) + 1)
    _, at, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.bincount(at, ranks) / counts)[at], dtype=np.float64)


def _correction(values: Floats, slope: float) -> float:
    """Ratio n/n* of Hamed & Rao (1998), J. Hydrology 204, eq. 9: significant lags only."""
    n = len(values)
    ranks = _ranks(values - slope * np.arange(1, n + 1))
    rest = ranks - ranks.mean()
    power = float(rest @ rest)
    if power == 0:
        return 1.0
    bound = 1.959964 / math.sqrt(n)
    total = 0.0
    for lag in range(1, n - 1):
        r = float(rest[lag:] @ rest[:-lag]) / power
        if abs(r) > bound:
            total += (n - lag) * (n - lag - 1) * (n - lag - 2) * r
    return max(1 + 2 * total / (n * (n - 1) * (n - 2)), 1e-6)


def mann_kendall(values: Floats, *, corrected: bool = True) -> float | None:
    """The z statistic, with continuity correction; None below ten observations or without spread.

    Args:
        values: Observations in time order.
        corrected: Inflate the variance for autocorrelation (Hamed & Rao 1998).
    """
    if len(values) < LEAST or np.ptp(values) == 0:
        return None
    s, variance = _score(values)
    if corrected:
        variance *= _correction(values, _slopes(values)[1])
    return float((s - np.sign(s)) / math.sqrt(variance))


def _slopes(values: Floats) -> tuple[Floats, float]:
    at = np.arange(len(values), dtype=np.float64)
    i, j = np.triu_indices(len(values), 1)
    slopes = np.sort((values[j] - values[i]) / (at[j] - at[i]))
    return slopes, float(np.median(slopes))


def theil_sen(values: Floats, unit: str) -> Estimate:
    """Median slope per step with a 95% interval from the variance of Kendall's S (Sen 1968)."""
    method = "Theil-Sen slope, Mann-Kendall with Hamed-Rao correction"
    if len(values) < LEAST:
        return unknown(f"fewer than {LEAST} mature weeks", unit, method=method)
    slopes, middle = _slopes(values)
    if np.ptp(values) == 0:
        return unknown("every week has the same value", unit, method=method)
    variance = _score(values)[1] * max(1.0, _correction(values, middle))
    reach = float(special.ndtri(0.975)) * math.sqrt(variance)
    last = len(slopes) - 1
    low = int(np.clip(math.floor((len(slopes) - reach) / 2), 0, last))
    high = int(np.clip(math.ceil((len(slopes) + reach) / 2), 0, last))
    return Estimate(
        value=middle,
        unit=unit,
        low=float(slopes[low]),
        high=float(slopes[high]),
        n=len(values),
        method=method,
    )
