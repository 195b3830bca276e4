"""Where to draw the line: money by threshold, and what another threshold would be worth.

V(t) = sum over bins at or above t of (n1 v_TP + n0 v_FP) + sum below t of (n1 v_FN + n0 v_TN),
amounts that vary by row entering through the sums of the value column. The best threshold is
chosen on one period and valued on the next: on its own period it flatters itself.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from valuekit.accuracy.payoff import Amounts
from valuekit.accuracy.report import from_se
from valuekit.accuracy.score_bins import Floats, ScoreBins
from valuekit.estimate import Estimate, Period
from valuekit.scorecard import Point
from valuekit.workspace.declare import Matrix


@dataclass(frozen=True, slots=True)
class ThresholdGain:
    """Money left at today's threshold.

    Attributes:
        best: Threshold with the most money in the period it was chosen on.
        today: Threshold in use.
        per_row: Money per row that ``best`` adds over ``today`` in the period it is judged on.
        total: The same over all rows of that period.
    """

    best: float
    today: float
    per_row: Estimate
    total: Estimate


def thresholds(bins: ScoreBins) -> Floats:
    """Candidate thresholds: act on all, each further bin edge, and act on none (above the last)."""
    last = bins.edges[-1]
    return np.append(bins.edges, max(1.0, np.nextafter(last, np.inf)))


def money_by_threshold(bins: ScoreBins, matrix: Matrix) -> Floats:
    """Total money at each of :func:`thresholds`, over labelled rows."""
    amounts = Amounts.of(matrix)
    left, acted = (_bin_money(bins, amounts, decision) for decision in (0, 1))
    below = np.concatenate(([0.0], np.cumsum(left)))
    above = np.concatenate((np.cumsum(acted[::-1])[::-1], [0.0]))
    return np.asarray(below + above, dtype=np.float64)


def value_curve(bins: ScoreBins, matrix: Matrix, limit: int = 200) -> tuple[Point, ...]:
    """Points (threshold, money per labelled row), at most ``limit``; empty without labels."""
    if not bins.rows:
        return ()
    x, y = thresholds(bins), money_by_threshold(bins, matrix) / bins.rows
    picked = np.unique(np.linspace(0, len(x) - 1, min(limit, len(x))).round().astype(int))
    return tuple(Point(float(x[i]), float(y[i])) for i in picked)


def best_threshold(bins: ScoreBins, matrix: Matrix) -> float | None:
    """The threshold with the most money, the lowest of equals; None without labels."""
    if not bins.rows:
        return None
    return float(thresholds(bins)[int(np.argmax(money_by_threshold(bins, matrix)))])


def threshold_gain(
    choose: ScoreBins,
    judge: ScoreBins,
    matrix: Matrix,
    today: float,
    *,
    unit: str,
    level: float = 0.95,
    period: Period | None = None,
) -> ThresholdGain | None:
    """Money that the threshold chosen on one period would have added in the next.

    Args:
        choose: Scores of the earlier period.
        judge: Scores of the later period, on the same layout.
        matrix: Declared payoffs.
        today: Threshold in use; rows in bins that start at or above it are acted on.
        unit: Currency.
        level: Confidence level.
        period: Days of the later period.

    Returns:
        None when either period has no labels.
    """
    best = best_threshold(choose, matrix)
    if best is None or not judge.rows:
        return None
    per_row = _gain(judge, Amounts.of(matrix), best, today, unit, level, period)
    return ThresholdGain(best, today, per_row, per_row.scaled(judge.rows, unit))


def _gain(
    bins: ScoreBins,
    amounts: Amounts,
    best: float,
    today: float,
    unit: str,
    level: float,
    period: Period | None,
) -> Estimate:
    rate, n = f"{unit}/prediction", bins.rows
    low, high = sorted((best, today))
    changed = (bins.edges >= low) & (bins.edges < high)
    sign = 1.0 if best < today else -1.0
    fixed, slope = (sign * (one[1] - one[0]) for one in (amounts.fixed, amounts.rate))
    n0, n1 = float(bins.n0[changed].sum()), float(bins.n1[changed].sum())
    v0, v1 = float(bins.v0[changed].sum()), float(bins.v1[changed].sum())
    mean = (fixed[0] * n0 + fixed[1] * n1 + slope[0] * v0 + slope[1] * v1) / n
    if not changed.any() or n0 + n1 == 0:
        why = "Today's threshold is the best one: no decision would change."
        return Estimate(0.0, rate, n=n, method="value curve", period=period, reason=why)
    if slope.any():
        why = "Amounts vary by row and only their sums are kept by bin, so there is no interval."
        return Estimate(mean, rate, n=n, method="value curve", period=period, reason=why)
    square = (fixed[0] ** 2 * n0 + fixed[1] ** 2 * n1) / n
    se = math.sqrt(max(square - mean**2, 0.0) / max(n - 1, 1))
    method = "value curve (multinomial)"
    return from_se(mean, se, unit=rate, method=method, n=n, level=level, period=period)


def _bin_money(bins: ScoreBins, amounts: Amounts, decision: int) -> Floats:
    fixed, rate = amounts.fixed[decision], amounts.rate[decision]
    money = fixed[0] * bins.n0 + fixed[1] * bins.n1 + rate[0] * bins.v0 + rate[1] * bins.v1
    return np.asarray(money, dtype=np.float64)
