"""All models together: totals by grade, the bridge, what needs a decision. Sums of scorecards."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from valuekit.estimate import GRADES, Estimate, Grade, Period, unknown
from valuekit.holdouts import HoldoutStatus
from valuekit.joint import Discoveries, Shrinkage, discoveries, shrinkage
from valuekit.left_out import LeftOut, left_out
from valuekit.scorecard import (
    Action,
    BridgeStep,
    PeriodFigures,
    PeriodName,
    Scorecard,
    ToDate,
    Week,
)
from valuekit.text import listed, money, plural
from valuekit.uplift.valued import partly
from valuekit.value.money import added
from valuekit.value.money import net as net_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_ASKS: tuple[Action, ...] = ("retire", "retrain", "measure first", "watch")
_NO_DATA = "no model has data in this period"


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
    unknown: tuple[str, ...]  # titles of models whose net value is unknown in the period
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
    discoveries: Discoveries | None = None  # raw and adjusted p-values over the models
    shrinkage: Shrinkage | None = None  # measured sums with and without the winner's curse
    left_out: tuple[LeftOut, ...] = ()  # whose value is missing, in whole or in part, and why
    unvalued_cost: float = 0.0  # attributed cost of models of unknown value, which net is less
    uncosted: tuple[str, ...] = ()  # titles of models of known value and unknown cost, not in net
    holdouts: tuple[HoldoutStatus, ...] = ()  # registered, running, due; filled by the API
    ends: Period | None = None  # first and last of the days on which the models' counted days end


@dataclass(frozen=True, slots=True)
class _Entry:
    """A model with its figures of the period, None without data in it."""

    card: Scorecard
    held: PeriodFigures | None

    @property
    def value(self) -> Estimate | None:
        return self.held.value if self.held and self.held.value.known else None

    @property
    def grade(self) -> Grade | None:
        return self.value.grade if self.value else None


def portfolio(cards: Sequence[Scorecard], name: PeriodName) -> Portfolio:
    """Sum the scorecards over one named period.

    Values add and variances add: models are taken as independent, which holds as long as no two
    claim the same outcome. Models whose value is unknown are named and left out of the value, but
    their cost counts: it was paid.

    Args:
        cards: Scorecards in one currency.
        name: Named period.

    Raises:
        ValueError: when the cards are in several currencies.
    """
    currencies = sorted({card.currency for card in cards})
    if len(currencies) > 1:
        msg = f"scorecards in {listed(currencies)} cannot be added: convert them to one currency"
        raise ValueError(msg)
    unit = currencies[0] if currencies else ""
    entries = [_Entry(card, card.period(name)) for card in cards]
    period = _span(entries)
    value, cost, net = _sums(entries, unit, period)
    known = [one for one in entries if one.value]
    held = [one.held for one in entries if one.held]
    unvalued = [one for one in held if not one.value.known]
    settled = sum(_counted(one).known for one in held)
    predictions = sum(one.held.predictions for one in entries if one.held)
    return Portfolio(
        name=name,
        currency=unit,
        period=period,
        models=len(cards),
        unknown=tuple(one.card.title for one in entries if not (one.held and one.held.net.known)),
        headline=_headline(len(cards), settled, len(unvalued), value, net),
        value=value,
        cost=cost,
        net=net,
        net_before=_before(cards, name, unit),
        roi=_ratio(net, cost, 1.0, "1", "cost is zero or unknown, so a return is undefined"),
        cost_per_thousand=_per_thousand(cost, predictions, unit),
        predictions=predictions,
        losing=tuple(one.card.model for one in entries if _net_of(one) < 0),
        by_grade=_by_grade(entries, unit, period),
        measured_resolved=_measured(known, unit, period, resolved=True),
        measured_unresolved=_measured(known, unit, period, resolved=False),
        bridge=_bridge(entries, net),
        weeks=_weeks(cards, period),
        to_date=_to_date(cards),
        attention=_attention(entries),
        discoveries=discoveries(cards),
        shrinkage=shrinkage(cards, name, unit, period),
        left_out=tuple(found for one in entries if (found := left_out(one.card, one.held))),
        unvalued_cost=_paid_anyway(held),
        uncosted=tuple(
            one.card.title
            for one in entries
            if one.held and one.held.value.known and not one.held.cost_attributed.known
        ),
        ends=_ends(entries),
    )


def _span(entries: Sequence[_Entry]) -> Period | None:
    periods = [one.held.period for one in entries if one.held]
    if not periods:
        return None
    return Period(min(one.first for one in periods), max(one.last for one in periods))


def _ends(entries: Sequence[_Entry]) -> Period | None:
    last = [(one.held.net.period or one.held.period).last for one in entries if one.held]
    return Period(min(last), max(last)) if last else None


def _sums(
    entries: Sequence[_Entry], unit: str, period: Period | None
) -> tuple[Estimate, Estimate, Estimate]:
    """Value, attributed cost and net.

    Net adds the models whose value and cost are known, and subtracts what models of unknown value
    cost: it was paid. A model whose cost is unknown has no net, and the notes say how many.
    """
    held = [one.held for one in entries if one.held]
    how = "sum over models, taken as independent"
    value = added([one.value for one in held if one.value.known], unit, period, how)
    cost = added([one.cost_attributed for one in held], unit, period, how)
    nets = [found for one in held if (found := _counted(one)).known]
    if not nets:
        why = "no model has a known value and cost in this period" if held else _NO_DATA
        return (
            value if value.known else unknown(why, unit, period=period),
            cost,
            unknown(why, unit, period=period),
        )
    net = _less(added(nets, unit, period, how), _paid_anyway(held))
    uncosted = sum(one.value.known and not one.cost_attributed.known for one in held)
    if uncosted:
        note = f"{plural(uncosted, 'model')} without known costs left out."
        net = replace(net, notes=(*net.notes, note))
    return value, cost, net


def _counted(one: PeriodFigures) -> Estimate:
    """Net of a model in a sum: where a part of its value is unknown, the known part less all cost.

    That is how a model of wholly unknown value counts: its cost was paid.
    """
    if one.net.known or not one.unvalued or one.net.reason != partly(one.unvalued):
        return one.net
    return net_of(one.value, one.cost_attributed)


def _paid_anyway(held: Sequence[PeriodFigures]) -> float:
    """What models of unknown value cost."""
    return math.fsum(one.cost_attributed.value or 0.0 for one in held if not one.value.known)


def _less(one: Estimate, amount: float) -> Estimate:
    """An estimate less an amount that is known exactly."""
    if one.value is None:
        return one
    return replace(
        one,
        value=one.value - amount,
        low=None if one.low is None else one.low - amount,
        high=None if one.high is None else one.high - amount,
    )


def _net_of(entry: _Entry) -> float:
    net = entry.held.net.value if entry.held else None
    return 0.0 if net is None else net


def _headline(models: int, settled: int, unvalued: int, value: Estimate, net: Estimate) -> str:
    """The finding in one line.

    Args:
        models: All models.
        settled: Those whose value and cost are in net.
        unvalued: Those of unknown value, whose cost is.
        value: Value of all.
        net: Net value of all.
    """
    unit, who = net.unit, f"Your {plural(models, 'model')}"
    if not models:
        return "No model has been measured yet"
    if net.value is None and value.value is not None:
        did = "added" if value.value >= 0 else "lost"
        return f"{who} {did} {money(abs(value.value), unit)} before costs, which are not declared"
    if net.value is None:
        return f"Too early to say what your {plural(models, 'model')} earned"
    if settled + unvalued < models:
        who = f"{settled + unvalued} of {models} models"
    crosses = net.low is not None and net.high is not None and net.low < 0 < net.high
    likely = "probably " if crosses else ""
    rest = f"; the value of {unvalued} is not known" if unvalued else ""
    if net.value >= 0:
        return f"{who} {likely}earned {money(net.value, unit)} after costs{rest}"
    return f"{who} {likely}cost {money(-net.value, unit)} more than they earned{rest}"


def comparable(cards: Sequence[Scorecard]) -> bool:
    """Whether the quarter before may be compared with: some model was there for all of it.

    Models that began within it count with what they earned; with none before them, the quarter
    was not watched, and what it seems to lack is only data.
    """
    return any(card.quarter_before() is not None for card in cards)


def _before(cards: Sequence[Scorecard], name: PeriodName, unit: str) -> Estimate:
    if name != "quarter":
        return unknown("only a quarter is compared with the one before", unit)
    if not comparable(cards):
        return unknown("no model has data for the whole quarter before", unit)
    entries = [_Entry(card, card.period("prior_quarter")) for card in cards]
    return _sums(entries, unit, _span(entries))[2]


def _ratio(top: Estimate, bottom: Estimate, factor: float, unit: str, why: str) -> Estimate:
    """``factor x top / bottom`` with the denominator known exactly."""
    if top.value is None:
        return unknown(top.reason, unit, period=top.period)
    if not bottom.value or bottom.value < 0:
        return unknown(why, unit, period=top.period)
    return replace(top.scaled(factor / bottom.value, unit), method="ratio of sums")


def _per_thousand(cost: Estimate, predictions: int, unit: str) -> Estimate:
    label = f"{unit}/1,000 predictions"
    if cost.value is None:
        return unknown(cost.reason, label, period=cost.period)
    if not predictions:
        return unknown("no prediction was served", label, period=cost.period)
    return replace(cost.scaled(1000 / predictions, label), method="ratio of sums")


def _by_grade(
    entries: Sequence[_Entry], unit: str, period: Period | None
) -> tuple[GradeTotal, ...]:
    totals = []
    for grade in GRADES:
        values = [one.value for one in entries if one.value and one.grade == grade]
        if values:
            total = added(values, unit, period, "sum over models").with_grade(grade)
            totals.append(GradeTotal(grade, len(values), total))
    rest = [one for one in entries if one.grade is None]
    if rest:
        graded = [one.value for one in rest if one.value]
        total = (
            added(graded, unit, period, "sum over models")
            if graded
            else unknown("their value is unknown", unit, period=period)
        )
        totals.append(GradeTotal(None, len(rest), total))
    return tuple(totals)


def _measured(
    known: Sequence[_Entry], unit: str, period: Period | None, *, resolved: bool
) -> Estimate:
    values = [
        one.value
        for one in known
        if one.value and one.grade in {"A", "B"} and one.value.resolved == resolved
    ]
    if not values:
        kind = "excludes" if resolved else "includes"
        why = f"no model of grade A or B has an interval that {kind} zero"
        return unknown(why, unit, period=period)
    return added(values, unit, period, "sum over models of grade A and B")


def _bridge(entries: Sequence[_Entry], net: Estimate) -> tuple[BridgeStep, ...]:
    """Measured and assumed value, then attributed costs by category, down to net.

    The value of a model without known costs is left out, as it is of net.
    """
    if net.value is None:
        return ()
    settled = [one for one in entries if one.held and _counted(one.held).known]
    measured = math.fsum(
        one.value.value or 0.0 for one in settled if one.value and one.grade in {"A", "B"}
    )
    assumed = math.fsum(
        one.value.value or 0.0 for one in settled if one.value and one.grade not in {"A", "B"}
    )
    steps = []
    for label, amount in (("Measured value", measured), ("Assumed value", assumed)):
        if amount:
            steps.append(BridgeStep(label, amount, "plus" if amount > 0 else "minus"))
    for category, amount in _categories(entries):
        label = category.replace("_", " ").capitalize()
        steps.append(BridgeStep(label, -amount, "minus" if amount > 0 else "plus"))
    return (*steps, BridgeStep("Net value", net.value, "total"))


def _categories(entries: Sequence[_Entry]) -> list[tuple[str, float]]:
    sums: dict[str, float] = {}
    for one in entries:
        for line in one.held.costs if one.held else ():
            sums[line.category] = sums.get(line.category, 0.0) + float(line.amount)
    return sorted(sums.items(), key=lambda pair: -pair[1])


def _weeks(cards: Sequence[Scorecard], period: Period | None) -> tuple[Week, ...]:
    """Weeks of all models together; value and net add what is known, None where nothing is."""
    weeks = sorted((week for card in cards for week in card.weeks), key=lambda week: week.start)
    made = []
    for start, group in groupby(weeks, key=lambda week: week.start):
        if period and not (period.first - timedelta(days=6) <= start <= period.last):
            continue
        same = list(group)
        made.append(
            Week(
                start=start,
                value=_known_sum(same, lambda week: week.value),
                cost=math.fsum(week.cost for week in same),
                net=_known_sum(same, lambda week: week.net),
                predictions=sum(week.predictions for week in same),
                performance=None,
                mature=all(week.mature for week in same),
                days=max(week.days for week in same),
            )
        )
    return tuple(made)


def _known_sum(weeks: Sequence[Week], pick: Callable[[Week], float | None]) -> float | None:
    known = [one for week in weeks if (one := pick(week)) is not None]
    return math.fsum(known) if known else None


def _to_date(cards: Sequence[Scorecard]) -> tuple[ToDate, ...]:
    """Cumulative net of all models.

    A model's last known point carries on; half-widths add in quadrature.
    """
    days = sorted({point.day for card in cards for point in card.to_date})
    at = np.array([day.toordinal() for day in days])
    net, below, above = (np.zeros(len(days)) for _ in range(3))
    for points in (card.to_date for card in cards if card.to_date):
        own = np.array([point.day.toordinal() for point in points])
        start = int(np.searchsorted(at, own[0]))  # before it there is nothing to carry on
        place = np.searchsorted(own, at[start:], side="right") - 1
        value, low, high = np.array([(one.net, one.low, one.high) for one in points]).T
        net[start:] += value[place]
        below[start:] += (value - low)[place] ** 2
        above[start:] += (high - value)[place] ** 2
    ends = zip(net.tolist(), np.sqrt(below).tolist(), np.sqrt(above).tolist(), strict=True)
    return tuple(
        ToDate(day, value, value - down, value + up)
        for day, (value, down, up) in zip(days, ends, strict=True)
    )


def _attention(entries: Sequence[_Entry]) -> tuple[Attention, ...]:
    """Models whose verdict asks for something, the largest loss first."""
    asked = [
        Attention(
            model=one.card.model,
            title=one.card.title,
            action=one.card.verdict.action,
            net=one.held.net if one.held else unknown(_NO_DATA, one.card.currency),
            why=one.card.verdict.headline,
        )
        for one in entries
        if one.card.verdict.action in _ASKS
    ]
    asked.sort(key=lambda one: math.inf if one.net.value is None else one.net.value)
    return tuple(asked)
