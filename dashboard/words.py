"""Sentences that state results: titles, leads and the numbers of a chart for who cannot see it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from dashboard.format import (
    amount,
    day,
    figure,
    interval,
    money,
    percent,
    plural,
)
from dashboard.palette import ACTIONS
from valuekit.estimate import Estimate
from valuekit.period_words import LABELS
from valuekit.portfolio import Portfolio
from valuekit.scorecard import (
    Accuracy,
    Action,
    Change,
    PeriodName,
    Scorecard,
    ToDate,
)
from valuekit.text import listed

PERIODS: dict[PeriodName, str] = {
    name: LABELS[name] for name in ("year", "quarter", "month", "all")
}
GLOSSARY = {
    "net": "Net value: what the model earned or saved, less everything it cost.",
    "roi": "Return: net value for each unit of cost. 2.00: two earned, after cost, for one spent.",
    "range": "95% range: were the data drawn again and again, 95 of 100 such ranges would hold "
    "the true figure.",
    "uplift": "Uplift: the difference the model made, against customers who were left without it.",
    "grade": "Grade of evidence. A: randomised, registered and checked. B: phased or partly "
    "randomised. C: a comparison without randomisation. D: rests on an assumption.",
}


def action_word(action: str) -> str:
    """The verdict as a word: ``Measure first``."""
    return next((word for key, (word, _, _) in ACTIONS.items() if key == action), action)


def sum_range(total: Portfolio) -> str:
    """Range of the net value in words, or why there is none."""
    return interval(total.net)[0].upper() + interval(total.net)[1:]


def measured(total: Portfolio) -> str:
    """How much of the value is measured and how much rests on assumptions."""
    held = {"AB": 0.0, "C": 0.0, "D": 0.0}
    for one in total.by_grade:
        if one.grade is None or one.value.value is None:
            continue
        held["AB" if one.grade in "AB" else one.grade] += one.value.value
    parts = [
        (held["AB"], "is measured (grades A and B)"),
        (held["C"], "rests on comparisons (grade C)"),
        (held["D"], "rests on assumptions (grade D)"),
    ]
    said = [f"{money(value, total.currency)} {text}" for value, text in parts if value]
    if not said:
        return "No value is known yet."
    return f"Of the value before costs, {listed(said)}."


def kept(total: Portfolio) -> str:
    """Title of the bridge: what share of the value is left after costs."""
    value, net, cost = total.value.value, total.net.value, total.cost.value
    if value is None or net is None:
        return "The value of these models is not known yet"
    if value <= 0:
        return f"No value yet to set against {money(cost or 0.0, total.currency)} of cost"
    if net < 0:
        return f"Costs exceed the value by {money(-net, total.currency)}"
    return f"{percent(net / value, 0)} of the value is left after costs"


def standing(net: Estimate) -> str:
    """Title of the cumulative chart: on which side of zero the range lies."""
    if net.value is None:
        return "Net value is not known yet"
    if net.low is None or net.high is None:
        side = "above" if net.value > 0 else "below"
        return f"Net value is {side} zero, without a range"
    if net.low > 0:
        return "Net value is clearly above zero"
    if net.high < 0:
        return "Net value is clearly below zero"
    return "Net value cannot yet be told from zero"


def against_plan(points: Sequence[ToDate], plan_per_year: float | None, currency: str) -> str:
    """Where the cumulative net stands against the plan; empty without a plan."""
    if plan_per_year is None or len(points) < 2:
        return ""
    days = (points[-1].day - points[0].day).days + 7
    gap = points[-1].net - plan_per_year * days / 365.25
    side = "ahead of" if gap >= 0 else "behind"
    return (
        f"{money(abs(gap), currency)} {side} the plan of {money(plan_per_year, currency)} a year, "
        "days with open outcomes not counted yet."
    )


def decisions_title(needed: int) -> str:
    """Title of the list of models that need a decision."""
    if not needed:
        return "No model needs a decision"
    return f"{plural(needed, 'model needs', 'models need')} a decision"


def none_asks(actions: Sequence[Action]) -> str:
    """Why no model is in the list of those that need a decision: which verdicts there are."""
    if not actions:
        return "No model has a verdict yet."
    found = Counter(actions).most_common()
    if len(found) == 1 and found[0][0] in {"keep", "watch"}:
        return f"Every verdict is to {found[0][0]}."
    if len(found) == 1:
        return f"Every verdict is “{found[0][0]}”: no decision can rest on that."
    return f"Verdicts: {listed([f'{many} {action}' for action, many in found])}."


def losing_title(losing: int, known: int) -> str:
    """Title of the small multiples."""
    if not known:
        return "No model's net value is known yet"
    if not losing:
        return "Every model with a known value made money"
    return f"{losing} of {known} models lost money"


def change_title(changes: Sequence[Change], name: str, currency: str) -> str:
    """Title of the degradation card."""
    if not changes:
        return f"{name} shows no change point"
    # The card plots performance: its own change is the one to name, a change of value otherwise.
    one = next((held for held in reversed(changes) if held.series == "performance"), changes[-1])
    moved = f"{amount(one.before, '1')} to {amount(one.after, '1')}"
    subject = name if one.series == "performance" else "Value a day"
    if one.series != "performance":
        moved = f"{money(one.before, currency)} to {money(one.after, currency)}"
    lost = one.lost.value
    price = f", {lost_words(lost, currency)} since" if lost else ""
    return f"{subject} moved from {moved} around {day(one.day)}{price}"


def lost_words(lost: float, currency: str) -> str:
    """Money lost or gained, said with its word instead of a sign."""
    word = "lost" if lost > 0 else "gained"
    return f"{money(abs(lost), currency)} {word}"


def accuracy_title(accuracy: Accuracy) -> str:
    """Title of the accuracy section: the leading figure, or that there is none."""
    lead = next((one for one in accuracy.figures if one.key == accuracy.headline), None)
    if lead is None or not lead.estimate.known:
        return "No measure of accuracy is known"
    return f"{lead.label} is {figure(lead.estimate)}"


def threshold_title(accuracy: Accuracy, currency: str) -> str:
    """Title of the value curve: what the best threshold would add per thousand rows."""
    today, best = accuracy.threshold_today, accuracy.threshold_best
    if today is None or best is None or not accuracy.value_curve:
        return "Value at every threshold"
    points = accuracy.value_curve
    at = [min(points, key=lambda one: abs(one.x - mark)).y for mark in (today, best)]
    gain = (at[1] - at[0]) * 1000
    if gain <= 0 or abs(best - today) < 1e-9:
        return f"Today's threshold of {amount(today, '1')} is the best one"
    return (
        f"A threshold of {amount(best, '1')} instead of {amount(today, '1')} would add "
        f"{money(gain, currency)} per 1,000 predictions"
    )


def owner_line(card: Scorecard) -> str:
    """Owner, area and age of a model."""
    since = f", launched {day(card.launched)}" if card.launched else ""
    gone = f", retired {day(card.retired)}" if card.retired else ""
    return f"{card.area}. Owner {card.owner}{since}{gone}."


def retire_saving(total: Portfolio, cards: Sequence[Scorecard]) -> str:
    """What retiring the marked models would stop losing; empty when it would save nothing."""
    marked = [card for card in cards if card.verdict.action == "retire"]
    yearly = [card.verdict.expected_keep for card in marked]
    loss = -sum(one for one in yearly if one is not None and one < 0)
    if not marked or loss <= 0:
        return ""
    models = "marked model" if len(marked) == 1 else f"{len(marked)} marked models"
    return f"Retiring the {models} would stop a loss of about {money(loss, total.currency)} a year."


def probability(value: float | None) -> str:
    """A probability without false precision.

    >>> probability(0.0004), probability(0.97), probability(None)
    ('under 1%', '97%', 'unknown')
    """
    if value is None:
        return "unknown"
    if value < 0.01:
        return "under 1%"
    if value > 0.99:
        return "over 99%"
    return percent(value, 0)
