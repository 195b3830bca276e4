"""Do scores mean what they say? Calibration error, calibration bins, Brier score and log-loss."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from scipy import special

from valuekit.accuracy.blocks import ratio_of_sums
from valuekit.accuracy.report import from_days
from valuekit.accuracy.score_bins import Floats, ScoreBins
from valuekit.estimate import Estimate, Period, unknown
from valuekit.facts import only, period_of
from valuekit.scorecard import CalibrationBin

BINS = 15


def calibration_bins(bins: ScoreBins, k: int = BINS) -> tuple[CalibrationBin, ...]:
    """Mean score and observed rate in about ``k`` bins of equal mass; fewer when scores repeat."""
    n, p, y = _equal_mass(bins, k)
    return tuple(
        CalibrationBin(predicted=float(a / c), observed=float(b / c), n=int(c))
        for c, a, b in zip(n, p, y, strict=True)
    )


def ece(bins: ScoreBins, k: int = BINS, *, period: Period | None = None) -> Estimate:
    """Expected calibration error: mean distance of score and observed rate, debiased.

    sum_b (n_b/N) (2|d_b| - E|d_b + s_b Z|) with d_b = mean score - rate and s_b^2 = rate (1 -
    rate) / n_b, not below 0. The plain sum is above zero even for a perfectly calibrated model;
    the second term takes off what the same noise would add once more, about 40% of that excess
    when nothing is wrong and all of it when something is (Kumar, Liang & Ma 2019, NeurIPS,
    sec. 5, their resampling in closed form by the folded normal's mean).
    """
    n, p, y = _equal_mass(bins, k)
    if not n.size:
        return unknown("There are no labelled scores.", "1", period=period)
    rate = y / n
    gap = np.abs(p / n - rate)
    s = np.sqrt(rate * (1 - rate) / n)
    ratio = np.divide(gap, s, out=np.full(len(gap), np.inf), where=s > 0)
    folded = s * math.sqrt(2 / math.pi) * np.exp(-(ratio**2) / 2) + gap * (
        1 - 2 * special.ndtr(-ratio)
    )
    value = max(float(n @ (2 * gap - folded)) / float(n.sum()), 0.0)
    return Estimate(
        value=value,
        unit="1",
        n=int(n.sum()),
        method=f"expected calibration error ({len(n)} equal-mass bins, debiased)",
        period=period,
        reason="No interval is computed for a calibration error.",
    )


def brier(frame: pd.DataFrame, *, level: float = 0.95, period: Period | None = None) -> Estimate:
    """Mean squared distance of score and label, from exact sums (Brier 1950); lower is better."""
    return _mean_loss(frame, "brier", "Brier score", "1", level, period)


def log_loss(frame: pd.DataFrame, *, level: float = 0.95, period: Period | None = None) -> Estimate:
    """Mean of -ln p(label), from exact sums, scores clipped to [1e-15, 1 - 1e-15]."""
    return _mean_loss(frame, "log_loss", "log-loss", "nats", level, period)


def _mean_loss(
    frame: pd.DataFrame, column: str, name: str, unit: str, level: float, period: Period | None
) -> Estimate:
    only(frame, "model", "segment")
    labelled = (frame["label"] != "").to_numpy(dtype=np.bool_)
    label = period or period_of(frame[labelled])
    at = pd.factorize(frame["day"].to_numpy()[labelled], sort=True)[0]
    lost, total = (
        np.bincount(at, frame[name].to_numpy(dtype=np.float64)[labelled])
        for name in (column, "total")
    )
    found = ratio_of_sums(lost, total)
    if found is None:
        return unknown("There are no labelled scores.", unit, period=label)
    n = round(float(total.sum()))
    return from_days(found, unit=unit, name=name, n=n, level=level, period=label)


def _equal_mass(bins: ScoreBins, k: int) -> tuple[Floats, Floats, Floats]:
    """Rows, sum of scores and positives in about k groups of neighbouring bins."""
    n = (bins.n1 + bins.n0).astype(np.float64)
    total = n.sum()
    if total == 0:
        return np.zeros(0), np.zeros(0), np.zeros(0)
    middle = (np.cumsum(n) - n / 2) / total
    group = np.minimum((middle * k).astype(int), k - 1)
    sums = [
        np.bincount(group, weights=column, minlength=k).astype(np.float64)
        for column in (n, bins.p1 + bins.p0, bins.n1)
    ]
    kept = sums[0] > 0
    return sums[0][kept], sums[1][kept], sums[2][kept]
