"""Treated and control units of the same stratum, on the facts of one model."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from valuekit.estimate import Estimate, Period
from valuekit.moments import Moments
from valuekit.text import plural
from valuekit.uplift.balance import Balance, Pair, balance, exposure, pairs
from valuekit.uplift.daily import DailyArms
from valuekit.uplift.holdout import Holdout, from_strata
from valuekit.uplift.observational import Hidden, Overlap, by_stratum, hidden, in_words, overlap
from valuekit.uplift.stratified import Stratified, stratify, stratify_epochs

if TYPE_CHECKING:
    import pandas as pd

    from valuekit.assess.designs.trial import Trial

METHOD = "difference in means within strata"
EXPOSED = "day of first exposure"


@dataclass(frozen=True)
class Matched:
    """A comparison within strata.

    Attributes:
        trial: Metric, price and arms.
        segment: Rows it is about.
    """

    trial: Trial
    segment: str = "all"

    @cached_property
    def rows(self) -> pd.DataFrame:
        """Effect rows of mature days."""
        return self.trial.mature_rows(self.segment)

    @cached_property
    def strata(self) -> dict[str, Pair]:
        """Treated and control moments by stratum."""
        return pairs(self.rows, self.trial.control, self.trial.evidence.treated)

    @cached_property
    def overlap(self) -> Overlap:
        """Strata that can be compared."""
        declared = self.trial.scene.model.assignments
        chance = declared is not None and declared.propensity is not None
        return overlap(self.strata, self.trial.evidence.trim, chance=chance)

    @cached_property
    def used(self) -> pd.DataFrame:
        """Rows of the strata that are compared, each stratum in the place of an epoch."""
        return by_stratum(self.rows, self.overlap.kept)

    @cached_property
    def _daily(self) -> DailyArms:
        return DailyArms.of(self.used, capped=False)

    def difference(self, period: Period | None = None) -> Stratified:
        """Terms of the stratified difference, over a period or all mature days."""
        arms = self.trial.control, self.trial.evidence.treated
        if period is None:
            found = stratify(self.used, *arms)
        else:
            found = stratify_epochs(self._daily.epochs(period), *arms)
        return in_words(found)

    def measured(self, found: Stratified, period: Period | None, *, priced: bool = True) -> Holdout:
        """Money and effect, in the price of the metric or in the metric itself."""
        made = from_strata(
            found,
            method=METHOD,
            unit=self.trial.unit if priced else self.trial.name,
            per="unit",
            value=self.trial.value if priced else 1.0,
            level=0.95,
            period=period,
            notes=self._lost,
        )
        return replace(made, money=strata_named(made.money), effect=strata_named(made.effect))

    @property
    def _lost(self) -> tuple[str, ...]:
        lost = self.overlap.lost
        if not lost:
            return ()
        have = plural(lost, "treated unit")
        return (f"{have} without others to compare with left out; their effect is not known.",)

    @cached_property
    def balances(self) -> tuple[Balance, ...]:
        """Balance of what was measured before, and of the day of first exposure."""
        trial, kept = self.trial, self.overlap.kept
        found = [
            balance(_before(trial, name), self._of(name), kept)
            for name in trial.scene.model.metrics
        ]
        days = exposure(self.rows, trial.control, trial.evidence.treated)
        return tuple(one for one in (*found, balance(EXPOSED, days, kept)) if one is not None)

    def _of(self, metric: str) -> dict[str, Pair]:
        if metric == self.trial.name:
            return self.strata
        rows = self.trial.mature_rows(self.segment, metric)
        return pairs(rows, self.trial.control, self.trial.evidence.treated)

    @cached_property
    def hidden(self) -> Hidden | None:
        """How strong an unmeasured cause would have to be."""
        found = self.measured(self.difference(), None, priced=False)
        if found.base is None or not found.units:
            return None
        every = Moments.merged([one for pair in self.strata.values() for one in pair])
        sd = math.sqrt(every.variance()) if every.n > 1 else 0.0
        proportion = self.trial.metric.kind == "proportion"
        return hidden(found.effect, found.base / found.units, sd, proportion=proportion)


def strata_named(one: Estimate) -> Estimate:
    """The method in words of strata, which stand in the place of allocation epochs here."""
    return replace(one, method=one.method.replace("allocation epochs", "strata"))


def _before(trial: Trial, name: str) -> str:
    declared = trial.scene.model.assignments
    column = declared.covariates.get(name) if declared is not None else None
    return column or f"{name} before"
