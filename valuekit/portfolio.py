"""All models together: totals by grade, the bridge, what needs a decision. Pure sums of scorecards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from valuekit.estimate import Estimate, Grade, Period
    from valuekit.scorecard import Action, BridgeStep, PeriodName, ToDate, Week


@dataclass(frozen=True, slots=True)
class GradeTotal:
    """Sum over the models whose money has one grade."""

    grade: Grade | None  # None: value unknown
    models: int
    value: Estimate


@dataclass(frozen=True, slots=True)
class Attention:
    """A model that needs a decision, worst first."""

    model: str
    title: str
    action: Action
    net: Estimate  # of the period on show
    why: str


@dataclass(frozen=True, slots=True)
class Portfolio:
    """The sum of all scorecards over one named period."""

    name: PeriodName
    currency: str
    period: Period | None
    models: int
    unknown: tuple[str, ...]  # titles of models whose value is unknown in the period
    headline: str  # computed and branched on the numbers
    value: Estimate
    cost: Estimate  # attributed
    net: Estimate
    net_before: Estimate  # prior quarter, for the quarter only; else unknown
    roi: Estimate
    cost_per_thousand: Estimate
    predictions: int
    losing: tuple[str, ...]  # model names with a negative net in the period
    by_grade: tuple[GradeTotal, ...]
    measured_resolved: Estimate  # grades A and B whose interval excludes 0
    measured_unresolved: Estimate
    bridge: tuple[BridgeStep, ...]
    weeks: tuple[Week, ...]  # sums of the known
    to_date: tuple[ToDate, ...]
    attention: tuple[Attention, ...]
