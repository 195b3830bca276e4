"""CUPED: remove what was already known of the units before they were assigned.

Within each epoch theta = sum_a (s_xy/n)_a / sum_a (s_x^2/n)_a and y becomes y - theta x, so the
difference is D - theta D_x (Deng, Xu, Kohavi & Walker 2013, WSDM; Lin 2013, Annals of Applied
Statistics 7:295). x must be measured strictly before assignment; the connector sees to that.

Each arm's mean is taken at the mean of x over all of them, y - theta (x - mean x): that cancels in
the difference and leaves the relative lift on the level of the outcome.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import pandas as pd

from valuekit.estimate import Period
from valuekit.facts import period_of
from valuekit.moments import Moments
from valuekit.uplift.arms import Epochs, arm_epochs
from valuekit.uplift.holdout import Holdout, from_strata, holdout
from valuekit.uplift.stratified import Stratified, stratify_epochs, variance

MIN_R2 = 0.02  # below this an adjustment costs more trust than it saves noise


def theta(arms: Sequence[Moments], axis: str = "x") -> float:
    """Slope that minimises the variance of the adjusted difference; 0 without a covariate."""
    used = [arm for arm in arms if arm.n > 1]
    below = sum(arm.variance(axis=axis) / arm.n for arm in used)
    if below <= 0:
        return 0.0
    return sum(arm.covariance("y", axis) / arm.n for arm in used) / below


def explained(frame: pd.DataFrame, control: str, treated: str | Sequence[str] | None) -> float:
    """Share of the difference's variance that the covariate explains, over all epochs."""
    epochs = arm_epochs(frame)
    plain = stratify_epochs(epochs, control, treated)
    adjusted = stratify_epochs(epochs, control, treated, adjust=adjust)
    return _explained(plain, adjusted)


def _explained(plain: Stratified, adjusted: Stratified) -> float:
    if plain.reason or adjusted.reason:
        return 0.0
    return max(1 - variance(adjusted.terms) / variance(plain.terms), 0.0)


def cuped(  # noqa: PLR0913 - settings by keyword, with defaults
    frame: pd.DataFrame,
    control: str,
    treated: str | Sequence[str] | None = None,
    *,
    unit: str,
    per: str = "unit",
    value: float = 1.0,
    level: float = 0.95,
    period: Period | None = None,
    epochs: Epochs | None = None,
) -> Holdout:
    """As :func:`valuekit.uplift.holdout.holdout`, adjusted for the registered covariate.

    Without a covariate, or when it explains less than 2% of the variance, the plain holdout is
    returned with a note. ``base`` stays the unadjusted counterfactual.
    """
    epochs = arm_epochs(frame) if epochs is None else epochs
    run = partial(holdout, frame, control, treated, unit=unit, per=per, value=value, level=level)
    plain = run(period=period, epochs=epochs)
    strata = stratify_epochs(epochs, control, treated, adjust=adjust)
    r2 = _explained(stratify_epochs(epochs, control, treated), strata)
    if r2 < MIN_R2:
        note = f"Not adjusted: the covariate explains {r2:.1%} of the variance."
        money, effect = (one.with_grade(one.grade, note) for one in (plain.money, plain.effect))
        return Holdout(money, effect, plain.base, plain.units, plain.control_units, plain.excluded)
    kept = tuple(note for note in plain.money.notes if note not in plain.excluded)
    found = from_strata(
        strata,
        method="difference in means with CUPED",
        unit=unit,
        per=per,
        value=value,
        level=level,
        period=period_of(frame, period),
        notes=(
            *kept,
            f"The covariate explains {r2:.1%} of the variance.",
        ),
    )
    return Holdout(
        found.money, found.effect, plain.base, found.units, found.control_units, found.excluded
    )


def adjusted_strata(
    epochs: Epochs, control: str, treated: str | Sequence[str] | None
) -> Stratified | None:
    """Terms adjusted for the covariate; None where it explains less than 2% of the variance."""
    strata = stratify_epochs(epochs, control, treated, adjust=adjust)
    plain = stratify_epochs(epochs, control, treated)
    return strata if _explained(plain, strata) >= MIN_R2 else None


def adjust(arms: dict[str, Moments]) -> dict[str, Moments]:
    """Arms of one epoch less what the covariate says of their units."""
    used = list(arms.values())
    slope = theta(used)
    middle = Moments.merged(used).mean_of("x")
    return {name: shifted(arm, slope, middle) for name, arm in arms.items()}


def shifted(arm: Moments, slope: float, middle: float) -> Moments:
    """An arm of y - slope (x - middle)."""
    made = arm.linear({"y": 1.0, "x": -slope})
    return Moments(made.n, made.mean + slope * middle, made.C, made.axes)
