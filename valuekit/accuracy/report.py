"""From a value and its standard error to an Estimate, with the ends kept in the figure's range."""

from __future__ import annotations

import math
from collections.abc import Callable

from valuekit.accuracy.blocks import FEW_DAYS, METHOD, Blocked
from valuekit.critical import critical
from valuekit.estimate import Estimate, Period


def from_days(
    found: Blocked,
    *,
    unit: str,
    name: str,
    n: int | None = None,
    level: float = 0.95,
    period: Period | None = None,
    transform: Callable[[float], float] | None = None,
) -> Estimate:
    """An estimate from daily sums; without an interval, and a reason, when there are few days.

    Args:
        found: Value, standard error and degrees of freedom.
        unit: Unit of the (transformed) figure.
        name: What was computed, for the method.
        n: Rows behind the figure.
        level: Confidence level.
        period: Days the figure is about.
        transform: Increasing function applied to value and ends, such as the square root.
    """
    shape = transform or _same
    value = shape(found.value)
    if not found.se:
        why = FEW_DAYS if found.se is None else "Every day is the same, so there is no interval."
        return Estimate(value, unit, n=n, method=name, period=period, reason=why)
    half = critical(level, found.df) * found.se
    return Estimate(
        value=value,
        unit=unit,
        low=shape(found.value - half),
        high=shape(found.value + half),
        level=level,
        se=found.se if transform is None else None,
        df=found.df,
        n=n,
        method=f"{name} ({METHOD})",
        period=period,
    )


def from_se(  # noqa: PLR0913 - settings by keyword, with defaults
    value: float,
    se: float,
    *,
    unit: str,
    method: str,
    n: int,
    bounds: tuple[float, float] = (-math.inf, math.inf),
    level: float = 0.95,
    period: Period | None = None,
) -> Estimate:
    """A normal interval clipped to ``bounds``; no interval, and a reason, at a zero error."""
    if se <= 0:
        why = "The data show no variation, so there is no interval."
        return Estimate(value, unit, n=n, method=method, period=period, reason=why)
    half = critical(level) * se
    return Estimate(
        value=value,
        unit=unit,
        low=max(value - half, bounds[0]),
        high=min(value + half, bounds[1]),
        level=level,
        se=se,
        n=n,
        method=method,
        period=period,
    )


def root(value: float) -> float:
    """Square root, with values below zero at zero."""
    return math.sqrt(max(value, 0.0))


def _same(value: float) -> float:
    return value
