"""How well scores rank: ROC AUC, Gini, Kolmogorov-Smirnov and the curve, from binned scores.

AUC = sum_b n1b (N0(<b) + n0b / 2) / (N1 N0): the share of positive-negative pairs in the right
order, ties half (Hanley & McNeil 1982, Radiology 143:29). Pairs inside one bin are unknown, so
binning moves AUC by at most +-sum_b n1b n0b / (2 N1 N0), and by nothing where a bin holds one
value. The standard error is DeLong's on mid-ranks (DeLong et al. 1988, Biometrics 44:837), the
interval is formed on the logit scale (Pepe 2003, sec. 5.2).
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import expit, logit

from valuekit.accuracy.score_bins import Floats, ScoreBins
from valuekit.critical import critical
from valuekit.estimate import Estimate, Period, unknown
from valuekit.scorecard import Point

_ROUNDING = 1e-12  # of a sum of shares that add up to 1


def roc_auc(bins: ScoreBins, *, level: float = 0.95, period: Period | None = None) -> Estimate:
    """Area under the ROC curve, 0.5 for a coin, 1 for a perfect ranking.

    Unknown without rows of both labels. The binning bound is in the notes when it is not zero.
    """
    n1, n0 = bins.positives, bins.negatives
    if not n1 or not n0:
        which = "positive" if not n1 else "negative"
        return unknown(f"There are no {which} labels to rank.", "1", period=period)
    above = _below_share(bins.n0)  # for a positive: share of negatives it beats
    below = 1 - _below_share(bins.n1)  # for a negative: share of positives above it
    auc = float(bins.n1 @ above) / n1
    se = math.sqrt(_spread(bins.n1, above) + _spread(bins.n0, below))
    bound = auc_bound(bins)
    notes = (f"Binning moves it by at most ±{bound:.2g}.",) if bound > 0 else ()
    common = {"n": bins.rows, "method": "ROC AUC (DeLong, logit)", "period": period, "notes": notes}
    if se == 0 or not _ROUNDING < auc < 1 - _ROUNDING:
        why = "The labels are perfectly separated, so there is no interval."
        return Estimate(auc, "1", reason=why, **common)  # type: ignore[arg-type]  # named above
    half = critical(level) * se / (auc * (1 - auc))
    low, high = (float(expit(logit(auc) + side * half)) for side in (-1, 1))
    return Estimate(auc, "1", low=low, high=high, level=level, se=se, **common)  # type: ignore[arg-type]  # named above


def auc_bound(bins: ScoreBins) -> float:
    """The most by which binning can have moved AUC, either way; zero for exact layouts."""
    pairs = bins.positives * bins.negatives
    if not pairs:
        return 0.0
    within = (bins.n1.astype(np.float64) * bins.n0)[~bins.exact]
    return float(within.sum()) / (2 * pairs)


def gini(bins: ScoreBins, *, level: float = 0.95, period: Period | None = None) -> Estimate:
    """Gini coefficient, 2 AUC - 1."""
    auc = roc_auc(bins, level=level, period=period)
    if auc.value is None:
        return auc
    return Estimate(
        value=2 * auc.value - 1,
        unit="1",
        low=None if auc.low is None else 2 * auc.low - 1,
        high=None if auc.high is None else 2 * auc.high - 1,
        level=level,
        se=None if auc.se is None else 2 * auc.se,
        n=auc.n,
        method="Gini, 2 AUC - 1 (DeLong, logit)",
        period=period,
        reason=auc.reason,
    )


def ks(bins: ScoreBins, *, period: Period | None = None) -> Estimate:
    """Largest distance between the score distributions of both labels, seen at the bin edges."""
    if not bins.positives or not bins.negatives:
        return unknown("Both labels are needed to compare their scores.", "1", period=period)
    gap = np.cumsum(bins.n0) / bins.negatives - np.cumsum(bins.n1) / bins.positives
    return Estimate(
        value=float(np.abs(gap).max()),
        unit="1",
        n=bins.rows,
        method="Kolmogorov-Smirnov between labels, at bin edges",
        period=period,
        reason="No interval is computed for a largest distance.",
    )


def roc_points(bins: ScoreBins, limit: int = 200) -> tuple[Point, ...]:
    """Points (false positive rate, true positive rate) from (0, 0) to (1, 1), at most ``limit``."""
    if not bins.positives or not bins.negatives:
        return ()
    x = np.concatenate(([0.0], np.cumsum(bins.n0[::-1]) / bins.negatives))
    y = np.concatenate(([0.0], np.cumsum(bins.n1[::-1]) / bins.positives))
    moved = np.concatenate(([True], (np.diff(x) > 0) | (np.diff(y) > 0)))
    x, y = x[moved], y[moved]
    picked = np.unique(np.linspace(0, len(x) - 1, min(limit, len(x))).round().astype(int))
    return tuple(Point(float(x[i]), float(y[i])) for i in picked)


def _below_share(n: np.ndarray) -> Floats:
    """Share of these rows below each bin, plus half of those in it."""
    counts = n.astype(np.float64)
    return np.asarray((np.cumsum(counts) - counts / 2) / counts.sum(), dtype=np.float64)


def _spread(n: np.ndarray, score: Floats) -> float:
    """Variance of the mean of ``score`` over rows counted by ``n``."""
    total = float(n.sum())
    if total < 2:
        return 0.0
    mean = float(n @ score) / total
    return float(n @ (score - mean) ** 2) / (total - 1) / total
