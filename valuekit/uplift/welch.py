"""Difference of two means with unequal variances (Welch 1947, Biometrika 34:28)."""

from __future__ import annotations

import math

from valuekit.critical import critical, two_sided_p
from valuekit.estimate import Estimate, Period, unknown
from valuekit.moments import Moments
from valuekit.uplift.stratified import satterthwaite

_METHOD = "difference in means (Welch)"


def welch(
    treated: Moments,
    control: Moments,
    *,
    unit: str,
    level: float = 0.95,
    period: Period | None = None,
) -> Estimate:
    """Mean of the treated less mean of the control, with a t interval.

    ``V = s1^2/n1 + s0^2/n0``, ``df = V^2 / sum[(s^2/n)^2 / (n - 1)]``. Positive when the treated
    arm's mean is higher. Unknown with fewer than two entries in an arm or without any variance.
    """
    smallest = min(treated.n, control.n)
    if smallest < 2:
        why = f"an arm has {smallest} unit{'' if smallest == 1 else 's'}; two are needed"
        return unknown(f"The difference cannot be estimated: {why}.", unit, period=period)
    parts = [(arm.variance() / arm.n, arm.n - 1) for arm in (treated, control)]
    spread = sum(part for part, _ in parts)
    if spread <= 0:
        why = "every unit has the same outcome in each arm"
        return unknown(f"The difference cannot be estimated: {why}.", unit, period=period)
    value = treated.mean_of() - control.mean_of()
    se, df = math.sqrt(spread), satterthwaite(parts)
    half = critical(level, df) * se
    return Estimate(
        value=value,
        unit=unit,
        low=value - half,
        high=value + half,
        level=level,
        se=se,
        df=df,
        n=treated.n + control.n,
        method=_METHOD,
        period=period,
    )


def p_value(estimate: Estimate, null: float = 0.0) -> float | None:
    """Two-sided p-value of an estimate against ``null``; None without a standard error."""
    if estimate.value is None or not estimate.se:
        return None
    return two_sided_p((estimate.value - null) / estimate.se, estimate.df)
