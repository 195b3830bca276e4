"""A verdict in plain words: headline, reasons with figures, next step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from valuekit.decision.trial import TRIAL_DAYS, TRIAL_SHARES, Trial
from valuekit.text import day, money, percent

if TYPE_CHECKING:
    from valuekit.decision.belief import Belief
    from valuekit.decision.case import Case
    from valuekit.scorecard import Action


def _span(case: Case) -> str:
    return "the next year" if case.horizon == 365 else f"the next {case.horizon} days"


def headline(case: Case, action: Action, belief: Belief) -> str:
    """The verdict in one line, with what is expected of keeping the model."""
    amount = money(abs(belief.mean), case.currency)
    sense = "earn" if belief.mean >= 0 else "lose"
    expected = f"expected to {sense} {amount} over {_span(case)}"
    return {
        "keep": f"Keep {case.title}: {expected}",
        "watch": f"Watch {case.title}: {expected}, but it is declining",
        "retrain": f"Retrain {case.title}: it was worth its cost before it broke",
        "retire": f"Retire {case.title}: {expected}",
        "measure first": f"Measure {case.title} first: the evidence does not settle it",
    }.get(action, case.title)


def reasons(
    case: Case, action: Action, belief: Belief, trial: Trial, *, flips: bool
) -> tuple[str, ...]:
    """Why, in sentences with figures: value and cost, chance of a loss, evidence, decline."""
    paid = money(case.cost, case.currency)
    brings = money(belief.mean + case.cost, case.currency)
    gross = belief.mean + case.cost
    does = f"bring {brings} for" if gross >= 0 else f"lose {money(-gross, case.currency)} on top of"
    found = [
        f"Over {_span(case)} it is expected to {does} {paid} of running cost.",
        f"The chance that it loses money is {_chance(belief.p_loss)}.",
        _evidence_reason(case),
    ]
    if belief.widened:
        found.append(
            "The measured lift is far larger than is usual for a model, and too certain to be "
            "chance; the usual caution was relaxed."
        )
    if case.drop is not None and case.drop.resolved:
        found.append(case.drop.text)
    if case.decay:
        found.append(case.decay)
    if action == "measure first":
        found.append(_measure_reason(case, belief, trial, flips=flips))
    return tuple(found)


def _chance(share: float) -> str:
    if share < 0.01:
        return "below 1%"
    return "above 99%" if share > 0.99 else percent(share, 0)


def _evidence_reason(case: Case) -> str:
    grade = case.value.grade or "D"
    rests = {
        "A": "a randomised comparison that passed its checks",
        "B": "a comparison with a small weakness",
        "C": "a comparison with weaknesses",
        "D": "an assumption that nobody has measured",
    }[grade]
    return f"The money rests on {rests} (grade {grade}), over {case.days} days."


def _measure_reason(case: Case, belief: Belief, trial: Trial, *, flips: bool) -> str:
    if trial.pays:
        return (
            f"A holdout of {percent(trial.share, 0)} for {trial.days} days is worth about "
            f"{money(trial.gain, case.currency)} in better decisions and "
            f"{_price(case, trial)}; it need not settle the question to be worth it."
        )
    if flips:
        return "A little more or less trust in the evidence would change the verdict."
    if belief.mean < 0:
        return "It looks like a loss, but an assumption alone retires no model."
    return "The evidence does not settle it."


def _price(case: Case, trial: Trial) -> str:
    """What a trial costs, beside what keeping or retiring at once would bring."""
    if trial.cost <= 0:
        return "costs nothing"
    return f"costs about {money(trial.cost, case.currency)}"


def next_step(case: Case, action: Action, trial: Trial) -> str:
    """What to do on Monday."""
    share = percent(trial.share or TRIAL_SHARES[1], 0)
    days = trial.days or TRIAL_DAYS[1]
    holdout = (
        f"Keep the control group, at about {share}, for another {days} days."
        if case.control_share
        else f"Register a holdout: leave a random {share} without the model for {days} days."
    )
    if case.value.grade == "D":
        holdout = f"Check the assumption with its owner. {holdout}"
    since = f" on data since {day(case.drop.day)}" if case.drop else ""
    return {
        "keep": "Keep it running and look again next quarter.",
        "watch": "Look again in four weeks; plan a retraining if the decline goes on.",
        "retrain": f"Retrain it{since} and compare the new version against the old one.",
        "retire": "Sign the retirement off; the marginal cost ends with it.",
        "measure first": holdout,
    }.get(action, "")
