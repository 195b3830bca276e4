"""What would a holdout be worth, and cost, before deciding."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from valuekit.decision.belief import Belief, partial_expectation

if TYPE_CHECKING:
    from valuekit.decision.case import Case

TRIAL_DAYS = (28, 56, 91, 182)
TRIAL_SHARES = (0.05, 0.1, 0.2, 0.5)


@dataclass(frozen=True, slots=True)
class Trial:
    """The best holdout to run next: what it is expected to be worth, and to cost."""

    gain: float
    cost: float
    days: int
    share: float

    @property
    def pays(self) -> bool:
        """Whether it is worth more than it costs."""
        return self.gain > self.cost


def best_trial(case: Case, belief: Belief) -> Trial:
    """The holdout with the largest expected gain less cost, over its length and control share.

    Expected value of sample information: s~^2 = s^4 / (s^2 + sn^2), gain = s~ phi(m/s~) -
    |m| Phi(-|m|/s~), earned on the days that remain after the trial (Raiffa & Schlaifer 1961).
    The noise of a trial of T days with control share q follows from today's standard error:
    sn^2 = se^2 (days/T) q0 (1 - q0) / (q (1 - q)); for designs without arms q0 (1 - q0) is 1.
    Its cost is what the days of the trial bring less than the better of keeping and retiring
    would: the value that control units forgo or, where the model is expected to lose, what it
    loses on the others; and, where no holdout runs, a set-up put at one month of running cost.
    """
    scale = case.horizon / case.days
    se = (case.value.se or 0.0) * scale
    share = case.control_share
    spread = share * (1 - share) if share else 1.0
    setup = 0.0 if share else month_of(case)
    gross = belief.mean + case.cost
    trials = []
    for days in TRIAL_DAYS:
        if days >= case.horizon:
            continue
        for q in TRIAL_SHARES:
            noise = se**2 * (case.days / days) * spread / (q * (1 - q))
            left = 1 - days / case.horizon
            # Over the whole horizon; against retiring, keeping the others on loses -m of itself.
            forgone = max(gross * q, 0.0) if belief.mean >= 0 else max(gross * q - belief.mean, 0.0)
            cost = forgone * days / case.horizon + setup
            trials.append(Trial(left * _evsi(belief, noise), cost, days, q))
    return max(trials, key=lambda one: one.gain - one.cost, default=Trial(0.0, 0.0, 0, 0.0))


def _evsi(belief: Belief, noise: float) -> float:
    total = belief.sd**2 + noise
    if total <= 0:
        return 0.0
    return partial_expectation(-abs(belief.mean), belief.sd**2 / math.sqrt(total))


def month_of(case: Case) -> float:
    """One month of running cost: what a set-up or a retraining is put at."""
    return case.cost * min(1.0, 365 / 12 / case.horizon)
