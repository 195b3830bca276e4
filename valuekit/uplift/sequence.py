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

from scipy import special

from valuekit.estimate import Estimate

NAME = "asymptotic confidence sequence"
TIGHTEST = 0.5  # share of the registered final information at which the sequence is tightest
ALPHA = 0.05


def multiplier(information: float, target: float, alpha: float = ALPHA) -> float:
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
    r = _kappa(alpha) * information / target
    return math.sqrt(2 * (1 + 1 / r) * math.log(math.sqrt(1 + r) / alpha))


def _kappa(alpha: float) -> float:
    return -2 * math.log(alpha) + math.log(1 - 2 * math.log(alpha))


def sequence(estimate: Estimate, information: float, target: float) -> Estimate:
    """The estimate with the interval of the confidence sequence at its level.

    An estimate without a standard error is returned as it is.
    """
    return widened(estimate, multiplier(information, target, 1 - estimate.level))


def widened(estimate: Estimate, times: float) -> Estimate:
    """The estimate with an interval of ``times`` standard errors, never narrower than its own.

    With few units the t interval of a single look is wider than the sequence, which is
    asymptotic; then it stands. An estimate without a standard error is returned as it is.
    """
    if estimate.value is None or not estimate.se:
        return estimate
    half = times * estimate.se
    if estimate.low is not None and estimate.high is not None:
        half = max(half, estimate.high - estimate.value, estimate.value - estimate.low)
    return replace(
        estimate,
        low=estimate.value - half,
        high=estimate.value + half,
        df=None,
        method=f"{estimate.method}, {NAME}",
    )


_WIDEST = 8.0  # standard errors


def single_look_level(times: float) -> float:
    """Level at which a normal interval is ``times`` standard errors wide on each side.

    Intervals that are not symmetric (a ratio, a proportion) become those of a sequence when they
    are computed at this level. Early looks are many standard errors wide: beyond eight, where no
    number of 64 bits tells the level from 1, it is that of eight (left once in 1e15 looks).

    >>> round(single_look_level(1.959964), 4)
    0.95
    >>> single_look_level(40.0) < 1
    True
    """
    return float(2 * special.ndtr(min(times, _WIDEST)) - 1)


def always_valid_p(z: float, information: float, target: float, alpha: float = ALPHA) -> float:
    """p-value that stays valid however often, and whenever, it is read.

    The smallest level whose sequence of the same r excludes zero: p = min(1, sqrt(1 + r)
    exp(-z^2 r / (2 (1 + r)))). It is below ``alpha`` exactly when the interval excludes zero.

    Args:
        z: Estimate in standard errors.
        information: Information or units so far.
        target: I*, in the same measure.
        alpha: Level at which the sequence is tightest at ``target``.

    >>> round(always_valid_p(multiplier(2000, 1000), 2000, 1000), 6)
    0.05
    """
    if information <= 0 or target <= 0:
        return 1.0
    r = _kappa(alpha) * information / target
    log_p = 0.5 * math.log1p(r) - z * z * r / (2 * (1 + r))
    return math.exp(min(log_p, 0.0))
