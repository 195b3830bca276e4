"""The effect to date, week by week: descriptive, because each interval is read as if alone."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from valuekit.critical import critical
from valuekit.scorecard import Step
from valuekit.uplift.arms import ArmFacts, Epochs, collect
from valuekit.uplift.stratified import freedom, stratify_epochs, total, variance


def timeline(
    frame: pd.DataFrame,
    control: str,
    treated: str | Sequence[str] | None = None,
    *,
    value: float = 1.0,
    level: float = 0.95,
) -> tuple[Step, ...]:
    """Effect per treated unit over all units exposed until each Sunday (or the last day).

    Args:
        frame: Effect rows of one metric and segment, mature days only.
        control: Control arm.
        treated: Treated arm or arms; None for all others.
        value: Money per unit of the metric.
        level: Confidence level.

    Returns:
        Steps in order of their day; weeks before anything can be estimated are left out.
    """
    if frame.empty:
        return ()
    days = pd.to_datetime(frame["day"])
    sunday = days + pd.to_timedelta(6 - days.dt.day_of_week, unit="D")
    weeks = collect(frame.assign(week=sunday), ("week", "epoch", "arm"))
    last = days.max()
    facts: Epochs = {}
    steps: list[Step] = []
    for week in sorted({key[0] for key in weeks}, key=_stamp):
        for (when, epoch, arm), part in weeks.items():
            if when == week and arm:
                _add(facts, str(epoch), str(arm), part)
        step = _step(facts, min(_stamp(week), last), control, treated, value, level)
        if step is not None:
            steps.append(step)
    return tuple(steps)


def _stamp(value: object) -> pd.Timestamp:
    return pd.Timestamp(value)  # type: ignore[arg-type]  # a key of a datetime column


def _add(facts: Epochs, epoch: str, arm: str, part: ArmFacts) -> None:
    arms = facts.setdefault(epoch, {})
    arms[arm] = ArmFacts.merged((arms[arm], part)) if arm in arms else part


def _step(
    facts: Epochs,
    day: pd.Timestamp,
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
    return Step(day.date(), effect, effect - half, effect + half)
