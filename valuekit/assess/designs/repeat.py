"""A holdout that stays, with customers who come back: money by the day on which it comes.

Outcomes count on their own day for as long as the holdout runs, without a window. The interval is
that of sums by 64 hash buckets of customers, because one customer's orders are alike.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from valuekit.assess.designs.base import NOTHING_MATURE, Design, graded, why_unknown
from valuekit.assess.designs.novelty import ages
from valuekit.assess.designs.repeat_looks import RepeatLooks, looks_of
from valuekit.assess.designs.trial_checks import checks, effect_grade, money_grade, split_broken
from valuekit.assess.designs.trial_words import title
from valuekit.estimate import Estimate, Grade, Period, unknown
from valuekit.scorecard import Arm, EvidenceReport, Figure
from valuekit.text import count
from valuekit.uplift.arms import arm_rows
from valuekit.uplift.flow import Flow
from valuekit.uplift.holdout import Holdout
from valuekit.uplift.power import mde
from valuekit.uplift.relative import ratio_estimate
from valuekit.uplift.returning import Returning, returning
from valuekit.uplift.sequence import NAME, single_look_level

if TYPE_CHECKING:
    from valuekit.assess.designs.trial import Trial
    from valuekit.scorecard import Diagnostic

FORMULA = (
    "sum over allocation epochs of treated units x (what a treated unit brought - what a control "
    "unit brought), units exposed so far, outcomes on their own day"
)
SOURCE = (
    "intention to treat, delta method over 64 hash buckets of units; Cochran (1977), sec. 6.3; "
    "Deng, Knoblich & Lu (2018)"
)


def repeat(trial: Trial) -> Design:
    """Evaluate a holdout of returning units."""
    found = checks(trial)
    effect, why = effect_grade(trial, found)
    grade, link = money_grade(trial, effect, found)
    looks = looks_of(trial)
    days, gained = looks.flow.daily(trial.control, trial.evidence.treated)

    def within(period: Period) -> Period | None:
        """The part of a period in which the holdout ran."""
        if looks.period is None:
            return None
        first = max(period.first, looks.period.first)
        last = min(period.last, looks.period.last)
        return Period(first, last) if first <= last else None

    def worth(period: Period) -> Estimate:
        days = within(period)
        if days is None:
            why_not = "the holdout had not begun or was over"
            return unknown(why_not, trial.scene.currency, period=period)
        total = _money(trial, _measure(trial, looks.flow, days))
        return graded(replace(looks.read(total, days), period=period), grade)

    def base_in(period: Period) -> float | None:
        days = within(period)
        base = _measure(trial, looks.flow, days).base if days and trial.priced else None
        return None if base is None else base * trial.value

    def effect_in(segment: str) -> Estimate:
        if looks.period is None:
            return unknown(NOTHING_MATURE, f"{trial.unit}/unit")
        rows = trial.scene.fact("flow", looks.period, segment)
        part = Flow.of(rows[rows["metric"] == trial.name])
        return _measure(trial, part, looks.period).effect.scaled(trial.value, f"{trial.unit}/unit")

    def unvalued(period: Period) -> float | None:
        days = within(period)
        return None if days is None else _measure(trial, looks.flow, days).uncovered

    report = _report(looks, found, (effect, grade), (*why, *link))
    sides = {one.role: one.units for one in report.arms}
    units = sum(one.units for one in report.arms)
    return Design(
        report=report,
        worth=worth,
        daily=(days, gained * trial.value) if trial.priced else (days[:0], gained[:0]),
        effect_in=effect_in,
        comparison=True,
        control_share=sides["control"] / units if 0 < sides.get("control", 0) < units else None,
        base_in=base_in,
        unvalued=unvalued,
        blocked=split_broken(found),
    )


def _measure(trial: Trial, flow: Flow, period: Period) -> Returning:
    return returning(flow, trial.control, trial.evidence.treated, unit=trial.unit, period=period)


def _money(trial: Trial, found: Returning) -> Estimate:
    if trial.priced:
        return found.total.scaled(trial.value, trial.unit)
    why = f"metric {trial.name!r} has no declared money value"
    return unknown(why, trial.scene.currency, period=found.total.period)


def _report(
    looks: RepeatLooks,
    checked: dict[str, Diagnostic],
    grades: tuple[Grade, Grade],
    why: tuple[str, ...],
) -> EvidenceReport:
    trial, period = looks.trial, looks.period
    rate = f"{trial.unit}/unit"
    if period is None:
        reason = NOTHING_MATURE if trial.scene.span else why_unknown(trial.scene)
        none = unknown(reason, trial.scene.currency)
        found = Returning(none, unknown(reason, rate), None)
        money, effect = none, found.effect
        reading = None
    else:
        found = _measure(trial, looks.flow, period)
        single = _money(trial, found), found.effect.scaled(trial.value, rate)
        money, effect = (looks.read(one, period) for one in single)
        reading = looks.reading(found, *single)
    base = None if found.base is None else found.base * trial.value
    told = Holdout(money, effect, base, found.units, found.control_units, found.left_out)
    known = effect.known
    return EvidenceReport(
        design="holdout",
        primary=trial.evidence.primary,
        metric=trial.name,
        title=title(trial, told),
        money=graded(money, grades[1]),
        effect=graded(effect, grades[0]),
        relative=graded(_relative(looks, found), grades[0]),
        effect_grade=grades[0] if known else None,
        grade=grades[1] if money.known else None,
        grade_reasons=why if known else ("no grade before there is an effect to judge",),
        arms=_arms(looks),
        diagnostics=tuple(checked.values()),
        timeline=looks.steps(alone=True) if known else (),
        others=_others(looks) if known else (),
        settle=_settle(told),
        formula=FORMULA,
        source=SOURCE,
        base_money=base if trial.priced and money.known else None,
        reading=reading,
        ages=ages(trial),
        unvalued=found.uncovered,
    )


def _relative(looks: RepeatLooks, found: Returning) -> Estimate:
    if found.ratio is None or looks.period is None:
        return unknown(found.effect.reason, "share")
    times = looks.times(looks.period)
    level = 0.95 if times is None else single_look_level(times)
    nonnegative = bool((looks.flow.y >= 0).all())
    lift = ratio_estimate(found.ratio, nonnegative=nonnegative, level=level, period=looks.period)
    if times is None or not lift.known:
        return lift
    return replace(lift, level=0.95, df=None, method=f"{lift.method}, {NAME}")


def _arms(looks: RepeatLooks) -> tuple[Arm, ...]:
    """Arms with all that their units brought so far; matched within the window of the checks."""
    trial, flow = looks.trial, looks.flow
    made = []
    for arm in arm_rows(trial.rows(None), trial.control, trial.evidence.treated):
        at = [place for place, (_, name) in enumerate(flow.names) if name == arm.name]
        units = float(flow.units[at].sum()) if at else 0.0
        mean = float(flow.y[at].sum()) / units if units else None
        made.append(replace(arm, units=round(units), mean=mean, sd=None))
    return tuple(made)


def _others(looks: RepeatLooks) -> tuple[Figure, ...]:
    """Each arm alone, and the model's other metrics."""
    trial, period, figures = looks.trial, looks.period, []
    if period is None:
        return ()
    arms = looks.flow.treated(trial.control, trial.evidence.treated)
    if len(arms) > 1:
        for arm in arms:
            one = returning(looks.flow, trial.control, arm, unit=trial.unit, period=period).effect
            made = one.scaled(trial.value, f"{trial.unit}/unit")
            figures.append(_figure(looks, f"arm.{arm}", f"{arm} alone, per unit", made))
    rows = trial.scene.fact("flow", period)
    for name in trial.scene.model.metrics:
        if name != trial.name:
            flow = Flow.of(rows[rows["metric"] == name])
            made = returning(
                flow, trial.control, trial.evidence.treated, unit=name, period=period
            ).effect
            figures.append(_figure(looks, name, f"{name}, per unit", made))
    return tuple(figures)


def _figure(looks: RepeatLooks, key: str, label: str, made: Estimate) -> Figure:
    read = made if looks.period is None else looks.read(made, looks.period)
    return Figure(f"uplift.{key}", label, read, FORMULA, facts=("flow.units", "flow.sum_y"))


def _settle(told: Holdout) -> str:
    """How many units, followed as long as these, would tell the effect from zero."""
    effect, units = told.effect, told.units + told.control_units
    if effect.value is None or not effect.se or not effect.value:
        return "Both groups, with 32 of the 64 hash buckets filled in each, for four weeks."
    needed = math.ceil(units * (mde(effect.se, watched=True) / abs(effect.value)) ** 2)
    if effect.resolved or needed <= units:
        return f"The {count(units)} units so far are enough to settle an effect of this size."
    return (
        f"About {count(needed)} units, followed for as long as these {count(units)} were, would "
        "settle an effect of this size when it is watched every day."
    )
