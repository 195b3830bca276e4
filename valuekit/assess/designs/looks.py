"""Which interval a holdout's figures carry: that of a sequence, or that of a single look.

A dashboard is read every day, so the default is the confidence sequence. A single look needs a
reason that was there before: an end date that was registered and has passed with all its
outcomes, or units that all came on one day, whose outcomes are complete at one moment.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np

from valuekit.assess.designs.plan import Registry, at_once, registry, stored_plan
from valuekit.scorecard import Reading, Step
from valuekit.text import count, day, percent
from valuekit.uplift.power import WATCHED
from valuekit.uplift.sequence import NAME, TIGHTEST, multiplier, single_look_level, widened
from valuekit.uplift.watch import (
    BURN_IN_DAYS,
    BURN_IN_NONZERO,
    Watched,
    information_share,
    watch,
)
from valuekit.uplift.welch import p_value

if TYPE_CHECKING:
    import pandas as pd

    from valuekit.assess.designs.trial import Trial
    from valuekit.estimate import Estimate, Period
    from valuekit.uplift.holdout import Holdout
    from valuekit.uplift.stratified import Stratified

BURN_IN = (
    f"the sequence begins after {BURN_IN_DAYS} days and {BURN_IN_NONZERO} units with an outcome "
    "in each arm; until then its interval is rough"
)


@dataclass(frozen=True)
class Looks:
    """How a holdout is read.

    Attributes:
        trial: The holdout.
        rows: Its effect rows of mature days.
        registry: Its plan.
        kind: ``sequence`` or ``fixed``.
        why: Why, in a sentence.
    """

    trial: Trial
    rows: pd.DataFrame
    registry: Registry
    kind: Literal["sequence", "fixed"]
    why: str

    @classmethod
    def of(cls, trial: Trial) -> Looks:
        """How the holdout is read, from its dates and its plan."""
        found = registry(trial)
        rows = trial.mature_rows()
        kind, why = _reason(trial, found)
        return cls(trial, rows, found, kind, why)

    @cached_property
    def watched(self) -> Watched | None:
        """The effect to date after every day; None before the first unit."""
        if self.registry.plan is None or self.rows.empty:
            return None
        trial = self.trial
        return watch(
            self.rows,
            trial.control,
            trial.evidence.treated,
            self.registry.plan,
            capped=trial.capped,
        )

    def times(self, strata: Stratified, period: Period | None = None) -> float | None:
        """Half-width of the sequence in standard errors for these units; None without any.

        Figures from the first day on follow the registered plan. A quarter or a month that
        starts later is a sequence of its own, planned for what such a period holds: it is tightest
        at half of that.
        """
        if self.registry.plan is None or strata.reason:
            return None
        if period is not None and self._later(period):
            return WATCHED
        share = information_share(strata, self.registry.plan)
        return multiplier(share, TIGHTEST) if share > 0 else None

    def _later(self, period: Period) -> bool:
        return self._first is None or period.first > self._first

    @cached_property
    def _first(self) -> date | None:
        return None if self.rows.empty else self.rows["day"].min().date()

    def read(self, estimate: Estimate, strata: Stratified) -> Estimate:
        """An estimate from these units, with the interval that it is to carry."""
        times = None if self.kind == "fixed" else self.times(strata, estimate.period)
        if times is None or estimate.value is None:
            return estimate
        note = () if self.burned_in else (BURN_IN,)
        return widened(estimate, times).with_grade(estimate.grade, *note)

    def level(self, strata: Stratified) -> float:
        """Level at which estimators with an interval of their own shape are to be asked."""
        times = None if self.kind == "fixed" else self.times(strata)
        return 0.95 if times is None else single_look_level(times)

    @property
    def burned_in(self) -> bool:
        """Whether the sequence has begun."""
        return self.watched is not None and self.watched.burned_in

    def reading(self, found: Holdout, money: Estimate, strata: Stratified) -> Reading | None:
        """Both intervals, the p-value and the band over time.

        Args:
            found: The holdout with the interval of a single look.
            money: Its money, unknown where the metric has no price.
            strata: Its terms.
        """
        plan, times = self.registry.plan, self.times(strata)
        if plan is None or times is None or self.watched is None:
            return None
        fixed = self.kind == "fixed"
        steps = _steps(self.watched, self.trial.value)
        return Reading(
            kind=self.kind,
            why=self.why,
            fixed_effect=found.effect,
            fixed_money=money,
            sequence_effect=widened(found.effect, times),
            sequence_money=widened(money, times),
            p_value=p_value(found.effect) if fixed else self.watched.p,
            p_kind="fixed horizon" if fixed else "always valid",
            planned_units=plan.units,
            information=information_share(strata, plan),
            steps=_weekly(steps),
            told_since=self._told(steps),
        )

    def _told(self, steps: tuple[Step, ...]) -> date | None:
        """When the outcomes of the first step whose band excludes zero were complete."""
        first = next((one.day for one in steps if one.low > 0 or one.high < 0), None)
        wait = timedelta(days=self.trial.scene.days_to_mature)
        return None if first is None else first + wait


def named(estimate: Estimate, level: float) -> Estimate:
    """An interval computed at the level of a sequence, as the 95% sequence that it is."""
    if level == 0.95 or not estimate.known:
        return estimate
    return replace(estimate, level=0.95, df=None, method=f"{estimate.method}, {NAME}")


def _reason(trial: Trial, found: Registry) -> tuple[Literal["sequence", "fixed"], str]:
    until, through = trial.evidence.until, trial.scene.mature_through
    if until is not None and _late(trial):
        return "sequence", (
            f"The end on {day(until)} was declared after outcomes could be seen, so the interval "
            "stays that of a sequence."
        )
    if until is not None and through is not None and through >= until:
        return "fixed", f"One look, after the declared end on {day(until)}."
    if at_once(trial) and not trial.evidence.repeat:
        return "fixed", "One look: all units came on one day, so all outcomes are complete at once."
    seen = f"It may be read every day and is tightest at half of the planned {found.source}."
    if until is not None:
        seen += f" The single look is due once all outcomes to {day(until)} are complete."
    return "sequence", seen


def _late(trial: Trial) -> bool:
    """Whether the end date differs from the one that was stored."""
    stored = stored_plan(trial)
    until = trial.evidence.until
    now = None if until is None else until.isoformat()
    return stored is not None and "until" in stored.content and stored.content["until"] != now


def _steps(watched: Watched, value: float) -> tuple[Step, ...]:
    times = watched.times
    made = []
    for at in np.flatnonzero(watched.ready):
        middle, half = watched.value[at] * value, times[at] * watched.se[at] * abs(value)
        when = watched.days[at].astype("datetime64[D]").item()
        made.append(Step(when, float(middle), float(middle - half), float(middle + half)))
    return tuple(made)


def _weekly(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """The first step, every Sunday and the last: the band of a year on one screen."""
    last = len(steps) - 1
    return tuple(one for at, one in enumerate(steps) if at in {0, last} or one.day.weekday() == 6)


def said(reading: Reading) -> str:
    """Both readings in a sentence or two, for the terminal."""
    p = "not given during the burn-in" if reading.p_value is None else f"{reading.p_value:.2g}"
    told = "" if reading.told_since is None else f" Told from zero since {day(reading.told_since)}."
    return (
        f"{reading.why} p ({reading.p_kind}): {p}. Information so far: "
        f"{percent(reading.information)} of {count(reading.planned_units)} planned units.{told}"
    )
