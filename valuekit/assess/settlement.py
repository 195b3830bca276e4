"""What would settle whether a model earns its cost: in money, units and days, for every model.

Where outcomes are known by unit (a holdout, or metrics on units without one) or by prediction (a
payoff matrix), their variance and the traffic say which holdout would do. Where no outcome is
measured, that is the reason why nobody can say, and what to log comes first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from valuekit.assess.blocked import SETTLE
from valuekit.assess.scene import first_maturing
from valuekit.cost.lines import MARGINAL, total
from valuekit.estimate import Estimate, Period, unknown
from valuekit.facts import kept
from valuekit.scorecard import EvidenceReport, Settlement, Verdict
from valuekit.text import count, day, money, percent
from valuekit.uplift.arms import arm_facts
from valuekit.uplift.cheapest import MOST_DAYS, Traffic, cheapest
from valuekit.uplift.power import mde
from valuekit.workspace.evidence import PANEL_DESIGNS

if TYPE_CHECKING:
    from valuekit.assess.designs.base import Design
    from valuekit.assess.scene import Scene

YEAR = 365
UNCOMPARED = "no comparison tells yet what a unit brings"
_NO_MONEY = (
    "no outcome is measured in money: declare a metric on units with `already_money` or `money`"
)
_BY_GROUP = (
    "outcomes are known by group, not by unit, so no holdout of units can be sized: log `unit` and "
    "`arm` in [predictions] or [assignments], with the same metric by unit"
)
_UNMEASURED = {
    "hours_saved": (
        "minutes saved are assumed, not measured: log handling time by case as a metric"
    ),
    "baseline_forecast": (
        "money follows from forecast errors; orders and stock by series, as a metric on units, "
        "would show what a holdout of series needs"
    ),
}


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a model's units: traffic, units seen, and what one brings today."""

    traffic: Traffic
    units: float
    share: float
    worth: float | None  # believed value of a unit; None when no comparison tells it
    per: str  # unit or prediction


def settlement(scene: Scene, lead: Design | None) -> Settlement:
    """The minimum detectable value a year and the cheapest holdout that settles the verdict."""
    unit = scene.currency
    found = known(scene, lead)
    if lead is not None and lead.blocked:
        none = unknown(lead.blocked, unit)
        return Settlement(None, none, None, None, None, none, "", SETTLE)
    if isinstance(found, str):
        return _without_units(scene, lead, found)
    yearly = found.traffic.rate * YEAR
    smallest = found.traffic.detectable(found.units, found.share, watched=True)
    detectable = Estimate(
        value=smallest * yearly,
        unit=f"{unit}/year",
        n=round(found.units),
        method="minimum detectable value, 80% power, at the multiplier of the sequence",
        period=scene.mature,
    )
    paid = _paid(scene, found)
    sought = sought_of(scene, found)
    lifts = _lifts(lead, paid)
    if not sought:
        why = "neither its value nor its cost is known, so there is no effect to look for"
        cost = unknown(why, unit)
        return Settlement(None, detectable, None, None, None, cost, lifts, _seen(detectable, unit))
    way = cheapest(found.traffic, sought, found.worth or 0.0)
    if way is None:
        why = f"no holdout within {MOST_DAYS} days tells {money(sought, unit)} a {found.per}"
        text = (
            f"{_seen(detectable, unit)} Settling it is out of reach: {why} from zero."
            f"{_first_step(scene, found)}"
        )
        none = unknown(why, unit)
        return Settlement(sought, detectable, None, None, None, none, lifts, text)
    cost = (
        unknown(UNCOMPARED, unit)
        if found.worth is None
        else Estimate(value=way.cost, unit=unit, method="control units x value of a unit")
    )
    text = (
        f"{_seen(detectable, unit)} A holdout of {percent(way.share, 0)} for {way.days} days "
        f"({count(way.units)} {found.per}s) tells {money(sought, unit)} a {found.per} from zero; "
        f"it {forgoes(cost, unit)} and would {lifts}.{_first_step(scene, found)}"
    )
    return Settlement(sought, detectable, way.share, way.units, way.days, cost, lifts, text)


