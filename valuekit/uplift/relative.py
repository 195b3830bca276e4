"""Relative lift: how much higher the treated units' total is than it would have been.

R = T / B - 1 with T = sum n1 mean1 over the treated and B = sum n1 mean0 their counterfactual;
with one epoch and one arm it is mean1 / mean0 - 1.

* ``log`` (default): L = ln(T/B), V = V_T/T^2 + V_B/B^2, interval exp(L +- t sqrt V) - 1.
* ``delta``: V(R) = V_T/B^2 + T^2 V_B/B^4, symmetric (Deng, Knoblich & Lu 2018).
* ``fieller``: the set of R not rejected by a t test of T - (1 + R) B = 0 (Fieller 1954); right
  when the base is weak (below three standard errors) or the metric can be negative.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from valuekit.critical import critical
from valuekit.estimate import Estimate, Period, unknown
from valuekit.facts import period_of
from valuekit.moments import Moments
from valuekit.uplift.arms import Epochs, arm_epochs
from valuekit.uplift.stratified import Stratified, satterthwaite, stratify_epochs, total

Method = Literal["log", "delta", "fieller"]
WEAK_BASE = 3.0  # standard errors of the base below which its logarithm is not trusted


@dataclass(frozen=True, slots=True)
class Ratio:
    """Two independent totals whose ratio is wanted, with their variances and degrees of freedom."""

    top: float
    top_parts: tuple[tuple[float, int], ...]
    base: float
    base_parts: tuple[tuple[float, int], ...]
    n: int

    @property
    def variances(self) -> tuple[float, float]:
        """Variance of the top and of the base."""
        return sum(v for v, _ in self.top_parts), sum(v for v, _ in self.base_parts)

    def df(self, top_scale: float, base_scale: float) -> float:
        """Satterthwaite degrees of freedom of ``top_scale^2 V_T + base_scale^2 V_B``."""
        top = [(v * top_scale**2, df) for v, df in self.top_parts]
        return satterthwaite([*top, *((v * base_scale**2, df) for v, df in self.base_parts)])


def weak(ratio: Ratio) -> bool:
    """Whether the base lies within three standard errors of zero: too weak to be a measure."""
    v_base = ratio.variances[1]
    return v_base > 0 and abs(ratio.base) < WEAK_BASE * math.sqrt(v_base)


def relative_lift(  # noqa: PLR0913 - settings by keyword, with defaults
    frame: pd.DataFrame,
    control: str,
    treated: str | Sequence[str] | None = None,
    *,
    method: Method = "log",
    nonnegative: bool = True,
    level: float = 0.95,
    period: Period | None = None,
    epochs: Epochs | None = None,
    capped: bool = False,
) -> Estimate:
    """Relative lift of a holdout, stratified by epoch, as a share (0.05 is +5%).

    Args:
        frame: Effect rows of one metric and segment, mature days only.
        control: Control arm.
        treated: Treated arm or arms; None for all others.
        method: ``log``, ``delta`` or ``fieller``.
        nonnegative: Whether the metric cannot be negative; if it can, ``log`` becomes Fieller.
        level: Confidence level.
        period: Label; the frame's days by default.
        epochs: The frame merged by epoch and arm already, where it is at hand.
        capped: Use the outcome capped at the registered cap.
    """
    epochs = arm_epochs(frame) if epochs is None else epochs
    strata = stratify_epochs(epochs, control, treated, capped=capped)
    label = period_of(frame, period)
    if strata.reason:
        return unknown(strata.reason, "share", period=label)
    found = ratio_estimate(
        ratio_of(strata), method=method, nonnegative=nonnegative, level=level, period=label
    )
    return found.with_grade(None, *strata.excluded)


def relative_from_moments(
    treated: Moments,
    control: Moments,
    *,
    method: Method = "log",
    nonnegative: bool = True,
    level: float = 0.95,
    period: Period | None = None,
) -> Estimate:
    """Relative lift of one treated arm over one control, from their moments."""
    if min(treated.n, control.n) < 2:
        return unknown("An arm has fewer than two units.", "share", period=period)
    ratio = Ratio(
        treated.mean_of(),
        ((treated.variance() / treated.n, treated.n - 1),),
        control.mean_of(),
        ((control.variance() / control.n, control.n - 1),),
        treated.n + control.n,
    )
    return ratio_estimate(ratio, method=method, nonnegative=nonnegative, level=level, period=period)


def ratio_of(strata: Stratified) -> Ratio:
    """The two totals of a stratified difference."""
    return Ratio(
        total(strata.treated),
        tuple((term.weight**2 * term.variance, term.df) for term in strata.treated),
        -total(strata.control),
        tuple((term.weight**2 * term.variance, term.df) for term in strata.control),
        strata.units + strata.control_units,
    )


def ratio_estimate(
    ratio: Ratio,
    *,
    method: Method = "log",
    nonnegative: bool = True,
    level: float = 0.95,
    period: Period | None = None,
) -> Estimate:
    """Relative lift of two totals; unknown when the base is not above zero or too weak."""
    v_top, v_base = ratio.variances
    if v_top + v_base <= 0:
        return unknown("Every unit has the same outcome in each arm.", "share", period=period)
    if ratio.base <= 0:
        why = "The control's mean is not above zero, so a relative change has no meaning."
        return unknown(why, "share", period=period)
    if method == "log" and (weak(ratio) or not nonnegative or ratio.top <= 0):
        method = "fieller"
    found = {"log": _log, "delta": _delta, "fieller": _fieller}[method](ratio, level)
    if found is None:
        why = "The control's mean is too uncertain for a relative change (it may be zero)."
        return unknown(why, "share", period=period, method=method)
    low, high, se, df = found
    return Estimate(
        value=ratio.top / ratio.base - 1,
        unit="share",
        low=low,
        high=high,
        level=level,
        se=se,
        df=df,
        n=ratio.n,
        method=f"relative lift ({_NAMES[method]})",
        period=period,
    )


_NAMES = {"log": "log scale", "delta": "delta method", "fieller": "Fieller"}
_Found = tuple[float, float, float, float]


def _log(ratio: Ratio, level: float) -> _Found:
    v_top, v_base = ratio.variances
    spread = math.sqrt(v_top / ratio.top**2 + v_base / ratio.base**2)
    df = ratio.df(1 / ratio.top, 1 / ratio.base)
    middle, half = math.log(ratio.top / ratio.base), critical(level, df) * spread
    se = spread * ratio.top / ratio.base
    return math.expm1(middle - half), math.expm1(middle + half), se, df


def _delta_se(ratio: Ratio) -> tuple[float, float]:
    v_top, v_base = ratio.variances
    se = math.sqrt(v_top / ratio.base**2 + ratio.top**2 * v_base / ratio.base**4)
    return se, ratio.df(1 / ratio.base, ratio.top / ratio.base**2)


def _delta(ratio: Ratio, level: float) -> _Found:
    se, df = _delta_se(ratio)
    middle, half = ratio.top / ratio.base - 1, critical(level, df) * se
    return middle - half, middle + half, se, df


def _fieller(ratio: Ratio, level: float) -> _Found | None:
    v_top, v_base = ratio.variances
    se, df = _delta_se(ratio)
    t2 = critical(level, df) ** 2
    # Roots of (B^2 - t^2 V_B) r^2 - 2 T B r + (T^2 - t^2 V_T) = 0, r = 1 + R.
    a = ratio.base**2 - t2 * v_base
    if a <= 0:
        return None
    b = ratio.top * ratio.base
    root = math.sqrt(max(b * b - a * (ratio.top**2 - t2 * v_top), 0.0))
    return (b - root) / a - 1, (b + root) / a - 1, se, df
