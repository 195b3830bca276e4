"""A comparison of groups over time on the facts of one model: panel, money, effect, series."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from valuekit.assess.designs.base import lowered_grade, no_series, stale
from valuekit.assess.designs.trial import Trial
from valuekit.critical import critical
from valuekit.estimate import Estimate, Grade, Period, unknown, worst
from valuekit.scorecard import Arm, Diagnostic, Step
from valuekit.text import day as day_text
from valuekit.uplift.balanced import balanced
from valuekit.uplift.panel import Panel, panel_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd

    from valuekit.assess.scene import Scene
    from valuekit.degradation.performance import Days, Floats
    from valuekit.uplift.gaps import Total
    from valuekit.uplift.panel import Bools
    from valuekit.workspace.declare import Evidence

    Reading = Callable[[Bools], Total | None]

MOST_STEPS = 60
NO_ROWS = "the panel has no mature rows of this metric"


def facts(trial: Trial, segment: str = "all") -> pd.DataFrame:
    """Panel rows of the metric over the mature days of the design."""
    scene, until = trial.scene, trial.evidence.until
    rows = scene.fact("panel", scene.mature, segment)
    if scene.mature is None:
        rows = rows[:0]
    rows = rows[rows["metric"] == trial.name]
    return rows if until is None else rows[rows["day"].dt.date <= until]


def panel(trial: Trial, segment: str = "all") -> Panel:
    """The panel without gaps that the evidence entry is about."""
    return balanced(unbalanced(trial, segment))


def unbalanced(trial: Trial, segment: str = "all") -> Panel:
    """The panel as its rows are, gaps included."""
    declared, evidence = trial.scene.model.panel, trial.evidence
    if declared is None:
        raise ValueError("a comparison of groups without a panel")
    return panel_of(
        facts(trial, segment),
        frequency=declared.frequency,
        counted=trial.metric.column is None,
        rate=declared.offset is not None,
        start=evidence.from_,
        control_groups=evidence.control_groups,
    )


def why_none(trial: Trial, made: Panel, why: str) -> str:
    """Why there is no comparison; a launch that is yet to come is said with its day."""
    rows = facts(trial)
    if rows.empty:
        return NO_ROWS
    ahead = {one for one in rows["treated_from"] if one}
    start = trial.evidence.from_
    if start is not None and ahead:
        ahead = {start.isoformat()}
    if made.groups and not made.cohorts and ahead:
        first = min(ahead)
        last = rows["day"].max().date()
        if first > last.isoformat():
            return (
                f"the first launch, {day_text(date.fromisoformat(first))}, is after the last day "
                f"with data, {day_text(last)}"
            )
        return "the treated groups have no period before their launch, or too many gaps"
    return why


def entry(trial: Trial) -> str:
    """What an effect of groups over time is per: a row of the panel, or one unit of its offset."""
    declared = trial.scene.model.panel
    return "unit" if declared is not None and declared.offset is not None else "row"


def entry_words(trial: Trial) -> str:
    """The same for people, with its article."""
    declared = trial.scene.model.panel
    if declared is None:
        return "a row"
    if declared.offset is not None:
        return f"a unit of {declared.offset}"
    time = "block" if trial.evidence.design == "switchback" else declared.frequency
    return f"a row (one of a group and {time})"


def trial_of(scene: Scene, evidence: Evidence) -> Trial:
    """The metric and price of an evidence entry.

    Raises:
        ValueError: when the model has no metric, which the workspace refuses.
    """
    named = scene.metric_of(evidence)
    if named is None:
        raise ValueError(f"design {evidence.design} without a metric")
    return Trial(scene, evidence, *named)


@dataclass(frozen=True, slots=True)
class Money:
    """Effects on totals turned into the estimates that a design gives.

    Attributes:
        trial: Metric and price.
        days: Days on which the periods of the panel count.
        read: Effect on the total over chosen periods.
        method: Name of the method.
        why: Why nothing is known; empty otherwise.
        notes: What was left out.
    """

    trial: Trial
    days: Days
    read: Reading
    method: str
    why: str = ""
    notes: tuple[str, ...] = ()

    def total(self, period: Period | None) -> Total | None:
        """Effect on the total in the periods that count on days of ``period``."""
        if self.why or period is None:
            return None
        first, last = np.datetime64(period.first), np.datetime64(period.last)
        return self.read((self.days >= first) & (self.days <= last))

    def money(self, period: Period | None) -> Estimate:
        """Money over a period; 0 where nothing was treated in it."""
        trial, unit = self.trial, self.trial.scene.currency
        if not trial.priced:
            why = f"metric {trial.name!r} has no declared money value"
            return unknown(why, unit, period=period)
        if self.why or period is None:
            return unknown(self.why or NO_ROWS, unit, period=period, method=self.method)
        found = self.total(period)
        if found is None:
            return Estimate(0.0, unit, method="no group was treated on these days", period=period)
        return self._estimate(found, found.value, trial.unit, period)

    def effect(self, period: Period | None) -> Estimate:
        """Effect on one row of the panel or unit of its offset, in money where it has a price."""
        unit = f"{self.trial.unit}/{entry(self.trial)}"
        found = self.total(period)
        if found is None:
            why = self.why or "no group was treated in the data"
            return unknown(why, unit, period=period, method=self.method)
        one = self._estimate(found, found.value, self.trial.unit, period)
        return one.scaled(1 / found.weight, unit)

    def relative(self, period: Period | None) -> Estimate:
        """Effect over what the treated groups would have had, whose own error is left out."""
        found = self.total(period)
        if found is None or found.base <= 0:
            why = self.why or "without the model the total would not be above 0: there is no ratio"
            return unknown(why, "share", period=period)
        raw = self._estimate(found, found.value, "share", period, priced=False)
        return raw.scaled(1 / found.base, "share")

    def _estimate(
        self, found: Total, value: float, unit: str, period: Period | None, *, priced: bool = True
    ) -> Estimate:
        se, half = found.se, 0.0
        if se is not None:
            half = critical(0.95, found.df) * se
        return Estimate(
            value=value,
            unit=unit,
            low=None if se is None else value - half,
            high=None if se is None else value + half,
            se=se,
            df=found.df,
            n=found.groups,
            method=self.method,
            period=period,
            reason=found.reason,
            notes=self.notes,
        ).scaled(self.trial.value if priced else 1.0, unit)

    def base(self, period: Period) -> float | None:
        """Money that the treated groups would have had."""
        found = self.total(period)
        if found is None or not self.trial.priced:
            return None
        return found.base * abs(self.trial.value)

    def daily(self) -> tuple[Days, Floats]:
        """Money of every treated period."""
        if self.why or not self.trial.priced:
            return no_series()
        kept, values = [], []
        for place in range(len(self.days)):
            one = self.read(np.arange(len(self.days)) == place)
            if one is not None:
                kept.append(self.days[place])
                values.append(one.value * self.trial.value)
        return np.array(kept, dtype="datetime64[D]"), np.array(values)

    def timeline(self) -> tuple[Step, ...]:
        """Effect to date on one unit, at up to 60 ends (descriptive)."""
        if self.why:
            return ()
        whole = self.read(np.ones(len(self.days), dtype=bool))
        if whole is None:
            return ()
        steps = []
        for place in sorted(set(np.linspace(0, len(self.days) - 1, MOST_STEPS).astype(int))):
            found = self.read(np.arange(len(self.days)) <= place)
            if found is None or found.se is None:
                continue
            one = self._estimate(found, found.value, "", None).scaled(1 / found.weight, "")
            if one.value is not None and one.low is not None and one.high is not None:
                steps.append(Step(self.days[place].item(), one.value, one.low, one.high))
        return tuple(steps)


def sides(made: Panel) -> tuple[Arm, ...]:
    """Untreated and treated groups as arms: their number and mean since the first launch."""
    if not made.cohorts:
        return ()
    rows = []
    after = np.arange(len(made.days)) >= made.cohorts[0]
    for name, role, chosen in (
        ("untreated groups", "control", made.never),
        ("treated groups", "treated", ~made.never),
    ):
        means = made.y[np.ix_(chosen, after)].mean(axis=1)
        n = len(means)
        rows.append(
            Arm(
                name=name,
                role=role,  # type: ignore[arg-type]  # one of the two words above
                units=n,
                matched=n,
                mean=float(means.mean()) if n else None,
                sd=float(means.std(ddof=1)) if n > 1 else None,
                nonzero=int((means != 0).sum()),
            )
        )
    return tuple(rows)


def grades(
    trial: Trial, base: Grade, found: Sequence[Diagnostic], decisive: Sequence[str]
) -> tuple[Grade, Grade, tuple[str, ...]]:
    """Grade of effect and money, and why: each decisive check failed or not run costs one.

    Args:
        trial: Metric and price.
        base: Grade of the design when all passes.
        found: Its checks.
        decisive: Names of the checks that count.
    """
    lost, why = 0, []
    for one in found:
        if one.name in decisive and one.status in {"failed", "not run"}:
            lost += 1
            sense = "failed" if one.status == "failed" else "could not be run"
            why.append(f"{one.name[0].lower()}{one.name[1:]} {sense}: {one.text}")
    older, old = stale(trial.scene, trial.evidence)
    effect = lowered_grade(base, lost + older)
    why += old
    if not why:
        why = ["not randomised, and it passed its checks"]
    if trial.metric.already_money:
        return effect, effect, tuple(why)
    priced = worst(effect, "D") or "D"
    return effect, priced, (*why, f"one {trial.name} is put at a declared price, an assumption")
