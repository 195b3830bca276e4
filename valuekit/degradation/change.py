"""When did it change: one change point of a series, dated with an interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from valuekit.degradation.season import deseasonalised

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

    from valuekit.degradation.performance import Days, Floats

LEAST_SEGMENT = 7
# 95% quantile of the likelihood ratio of a break date: -2 ln(1 - sqrt(.95)), Hansen (2000),
# Econometrica 68, eq. 9; for break dates Eo & Morley (2015), Quantitative Economics 6.
DATE_CRITICAL = -2 * np.log(1 - np.sqrt(0.95))


@dataclass(frozen=True, slots=True)
class Split:
    """The best split of a series in two.

    Attributes:
        index: Number of observations before the change.
        low: The same at the early end of the 95% interval.
        high: The same at the late end.
        before: Mean before.
        after: Mean after.
        abrupt: Whether one step fits better than a straight line.
        gain: Fall of the sum of squares by the split, in units of the noise variance.
    """

    index: int
    low: int
    high: int
    before: float
    after: float
    abrupt: bool
    gain: float


@dataclass(frozen=True, slots=True)
class Dated:
    """A split with its days: the first day after the change, and its interval."""

    day: date
    low: date
    high: date
    split: Split


def noise_variance(values: Floats) -> float:
    """Long-run variance about a moving level, robust to a few breaks.

    From first differences by median absolute deviation, var(diff) / 2, times
    (1 + r) / (1 - r) when the lag-1 autocorrelation r about a running median is positive:
    without that, correlated noise looks like changes (AR .3 halves the distance between false
    alarms).
    """
    if len(values) < 3:
        return 0.0
    diff = np.diff(values)
    spread = float(np.median(np.abs(diff - np.median(diff)))) / 0.6744898
    variance = spread**2 / 2
    if variance == 0:
        variance = float(np.var(diff)) / 2
    return variance * _inflation(values)


def _inflation(values: Floats) -> float:
    window = 2 * LEAST_SEGMENT + 1
    if len(values) < 2 * window:
        return 1.0
    padded = np.pad(values, window // 2, mode="edge")
    level = np.median(np.lib.stride_tricks.sliding_window_view(padded, window), axis=1)
    rest = values - level
    power = float(rest @ rest)
    r = float(rest[1:] @ rest[:-1]) / power if power > 0 else 0.0
    r = min(max(r, 0.0), 0.8)
    return (1 + r) / (1 - r)


def gains(values: Floats) -> Floats:
    """Fall of the sum of squares by a split after 1..n-1 observations: n1 n2/n (m1 - m2)^2."""
    n = len(values)
    before = np.arange(1, n)
    sums = np.cumsum(values - values.mean())[:-1]
    return np.asarray(sums**2 * n / (before * (n - before)), dtype=np.float64)


def split(values: Floats, least: int = LEAST_SEGMENT) -> Split | None:
    """The most telling of the change points of a series; None when it has none.

    Those of :func:`cuts` with penalty 2 ln(n) times the noise variance, segments of at least
    ``least`` observations. Of its points the one whose split of
    the whole series explains most is kept. The interval holds every split whose likelihood ratio
    against it is below the 95% quantile of Hansen (2000).

    Args:
        values: The series, in time order, without gaps of meaning.
        least: Shortest segment.
    """
    n = len(values)
    variance = noise_variance(values)
    if n < 2 * least or variance <= 0:
        return None
    penalty = 2 * np.log(n) * variance
    fall = gains(values)
    if fall.max() <= penalty:
        return None  # no point, whichever they are, is worth its penalty
    worth = [point for point in cuts(values, penalty, least) if fall[point - 1] > penalty]
    if not worth:
        return None
    best = max(worth, key=lambda point: float(fall[point - 1]))
    inside = np.arange(least, n - least + 1)
    held = inside[(fall[best - 1] - fall[inside - 1]) / variance <= DATE_CRITICAL]
    return Split(
        index=best,
        low=int(min(held.min(), best)),
        high=int(max(held.max(), best)),
        before=float(values[:best].mean()),
        after=float(values[best:].mean()),
        abrupt=_step_beats_line(values, best),
        gain=float(fall[best - 1] / variance),
    )


def cuts(values: Floats, penalty: float, least: int) -> list[int]:
    """The change points that minimise squared error plus a penalty for each, exactly.

    Optimal partitioning (Jackson et al. 2005, IEEE Signal Processing Letters 12:105):
    F(t) = min over s of F(s) + C(s, t) + penalty, C being the sum of squares about the segment's
    mean. PELT (Killick, Fearnhead & Eckley 2012) leaves candidates s out that can no longer win;
    all of them, side by side in memory, are compared in less time, at ten years of days as well.

    Args:
        values: The series, in time order.
        penalty: Fall of the sum of squares that a change must bring.
        least: Shortest segment, 1 or more.

    Returns:
        Numbers of observations before each change, ascending; of equally good last changes the
        earliest.
    """
    n = len(values)
    centred = values - values.mean()
    total = np.concatenate(([0.0], np.cumsum(centred)))
    square = np.concatenate(([0.0], np.cumsum(centred**2)))
    widths = np.arange(n, -1.0, -1.0)
    best, last = np.full(n + 1, np.inf), np.zeros(n + 1, dtype=np.intp)
    best[0] = 0.0  # before the shortest segment nothing else can end
    for end in range(least, n + 1):
        held = slice(0, end - least + 1)
        cost = best[held] + square[end] - square[held]
        cost -= (total[end] - total[held]) ** 2 / widths[n - end : n - least + 1]
        place = int(cost.argmin())
        best[end], last[end] = cost[place] + penalty, place
    found: list[int] = []
    at = int(last[n])
    while at > 0:
        found.append(at)
        at = int(last[at])
    return found[::-1]


def _step_beats_line(values: Floats, index: int) -> bool:
    at: NDArray[np.float64] = np.arange(len(values), dtype=np.float64)
    line = np.polyval(np.polyfit(at, values, 1), at)
    step = np.where(at < index, values[:index].mean(), values[index:].mean())
    return bool(((values - step) ** 2).sum() < ((values - line) ** 2).sum())


def dated(days: Days, values: Floats) -> Dated | None:
    """The change point of a daily series with its weekly pattern removed.

    Args:
        days: Ascending distinct days, mature ones only.
        values: One value a day.

    Returns:
        The first day after the change with a 95% interval; None without a change, or when there
        are fewer than two segments' worth of days.
    """
    found = split(deseasonalised(days, values))
    if found is None:
        return None
    last = len(days) - 1
    return Dated(
        day=_day(days, found.index),
        low=_day(days, found.low),
        high=_day(days, min(found.high, last)),
        split=found,
    )


def _day(days: Days, index: int) -> date:
    made: date = days[index].astype("datetime64[D]").item()
    return made
