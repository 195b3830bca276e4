"""Net value over the horizon as believed: evidence, bias allowance, prior, marginal cost.

1. **Evidence.** Value V with standard error se from the mature days, scaled to the horizon. After
   a dated change only the days since are used.
2. **Bias allowance.** s^2 = se^2 + (c M)^2 with c by grade (A 0, B 1%, C 3%, D 10%), because even
   much data can be wrong in the same direction. M is the counterfactual's money for designs with
   a measured comparison. A payoff matrix, a baseline forecast or hours saved are assumptions, whose
   counterfactual may be near zero: there M is the larger of it and the value itself.
3. **Prior.** Designs that compare arms get a prior on the *relative* lift, N(0, tau^2), tau = 3%
   by default, times the counterfactual's money: a prior in money punishes large models. When the
   measured lift lies more than three standard deviations out under prior and noise together, the
   two contradict each other; tau is then widened just enough, to tau^2 = lift^2/9 - s^2, and the
   reasons say so (a normal prior would otherwise overrule a +118% lift that is five standard
   errors from zero). Assumption designs get no prior: it describes measured lifts of randomised
   changes, and shrinking an assumed sum towards zero by it would turn any model that is worth
   ten times its cost into nothing. Their doubt is carried by the bias allowance instead.
4. **Costs.** Marginal cost over the horizon is subtracted; sunk and shared cost stay whatever we
   decide.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scipy import special

if TYPE_CHECKING:
    from valuekit.decision.case import Case
    from valuekit.estimate import Grade

ALLOWANCE: dict[Grade, float] = {"A": 0.0, "B": 0.01, "C": 0.03, "D": 0.10}
CONFLICT = 3.0  # predictive standard deviations beyond which prior and data contradict


@dataclass(frozen=True, slots=True)
class Belief:
    """Net value over the horizon as believed: normal with this mean and standard deviation."""

    mean: float
    sd: float
    widened: bool = False  # the prior gave way to data that contradict it

    @property
    def p_loss(self) -> float:
        """P(net < 0) = Phi(-m / s)."""
        if self.sd == 0:
            return float(self.mean < 0)
        return float(special.ndtr(-self.mean / self.sd))

    @property
    def loss_keep(self) -> float:
        """Expected loss of keeping, E[max(0, -net)] = s phi(z) - m Phi(-z), z = m / s."""
        return partial_expectation(-self.mean, self.sd)

    @property
    def loss_retire(self) -> float:
        """Expected loss of retiring, E[max(0, net)] = s phi(z) + m Phi(z)."""
        return partial_expectation(self.mean, self.sd)


def partial_expectation(mean: float, sd: float) -> float:
    """E[max(0, X)] for X ~ N(mean, sd^2): sd phi(mean/sd) + mean Phi(mean/sd).

    >>> round(partial_expectation(0.0, 1.0), 4)
    0.3989
    """
    if sd <= 0:
        return max(mean, 0.0)
    z = mean / sd
    density = math.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    return float(sd * density + mean * special.ndtr(z))


def believe(case: Case, allowance: float) -> Belief:
    """Posterior of net value over the horizon under a bias allowance (steps 1 to 4).

    With a comparison and base B: r = V/B, s^2 = (se/B)^2 + c^2, posterior mean
    r tau^2/(tau^2 + s^2) and variance tau^2 s^2/(tau^2 + s^2), times B. Without: mean V, variance
    se^2 + (c max(|B|, |V|))^2.
    """
    scale = case.horizon / case.days
    value = (case.value.value or 0.0) * scale
    se = (case.value.se or 0.0) * scale
    base = (case.base or 0.0) * scale
    if not case.comparison or base <= 0:
        sd = math.hypot(se, allowance * max(abs(base), abs(value)))
        return Belief(value - case.cost, sd)
    lift, noise = value / base, math.hypot(se / base, allowance)
    needed = (lift / CONFLICT) ** 2 - noise**2
    prior = max(case.prior**2, needed)
    weight = prior / (prior + noise**2)
    return Belief(
        mean=weight * value - case.cost,
        sd=math.sqrt(weight) * noise * base,
        widened=needed > case.prior**2,
    )
