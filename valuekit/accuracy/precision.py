"""Average precision: the precision-recall curve in one number."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import expit, logit

from valuekit.accuracy.score_bins import ScoreBins
from valuekit.critical import critical
from valuekit.estimate import Estimate, Period, unknown

_ROUNDING = 1e-12  # of a sum of shares that add up to 1


def average_precision(
    bins: ScoreBins, *, level: float = 0.95, period: Period | None = None
) -> Estimate:
    """sum_t (R_t - R_{t-1}) P_t over thresholds at the bin edges, without interpolation.

    The definition scikit-learn uses; exact where the layout is. The interval is the logit one of
    Boyd, Eng & Page (2013, ECML PKDD): eta = logit(AP), se = 1 / sqrt(N1 AP (1 - AP)). A model
    without skill scores the share of positives.
    """
    if not bins.positives or not bins.negatives:
        which = "positive" if not bins.positives else "negative"
        return unknown(f"There are no {which} labels.", "1", period=period)
    hits = np.cumsum(bins.n1[::-1])
    shown = hits + np.cumsum(bins.n0[::-1])
    precision = np.divide(hits, shown, out=np.zeros(len(hits)), where=shown > 0)
    value = float((bins.n1[::-1] / bins.positives) @ precision)
    method = "average precision (step-wise; Boyd's logit interval)"
    if value > 1 - _ROUNDING:
        why = "Every positive ranks above every negative, so there is no interval."
        return Estimate(1.0, "1", n=bins.rows, method=method, period=period, reason=why)
    half = critical(level) / math.sqrt(bins.positives * value * (1 - value))
    low, high = (float(expit(logit(value) + side * half)) for side in (-1, 1))
    return Estimate(
        value, "1", low=low, high=high, level=level, n=bins.rows, method=method, period=period
    )
