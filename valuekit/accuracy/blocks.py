"""Intervals for sums and ratios of sums over days, when days resemble their neighbours.

Errors of one day are alike and days resemble each other, so rows are not independent; only daily
sums are kept anyway. The long-run variance is the equal-weighted cosine estimator with
B = 0.4 T^(2/3) cosines and a t distribution with B degrees of freedom (Lazarus, Lewis, Stock &
Watson 2018, JBES 36:541), which holds its level where Newey-West with a normal quantile does not.
Only low frequencies enter, so a weekly pattern does not widen the interval.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

MIN_DAYS = 8
FEW_DAYS = f"An interval needs at least {MIN_DAYS} days with data."
METHOD = "daily sums, cosine long-run variance"


@dataclass(frozen=True, slots=True)
class Blocked:
    """A figure over days: value, standard error and degrees of freedom (None with few days)."""

    value: float
    se: float | None
    df: int | None
    days: int


def long_run(u: NDArray[np.float64]) -> tuple[float, int]:
    """Variance of the sum of a series of daily values, and its degrees of freedom.

    Args:
        u: Values by day in order, at least two; their mean is removed by the cosines.
    """
    T = len(u)
    waves = _cosines(T)
    projected = math.sqrt(2 / T) * (waves @ (u - u.mean()))
    return float(T * (projected**2).mean()), len(waves)


@lru_cache(maxsize=4)
def _cosines(T: int) -> NDArray[np.float64]:
    """The B lowest cosines over T days, shape (B, T): the same for every figure of a model."""
    B = max(1, math.floor(0.4 * T ** (2 / 3)))
    j = np.arange(1, B + 1)[:, None]
    waves: NDArray[np.float64] = np.cos(np.pi * j * (np.arange(T) + 0.5) / T)
    waves.flags.writeable = False
    return waves


def ratio_of_sums(top: ArrayLike, base: ArrayLike) -> Blocked | None:
    """R = sum(top) / sum(base) over days, by linearisation u_d = (top_d - R base_d) / sum(base).

    Args:
        top: Numerator by day, in order of the days.
        base: Denominator by day.

    Returns:
        None when the denominators sum to zero.
    """
    x, y = np.asarray(top, dtype=np.float64), np.asarray(base, dtype=np.float64)
    below = float(y.sum())
    if below == 0:
        return None
    ratio = float(x.sum()) / below
    return _blocked(ratio, (x - ratio * y) / below)


def total_of_days(values: ArrayLike) -> Blocked:
    """Sum over days; its uncertainty is that of days alike in another stretch of time."""
    x = np.asarray(values, dtype=np.float64)
    return _blocked(float(x.sum()), x)


def _blocked(value: float, u: NDArray[np.float64]) -> Blocked:
    if len(u) < MIN_DAYS:
        return Blocked(value, None, None, len(u))
    spread, df = long_run(u)
    return Blocked(value, math.sqrt(spread), df, len(u))
