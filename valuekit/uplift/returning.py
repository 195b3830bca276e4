"""A holdout of customers who come back: money of treated units from sums by hash bucket."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from valuekit.critical import critical
from valuekit.estimate import Estimate, Period, unknown
from valuekit.uplift.flow import Floats, Flow, Side
from valuekit.uplift.relative import Ratio
from valuekit.uplift.stratified import share_lost

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

LEAST_BUCKETS = 32  # with units, in each arm
METHOD = "difference of totals, stratified by epoch, hash buckets"


@dataclass(frozen=True, slots=True)
class Returning:
    """What a holdout of returning units found.

    Attributes:
        total: Sum of y that the treated units would not have had, over the period.
        effect: The same per treated unit.
        base: Sum of y expected of the treated units without treatment; None when unknown.
        left_out: Epochs without units in both arms.
        units: Treated units that the total covers.
        control_units: Control units that they are compared with.
        ratio: Total of the treated and their counterfactual, for the relative lift; None when
            unknown.
        lost: Treated units in epochs without control units, whose total is unknown.
    """

    total: Estimate
    effect: Estimate
    base: float | None
    left_out: tuple[str, ...] = ()
    units: int = 0
    control_units: int = 0
    ratio: Ratio | None = None
    lost: int = 0

    @property
    def uncovered(self) -> float | None:
        """Share of treated units whose total is unknown; None without any."""
        return share_lost(self.lost, self.units)


def returning(
    flow: pd.DataFrame | Flow,
    control: str,
    treated: str | Sequence[str] | None = None,
    *,
    unit: str,
    period: Period,
    level: float = 0.95,
) -> Returning:
    """Effect on the total of y, intention to treat over all treated units, epoch by epoch.

    ``sum_e n1e (ybar1e - ybar0e)`` with ``ybar = S/n``: y over the days of the period, units
    exposed up to its end. The buckets (hashes of the unit, blind to the arm) are the independent
    entries: ``U_ab = sum_e (n1e / nae)(S_aeb - ybar_ae n_aeb)``,
    ``V = sum_a K/(K-1) sum_b U_ab^2``, t with K - 1 degrees of freedom (delta method for ratios of
    sums: Cochran 1977, Sampling Techniques, sec. 6.3; Deng, Knoblich & Lu 2018). Rows as
    independent would make intervals too narrow, because one customer's orders are alike.

    Args:
        flow: Flow facts of one metric and segment, from the first day of the holdout on, or the
            arrays made of them.
        control: Name of the control arm.
        treated: The arms that count; None for all but the control.
        unit: Unit of y.
        period: Days whose outcomes count.
        level: Confidence level.

    Returns:
        Total and effect per treated unit; positive when treated units have more. Unknown with a
        reason when an arm has fewer than 32 buckets with units, or nothing varies.
    """
    arrays = flow if isinstance(flow, Flow) else Flow.of(flow)
    every = arrays.sides(period, control, treated)
    epochs = [one for one in every.values() if one[0].n and one[1].n]
    left_out = tuple(sorted(name for name, one in every.items() if not (one[0].n and one[1].n)))
    lost = round(sum(one[0].n for one in every.values() if not one[1].n))
    per = f"{unit}/unit"
    parts, why = _variances(epochs)
    if why:
        reasons = (unknown(why, unit, period=period), unknown(why, per, period=period))
        return Returning(*reasons, None, left_out, lost=lost)
    df = len(epochs[0][0].units) - 1
    se = math.sqrt(sum(parts))
    half = critical(level, df) * se
    exposed, held = (sum(sides[place].n for sides in epochs) for place in (0, 1))
    value = sum(one.n * (one.mean - other.mean) for one, other in epochs)
    total = Estimate(
        value=value,
        unit=unit,
        low=value - half,
        high=value + half,
        level=level,
        se=se,
        df=df,
        n=round(exposed + held),
        method=METHOD,
        period=period,
        notes=tuple(
            f"Units first exposed from {name} on have no counterpart and are left out."
            for name in left_out
        ),
    )
    base = sum(one.n * other.mean for one, other in epochs)
    top = sum(float(one.y.sum()) for one, _ in epochs)
    ratio = Ratio(top, ((parts[0], df),), base, ((parts[1], df),), round(exposed + held))
    effect = total.scaled(1 / exposed, per)
    return Returning(total, effect, base, left_out, round(exposed), round(held), ratio, lost)


def _variances(epochs: Sequence[tuple[Side, Side]]) -> tuple[tuple[float, float], str]:
    """Variances of the treated and the counterfactual total, or why there are none."""
    none = (0.0, 0.0)
    if not epochs:
        return none, "no stretch of constant allocation has units in both arms"
    filled = min(_filled(arms) for arms in zip(*epochs, strict=True))
    if filled < LEAST_BUCKETS:
        why = f"an arm has units in {filled} of the hash buckets; {LEAST_BUCKETS} are needed"
        return none, why
    size = len(epochs[0][0].units)
    one, other = (size / (size - 1) * float((sums**2).sum()) for sums in _residuals(epochs, size))
    rounding = 1e-12 * sum(float(np.abs(side.y).sum()) for sides in epochs for side in sides)
    if one + other <= rounding**2:
        return none, "every unit has the same outcome in each arm"
    return (one, other), ""


def _filled(arms: Sequence[Side]) -> int:
    """Buckets in which an arm has units in some epoch."""
    return int(np.count_nonzero(np.sum([one.units for one in arms], axis=0)))


def _residuals(epochs: Sequence[tuple[Side, Side]], size: int) -> tuple[Floats, Floats]:
    """``U_ab`` of the treated and of the control arm."""
    first, second = np.zeros(size), np.zeros(size)
    for one, other in epochs:
        first = first + one.residual()
        second = second + one.n / other.n * other.residual()
    return first, second