def _without_units(scene: Scene, lead: Design | None, why: str) -> Settlement:
    """Where no holdout of units can be planned: what the design sees, and what to do first."""
    unit, none = scene.currency, unknown(why, scene.currency)
    money_found = lead.report.money if lead is not None else none
    days = money_found.period.days if money_found.period else 0
    by_group = lead is not None and lead.report.design in PANEL_DESIGNS
    if not by_group or not money_found.se or not days:
        text = f"What would settle it is unknown: {why}."
        return Settlement(None, none, None, None, None, none, "", text)
    detectable = Estimate(
        value=mde(money_found.se) * YEAR / days,
        unit=f"{unit}/year",
        n=money_found.n,
        method="minimum detectable value, 80% power, at the error of this design",
        period=money_found.period,
    )
    text = f"{_seen(detectable, unit)} {why[0].upper()}{why[1:]}."
    return Settlement(None, detectable, None, None, None, none, _lifts(lead, 0.0), text)


def one_answer(
    reports: Sequence[EvidenceReport], way: Settlement | None
) -> tuple[EvidenceReport, ...]:
    """The reports, the primary one first; what would settle it reads the same there as elsewhere.

    A design knows what tells its own effect from zero; the way for the whole model asks whether it
    earns its cost. Where that is answered, if only by "out of reach", it is the answer to give.
    """
    ordered = sorted(reports, key=lambda one: not one.primary)
    if way is None or not way.sought:
        return tuple(ordered)
    return tuple(replace(one, settle=way.text) if one.primary else one for one in ordered)


def beside(way: Settlement, verdict: Verdict) -> Settlement:
    """The settlement with why the verdict may ask to measure although nothing settles it.

    A holdout that cannot tell the value from the cost with 80% power may still pay: a rough answer
    moves the decision by more than it costs.
    """
    gain, cost = verdict.value_of_information, verdict.holdout_cost
    pays = gain is not None and cost is not None and gain > cost
    if verdict.action != "measure first" or not pays or not way.sought or way.units is not None:
        return way
    text = (
        " A shorter holdout, which the verdict names, does not settle it but pays: a rough answer "
        "is worth more for the decision than it costs."
    )
    return replace(way, text=way.text + text)


def _first_step(scene: Scene, found: Known) -> str:
    """What has to be logged and declared before such a holdout can be planned."""
    if found.per == "unit":
        return ""
    p = scene.model.predictions
    unit = "" if p is not None and p.unit else "the `unit` (such as the customer), "
    return (
        f" First log {unit}the arm and what each unit brings in money, and declare it as a metric; "
        "then `valuekit holdout plan`."
    )


def sought_of(scene: Scene, found: Known) -> float:
    """Money a unit to be told from zero: what its value and its cost are apart; 0 if unknown."""
    paid = _paid(scene, found)
    worth = found.worth or 0.0
    return abs(worth - paid) or abs(paid) or abs(worth)


def forgoes(cost: Estimate, unit: str) -> str:
    """What the units without the model forgo, in words that go on after "it"."""
    if cost.value is None:
        return f"forgoes an unknown amount ({cost.reason})"
    if cost.value < 0:
        return f"saves about {money(-cost.value, unit)}, as the model loses by today's estimate,"
    return f"forgoes about {money(cost.value, unit)}"


def _seen(detectable: Estimate, unit: str) -> str:
    return f"Data like these show a value of {money(detectable.value or 0.0, unit)} a year or more."


def _lifts(lead: Design | None, paid: float) -> str:
    """Which grade it would lift, or which verdict it would decide."""
    grade = lead.report.grade if lead is not None else None
    decides = "decide whether it earns its running cost" if paid else "tell its value from zero"
    if lead is not None and lead.comparison and _clear(lead.report.effect, paid):
        clear = "its running cost, which retiring would end" if paid else "zero"
        decides = f"confirm what is settled already: its interval lies clear of {clear}"
    if grade is None or grade == "A":
        return decides
    return f"lift the evidence from {grade} to A and {decides}"


def _clear(effect: Estimate, paid: float) -> bool:
    return (
        effect.low is not None
        and effect.high is not None
        and not (effect.low <= paid <= effect.high)
    )


