"""Difference of ratio metrics, such as revenue per order, by the delta method over units.

R_a = mean(y) / mean(d) in arm a; its variance is that of (y - R_a d) / mean(d) over n_a
(Deng, Knoblich & Lu 2018, KDD). Treating rows as independent covers 86% of a "95%" interval. A
denominator that treatment can move never scales money, so only a difference is reported.

With a covariate from before exposure (CUPED) both ratios are linearised: the difference is
D - theta D_x with D_x that of the earlier ratio mean(x) / mean(e), or of mean(x) where the
covariate has no denominator, and theta as in :mod:`valuekit.uplift.cuped`. The relative difference
is R_1 / R_0 - 1 of the same ratios, by :mod:`valuekit.uplift.relative`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from valuekit.critical import critical
from valuekit.estimate import Estimate, Period, unknown
from valuekit.facts import period_of
from valuekit.moments import Moments
from valuekit.uplift.arms import arm_epochs
from valuekit.uplift.cuped import MIN_R2, shifted, theta
from valuekit.uplift.relative import ratio_estimate, ratio_of
from valuekit.uplift.stratified import Stratified, freedom, stratify_epochs, total, variance


def linearised(arm: Moments) -> Moments:
    """An arm whose mean is its ratio and whose variance is the delta method's.

    Raises:
        ValueError: when the denominators sum to zero.
    """
    below = arm.mean_of("d")
    if below == 0:
        msg = "the denominators of an arm sum to zero: its ratio is not defined"
        raise ValueError(msg)
    ratio = arm.mean_of("y") / below
    spread = arm.linear({"y": 1 / below, "d": -ratio / below})
    return Moments(arm.n, spread.mean + ratio, spread.C, ("y",))


@dataclass(frozen=True, slots=True)
class RatioGap:
    """A ratio metric compared between arms.

    Attributes:
        difference: Treated ratio less control ratio.
        relative: The same over the control ratio, as a share.
        adjusted: Whether a covariate was used.
    """

    difference: Estimate
    relative: Estimate
    adjusted: bool = False


def ratio_gap(
    frame: pd.DataFrame,
    control: str,
    treated: str | Sequence[str] | None = None,
    *,
    unit: str,
    level: float = 0.95,
    period: Period | None = None,
    adjusted: bool = False,
) -> RatioGap:
    """Treated ratio against control ratio; over epochs weighted by treated units.

    Args:
        frame: Effect rows of one metric with a denominator, mature days only.
        control: Control arm.
        treated: Treated arm or arms; None for all others.
        unit: Unit of the ratio.
        level: Confidence level.
        period: Label; the frame's days by default.
        adjusted: Adjust for the covariate, if it explains 2% of the variance or more.
    """
    label = period_of(frame, period)
    epochs = arm_epochs(frame)
    try:
        strata = stratify_epochs(epochs, control, treated, adjust=_adjust)
        better = stratify_epochs(epochs, control, treated, adjust=_cuped) if adjusted else strata
    except ValueError as error:
        return _unknown(f"{error}.", unit, label)
    if strata.reason:
        return _unknown(strata.reason, unit, label)
    method, notes = "difference of ratios (delta method over units)", strata.excluded
    cut = 1 - variance(better.terms) / variance(strata.terms) if not better.reason else 0.0
    used = adjusted and cut >= MIN_R2
    if used:
        strata, method = better, f"{method} with CUPED"
        notes = (*notes, f"The covariate explains {cut:.1%} of the variance.")
    lift = ratio_estimate(
        ratio_of(strata), nonnegative=_nonnegative(frame), level=level, period=label
    )
    return RatioGap(_difference(strata, (unit, method), level, label, notes), lift, used)


def ratio_difference(
    frame: pd.DataFrame,
    control: str,
    treated: str | Sequence[str] | None = None,
    *,
    unit: str,
    level: float = 0.95,
    period: Period | None = None,
    adjusted: bool = False,
) -> Estimate:
    """The difference alone of :func:`ratio_gap`."""
    return ratio_gap(
        frame, control, treated, unit=unit, level=level, period=period, adjusted=adjusted
    ).difference


def _unknown(why: str, unit: str, label: Period | None) -> RatioGap:
    return RatioGap(unknown(why, unit, period=label), unknown(why, "share", period=label))


def _nonnegative(frame: pd.DataFrame) -> bool:
    """Whether means look like those of a ratio that cannot be negative."""
    return bool((frame["mean_y"] >= 0).all() and (frame["mean_d"] >= 0).all())


def _difference(
    strata: Stratified,
    names: tuple[str, str],
    level: float,
    label: Period | None,
    notes: tuple[str, ...],
) -> Estimate:
    value = total(strata.terms) / strata.units
    se, df = math.sqrt(variance(strata.terms)) / strata.units, freedom(strata.terms)
    half = critical(level, df) * se
    unit, method = names
    return Estimate(
        value=value,
        unit=unit,
        low=value - half,
        high=value + half,
        level=level,
        se=se,
        df=df,
        n=strata.units + strata.control_units,
        method=method,
        period=label,
        notes=notes,
    )


def _pair(arm: Moments) -> Moments:
    """Linearised outcome and covariate of an arm, on the axes y and x."""
    made = linearised(arm)
    n_axes = len(arm.axes)
    rows, means = np.zeros((2, n_axes)), [made.mean_of()]
    for place, (top, bottom) in enumerate((("y", "d"), ("x", "e"))):
        below = arm.mean_of(bottom)
        if below == 0:
            rows[place, arm.axes.index(top)] = 1.0
            means.append(arm.mean_of(top))
            continue
        share = arm.mean_of(top) / below
        rows[place, arm.axes.index(top)] = 1 / below
        rows[place, arm.axes.index(bottom)] = -share / below
        means.append(share)
    mean = np.array([means[0], means[-1]])
    return Moments(arm.n, mean, rows @ arm.C @ rows.T, ("y", "x"))


def _cuped(arms: dict[str, Moments]) -> dict[str, Moments]:
    used = {name: arm for name, arm in arms.items() if arm.n > 1}
    pairs = {name: _pair(arm) for name, arm in used.items()}
    slope = theta(list(pairs.values()))
    middle = _pair(Moments.merged(list(used.values()))).mean_of("x") if used else 0.0
    return {name: shifted(arm, slope, middle) for name, arm in pairs.items()}


def _adjust(arms: dict[str, Moments]) -> dict[str, Moments]:
    return {name: linearised(arm) for name, arm in arms.items() if arm.n > 1}
