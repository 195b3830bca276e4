"""Keep, watch, retrain, retire, measure first, or not enough evidence: by expected value.

All money is over one forward horizon. :mod:`valuekit.decision.belief` turns evidence into a
distribution of net value, :mod:`valuekit.decision.trial` prices what a holdout would tell; here
the action of largest expected value is taken, not "retire if the interval excludes zero" (regret
.29 against .12). Measuring first wins when a holdout is worth more than it costs. Grade D alone
never retires. A verdict that changes at half or twice the bias allowance is: measure first.
"""

from __future__ import annotations

from dataclasses import replace

from valuekit.decision.belief import ALLOWANCE, Belief, believe
from valuekit.decision.case import Case, Drop
from valuekit.decision.trial import best_trial, month_of
from valuekit.decision.words import headline, next_step, reasons
from valuekit.scorecard import Action, Verdict
from valuekit.text import day, money, plural

__all__ = ["Case", "Drop", "decide"]

LEAST_DAYS = 28  # mature days below which a day says nothing about a year
RETRAIN_SUCCESS = 0.5  # chance that retraining restores what was lost; a judgement
MATERIAL_DROP = 0.2  # share of the value a day that must be gone before retraining is advised


def _choose(case: Case, allowance: float) -> Action:
    """The action at one bias allowance, by expected value."""
    belief = believe(case, allowance)
    if _retraining_pays(case, belief):
        return "retrain"
    if best_trial(case, belief).pays:
        return "measure first"
    if belief.mean < 0:
        return "measure first" if case.value.grade == "D" else "retire"
    declining = case.decay or (case.drop is not None and case.drop.resolved)
    return "watch" if declining else "keep"


def _retraining_pays(case: Case, belief: Belief) -> bool:
    """Whether retraining is expected to bring more than the better of keeping and retiring."""
    after = _retrained(case, belief)
    return after is not None and after > max(belief.mean, 0.0)


def _retrained(case: Case, belief: Belief) -> float | None:
    """What retraining is expected to bring; None unless a dated, sudden drop explains the loss.

    Retraining restores the value before the drop with probability P, else we are left with the
    better of keeping and retiring; its price is put at one month of running cost:
    ``P (before x horizon - cost) + (1 - P) max(m, 0) - price``.
    """
    drop = case.drop
    if drop is None or not (drop.sudden and drop.of_performance and drop.resolved):
        return None
    if drop.after > (1 - MATERIAL_DROP) * drop.before:
        return None
    restored = drop.before * case.horizon - case.cost
    left = max(belief.mean, 0.0)
    after = RETRAIN_SUCCESS * restored + (1 - RETRAIN_SUCCESS) * left - month_of(case)
    return after if restored > 0 else None


def decide(case: Case) -> Verdict:
    """The verdict with its reasons; every branch is a designed answer.

    Args:
        case: Evidence, costs and history of one model.

    Returns:
        The verdict. Amounts are over ``case.horizon``, expected losses positive.
    """
    if case.retired is not None:
        return _closed(case)
    if case.no_evidence:
        return _undeclared(case)
    if case.withheld or case.value.value is None or case.days <= 0:
        return _not_enough(case)
    if case.days < LEAST_DAYS:
        why = (
            f"Only {plural(case.days, 'mature day is', 'mature days are')} in the data, and a "
            f"verdict on {case.horizon} days ahead needs at least {LEAST_DAYS}"
        )
        return _not_enough(replace(case, withheld=why))
    if case.comparison and case.value.se is None:
        why = case.value.reason or "the value has no interval"
        return _not_enough(replace(case, withheld=f"The range of the value is unknown: {why}"))
    allowance = ALLOWANCE[case.value.grade or "D"]
    action = _choose(case, allowance)
    flips = any(_choose(case, allowance * factor) != action for factor in (0.5, 2.0))
    if flips and action != "retrain":
        action = "measure first"
    return _answer(case, action, flips=flips)


def _closed(case: Case) -> Verdict:
    when = day(case.retired) if case.retired else ""
    return Verdict(
        action="retire",
        headline=f"{case.title} was retired on {when}",
        reasons=("It stays in the list and in all totals up to that day.",),
        p_loss=None,
        expected_keep=None,
        expected_loss_keep=None,
        expected_loss_retire=None,
        value_of_information=None,
        holdout_cost=None,
        flips=False,
        next_step="Nothing to do.",
    )


def _undeclared(case: Case) -> Verdict:
    return Verdict(
        action="measure first",
        headline=f"Measure {case.title} first: nothing says yet what it earns",
        reasons=(
            "No evidence is declared, so its value is unknown.",
            f"Over {case.horizon} days it costs {money(case.cost, case.currency)} to run.",
        ),
        p_loss=None,
        expected_keep=None,
        expected_loss_keep=None,
        expected_loss_retire=None,
        value_of_information=None,
        holdout_cost=None,
        flips=False,
        next_step="Declare a design under [[evidence]]: a holdout, a payoff matrix or hours saved.",
    )


def _not_enough(case: Case) -> Verdict:
    if case.maturing is not None:
        found = [f"No outcome is complete yet: the first mature on {day(case.maturing)}"]
        step = f"Come back after {day(case.maturing)}."
    else:
        # What its value lacks comes first: a missing cost does not make a blocked claim whole.
        lacking = case.value.reason if case.value.value is None else ""
        found = list(dict.fromkeys(filter(None, (lacking, case.withheld)))) or ["There is no data"]
        step = "Complete the data named here, then refresh."
    return Verdict(
        action="not enough evidence",
        headline=f"Too early to decide on {case.title}"
        if case.maturing
        else f"No verdict on {case.title} yet",
        reasons=tuple(f"{one[0].upper()}{one[1:].removesuffix('.')}." for one in found),
        p_loss=None,
        expected_keep=None,
        expected_loss_keep=None,
        expected_loss_retire=None,
        value_of_information=None,
        holdout_cost=None,
        flips=False,
        next_step=step,
    )


def _answer(case: Case, action: Action, *, flips: bool) -> Verdict:
    belief = believe(case, ALLOWANCE[case.value.grade or "D"])
    trial = best_trial(case, belief)
    return Verdict(
        action=action,
        headline=headline(case, action, belief),
        reasons=reasons(case, action, belief, trial, flips=flips),
        p_loss=belief.p_loss,
        expected_keep=belief.mean,
        expected_loss_keep=belief.loss_keep,
        expected_loss_retire=belief.loss_retire,
        value_of_information=trial.gain,
        holdout_cost=trial.cost,
        flips=flips,
        next_step=next_step(case, action, trial),
        expected_retrain=_retrained(case, belief),
    )
