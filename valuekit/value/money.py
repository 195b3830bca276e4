"""Net value: what a model added less what it cost, with the interval of the value."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from scipy import special

from valuekit.estimate import Estimate, Period, unknown
from valuekit.uplift.sequence import NAME as SEQUENCE

if TYPE_CHECKING:
    from decimal import Decimal

Worth = Callable[[Period], Estimate]
"""Value that a design attributes to the model over the days of a period (all of them mature)."""


def cost_estimate(amount: Decimal, unit: str, period: Period, method: str) -> Estimate:
    """A cost as a figure: known exactly, positive, without an interval."""
    return Estimate(value=float(amount), unit=unit, method=method, period=period)


def net(value: Estimate, cost: Estimate) -> Estimate:
    """Value less cost; the interval of the value, shifted, because the cost is known exactly.

    Args:
        value: Money that the model added, positive when good.
        cost: Money that it cost, positive.

    Returns:
        Net value in the unit of ``value``, graded like it; unknown when either is unknown.
    """
    if value.value is None:
        return replace(value, low=None, high=None, se=None)
    if cost.value is None:
        return unknown(cost.reason, value.unit, period=value.period)
    paid = cost.value
    return replace(
        value,
        value=value.value - paid,
        low=None if value.low is None else value.low - paid,
        high=None if value.high is None else value.high - paid,
        method=f"{value.method}, less cost" if value.method else "value less cost",
    )


def p_loss(net_value: Estimate) -> float | None:
    """P(net < 0) = Phi(-net / se) under a normal sampling distribution; None when unknown.

    >>> round(p_loss(Estimate(value=1.959964, unit="EUR", se=1.0)), 3)
    0.025
    """
    if net_value.value is None or not net_value.se:
        return None
    return float(special.ndtr(-net_value.value / net_value.se))


def added(estimates: list[Estimate], unit: str, period: Period | None, method: str) -> Estimate:
    """Sum of independent figures: values add, variances add; unknown ones must be left out.

    The interval is normal, ``sum +- z sqrt(sum se^2)``. A part whose interval is a confidence
    sequence, wider because it may be read every day, enters with the multiplier that it has:
    ``sum +- sqrt(sum (k se)^2)``, so that a total is never surer than its parts. A figure without
    a standard error contributes its value alone, which the notes say.
    """
    known = [one for one in estimates if one.value is not None]
    if not known:
        why = estimates[0].reason if estimates else "there is nothing to add up"
        return unknown(why, unit, period=period, method=method)
    total = math.fsum(one.value for one in known if one.value is not None)
    exact = [one for one in known if one.se is None]
    notes = (f"{len(exact)} of {len(known)} parts have no interval.",) if exact else ()
    if len(exact) == len(known):
        return Estimate(value=total, unit=unit, method=method, period=period)
    se = math.sqrt(math.fsum(one.se**2 for one in known if one.se is not None))
    half = math.sqrt(math.fsum(_half_width(one) ** 2 for one in known if one.se is not None))
    return Estimate(
        value=total,
        unit=unit,
        low=total - half,
        high=total + half,
        se=se,
        n=len(known),
        method=method,
        period=period,
        notes=notes,
    )


def _half_width(one: Estimate) -> float:
    """Half-width of one part: that of its sequence, else the normal one."""
    normal = float(special.ndtri(0.975)) * (one.se or 0.0)
    if one.low is None or one.high is None or SEQUENCE not in one.method:
        return normal
    return max((one.high - one.low) / 2, normal)
