"""Proportions: Wilson's interval, Newcombe's for a difference, and its stratified form."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from valuekit.critical import critical
from valuekit.estimate import Estimate, Period, unknown
from valuekit.facts import period_of
from valuekit.uplift.arms import arm_epochs, treated_arms
from valuekit.uplift.stratified import Term

_WHOLE = 1e-9  # how near s^2 must be to n p (1 - p) / (n - 1) for outcomes to be 0 and 1


def wilson(count: float, n: float, level: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval of a proportion (Wilson 1927); ``n`` above 0.

    >>> [round(end, 4) for end in wilson(81, 263)]
    [0.2553, 0.3662]
    """
    z2 = critical(level) ** 2
    middle = (count + z2 / 2) / (n + z2)
    half = math.sqrt(z2 * (count * (n - count) / n + z2 / 4)) / (n + z2)
    return max(middle - half, 0.0), min(middle + half, 1.0)


def share(
    count: float, n: float, *, level: float = 0.95, period: Period | None = None, none: str = ""
) -> Estimate:
    """A proportion with Wilson's interval; unknown, with the reason ``none``, when n is 0."""
    if n <= 0:
        return unknown(none or "There is nothing to take a share of.", "share", period=period)
    low, high = wilson(count, n, level)
    value = count / n
    return Estimate(
        value=value,
        unit="share",
        low=min(low, value),
        high=max(high, value),
        level=level,
        n=round(n),
        method="proportion (Wilson)",
        period=period,
    )


def newcombe(
    x1: float,
    n1: float,
    x0: float,
    n0: float,
    *,
    level: float = 0.95,
    unit: str = "share",
    period: Period | None = None,
) -> Estimate:
    """Difference of two independent proportions x1/n1 - x0/n0, Newcombe (1998) method 10.

    Works with zero cells. Unknown when an arm is empty.
    """
    if min(n1, n0) <= 0:
        return unknown("One of the arms has no units.", unit, period=period)
    return _mover([(1.0, x1, n1), (-1.0, x0, n0)], level, unit, period)


def proportion_difference(
    frame: pd.DataFrame,
    control: str,
    treated: str | Sequence[str] | None = None,
    *,
    level: float = 0.95,
    period: Period | None = None,
) -> Estimate:
    """Difference in the share of units with an outcome, per treated unit, stratified by epoch.

    For metrics of kind ``proportion`` (0 or 1 a unit): ``sum_e w_e (p1e - p0e)`` with
    w_e = n1e / sum n1. The interval squares and adds Wilson distances (MOVER, Zou & Donner 2008,
    Statistics in Medicine 27:1693), which is Newcombe's method 10 when there is one epoch.

    Args:
        frame: Effect rows of one metric and segment, mature days only.
        control: Control arm.
        treated: Treated arm or arms; None for all others.
        level: Confidence level.
        period: Label; the frame's days by default.
    """
    label = period_of(frame, period)
    epochs = arm_epochs(frame)
    chosen = treated_arms({arm for arms in epochs.values() for arm in arms}, control, treated)
    cells: list[tuple[float, float, float]] = []
    for arms in epochs.values():
        used = [arms[name] for name in chosen if name in arms and arms[name].moments.n]
        if control not in arms or not arms[control].moments.n or not used:
            continue
        cells += [(float(one.moments.n), one.nonzero, one.moments.n) for one in used]
        base = arms[control]
        cells.append((-float(sum(one.moments.n for one in used)), base.nonzero, base.moments.n))
    if not cells:
        return unknown("Only one side has data: both arms are needed.", "share", period=label)
    scale = sum(weight for weight, _, _ in cells if weight > 0)
    return _mover([(w / scale, x, n) for w, x, n in cells], level, "share", label)


def mover_ends(terms: Sequence[Term], level: float) -> tuple[float, float] | None:
    """Interval of a weighted sum of proportions (MOVER); None where outcomes are not 0 and 1.

    Args:
        terms: Weighted means of a stratified difference; the interval is of their sum.
        level: Confidence level.
    """
    cells = []
    for term in terms:
        n, p = term.df + 1, term.mean
        if not 0 <= p <= 1 or abs(term.variance * term.df - p * (1 - p)) > _WHOLE:
            return None
        cells.append((term.weight, p * n, float(n)))
    made = _mover(cells, level, "", None)
    return None if made.low is None or made.high is None else (made.low, made.high)


def _mover(
    cells: Sequence[tuple[float, float, float]], level: float, unit: str, period: Period | None
) -> Estimate:
    value = down = up = 0.0
    for weight, x, n in cells:
        p = x / n
        low, high = wilson(x, n, level)
        value += weight * p
        below, above = (p - low, high - p) if weight > 0 else (high - p, p - low)
        down += (weight * below) ** 2
        up += (weight * above) ** 2
    return Estimate(
        value=value,
        unit=unit,
        low=value - math.sqrt(down),
        high=value + math.sqrt(up),
        level=level,
        n=round(sum(n for _, _, n in cells)),
        method="difference of proportions (Newcombe)",
        period=period,
    )
