"""Asymptotic confidence sequence: an interval that may be looked at every day.

Half-width se sqrt(2 (1 + 1/r) ln(sqrt(1 + r) / alpha)) with r = k I / I*, where
k = -2 ln alpha + ln(1 - 2 ln alpha), I = 1/se^2 is the information so far and I* the amount at
which the sequence is tightest, half the registered final information (Waudby-Smith, Arbour,
Sinha, Kennedy & Ramdas 2024, Annals of Statistics 52:2613). At constant allocation information
is proportional to units, so I/I* = N/N*.
"""

from __future__ import annotations

import math
from dataclasses import replace

from valuekit.estimate import Estimate


def multiplier(information: float, target: float, alpha: float = 0.05) -> float:
    """Half-width of the sequence in standard errors.

    Args:
        information: Information or units so far; never decreasing (use the running maximum).
        target: I*, in the same measure.
        alpha: One less the level.

    Raises:
        ValueError: when an argument is not positive, or alpha not below 1.

    >>> round(multiplier(2000, 1000), 2)
    3.06
    """
    if information <= 0 or target <= 0 or not 0 < alpha < 1:
        msg = "information and target must be positive and alpha between 0 and 1"
        raise ValueError(msg)
    kappa = -2 * math.log(alpha) + math.log(1 - 2 * math.log(alpha))
    r = kappa * information / target
    return math.sqrt(2 * (1 + 1 / r) * math.log(math.sqrt(1 + r) / alpha))


def sequence(estimate: Estimate, information: float, target: float) -> Estimate:
    """The estimate with the interval of the confidence sequence at its level.

    An estimate without a standard error is returned as it is.
    """
    if estimate.value is None or not estimate.se:
        return estimate
    half = multiplier(information, target, 1 - estimate.level) * estimate.se
    return replace(
        estimate,
        low=estimate.value - half,
        high=estimate.value + half,
        df=None,
        method=f"{estimate.method}, asymptotic confidence sequence",
    )
