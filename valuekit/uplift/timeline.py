"""The effect to date, week by week: descriptive, because each interval is read as if alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date

import numpy as np
import pandas as pd

from valuekit.critical import critical
from valuekit.estimate import Period
from valuekit.scorecard import Step
from valuekit.uplift.arms import Epochs
from valuekit.uplift.daily import DailyArms
from valuekit.uplift.stratified import freedom, stratify_epochs, total, variance


def timeline(
    frame: pd.DataFrame,
    control: str,
    treated: str | Sequence[str] | None = None,
    *,
    value: float = 1.0,
    level: float = 0.95,
    capped: bool = False,
) -> tuple[Step, ...]:
    """Effect per treated unit over all units exposed until each Sunday (or the last day).

    Args:
        frame: Effect rows of one metric and segment, mature days only.
        control: Control arm.
        treated: Treated arm or arms; None for all others.
        value: Money per unit of the metric.
        level: Confidence level.
        capped: Use the capped outcome.

    Returns:
        Steps in order of their day; weeks before anything can be estimated are left out.
    """
    if frame.empty:
        return ()
    arms = DailyArms.of(frame, capped=capped)
    if not len(arms.days):
        return ()
    first, last = arms.days[0].item(), arms.days[-1].item()
    found = np.unique(arms.days)
    sundays = np.unique(found + (6 - (found.astype(np.int64) + 3) % 7))  # day 0 was a Thursday
    steps: list[Step] = []
    for sunday in sundays:
        end = min(sunday.item(), last)
        step = _step(arms.epochs(Period(first, end)), end, control, treated, value, level)
        if step is not None:
            steps.append(step)
    return tuple(steps)


def _step(
    facts: Epochs,
    day: date,
    control: str,
    treated: str | Sequence[str] | None,
    value: float,
    level: float,
) -> Step | None:
    strata = stratify_epochs(facts, control, treated)
    if strata.reason:
        return None
    effect = total(strata.terms) * value / strata.units
    se = math.sqrt(variance(strata.terms)) * abs(value) / strata.units
    half = critical(level, freedom(strata.terms)) * se
    return Step(day, effect, effect - half, effect + half)