def _paid(scene: Scene, found: Known) -> float:
    """Marginal cost of a unit with the model, over the days with data."""
    if scene.span is None:
        return 0.0
    paid = float(total(scene.fact("cost", scene.span), MARGINAL))
    return paid / scene.span.days / found.traffic.rate


def known(scene: Scene, lead: Design | None) -> Known | str:
    """Traffic and variance of outcomes in money, or why they are not known."""
    if scene.model.retired is not None and scene.model.retired <= scene.book.as_of:
        return "the model is retired"
    if scene.span is None or scene.mature is None:
        ready = first_maturing(scene)
        when = "" if ready is None else f"; the first are complete on {day(ready)}"
        return f"no outcome has matured yet{when}"
    by_unit = _of_units(scene, lead, scene.mature)
    if by_unit is not None:
        return by_unit
    by_row = _of_payoff(scene, lead, scene.mature)
    if by_row is not None:
        return by_row
    design = lead.report.design if lead is not None else ""
    return _BY_GROUP if design in PANEL_DESIGNS else _UNMEASURED.get(design, _NO_MONEY)


def _of_units(scene: Scene, lead: Design | None, mature: Period) -> Known | str | None:
    """From the moments of the money metric by arm; without a control, of all units together.

    None where no metric is money, a reason where one is and its spread is not known.
    """
    evidence = scene.model.primary_evidence
    name = (evidence.metric if evidence else None) or scene.model.primary_metric
    metric = scene.model.metrics.get(name) if name else None
    if metric is None or not (metric.already_money or metric.money is not None):
        return None
    price = 1.0 if metric.money is None else float(metric.money)
    rows = scene.fact("effect", mature)
    rows = kept(rows, rows["metric"] == name)
    if rows.empty:
        return None
    if (rows["arm"] == "").any():
        rows = rows.assign(arm=rows["arm"].replace("", "-"))
    arms = arm_facts(rows)
    # A capped effect is told from zero by the spread of capped outcomes.
    capped = lead is not None and lead.capped
    merged = {arm: one.capped if capped else one.moments for arm, one in arms.items()}
    sides = {arm: one for arm, one in merged.items() if one.n > 1}
    if not sides:
        return "no arm has two units whose outcome is complete, so its spread is not known"
    control = evidence.control if evidence else None
    base = sides.get(control or "")
    rest = [one for arm, one in sides.items() if arm != control]
    if base is None or not rest:
        base = rest[0] if rest else base
    if base is None:
        return "no arm has two units whose outcome is complete, so its spread is not known"
    treated = rest[0] if rest else base
    spread = [one.variance() * price**2 for one in (treated, base)]
    if min(spread) <= 0:
        return (
            "every unit of an arm has the same outcome: either the column says nothing, or how "
            "much outcomes differ is not known yet"
        )
    units = sum(one.n for one in sides.values())
    share = base.n / units if base is not treated and 0 < base.n < units else 0.5
    effect = lead.report.effect if lead is not None else None
    compared = lead is not None and lead.comparison and not lead.blocked
    if evidence is not None and evidence.repeat and effect is not None and effect.se:
        # Units that come back: all they bring so far, and the spread that its interval shows.
        wider = effect.se**2 / (spread[0] / treated.n + spread[1] / base.n)
        spread = [one * wider for one in spread]
    worth = effect.value if compared and effect is not None else None
    traffic = Traffic(spread[0], spread[1], units / mature.days, scene.days_to_mature)
    return Known(traffic, units, share, worth, "unit")


def _of_payoff(scene: Scene, lead: Design | None, mature: Period) -> Known | None:
    """From the payoff of each prediction: its variance is that of the money of one row."""
    if lead is None or lead.report.design != "payoff":
        return None
    per_row = next(
        (one.estimate for one in lead.report.others if one.key == "value.payoff_per_row"), None
    )
    worth = lead.report.effect.value
    if per_row is None or not per_row.se or not per_row.n or worth is None:
        return None
    spread = per_row.se**2 * per_row.n
    traffic = Traffic(spread, spread, per_row.n / mature.days, scene.days_to_mature)
    return Known(traffic, per_row.n, 0.5, worth, "prediction")
