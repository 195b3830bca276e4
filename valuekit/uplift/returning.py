"""A holdout of customers who come back: money of treated units from sums by hash bucket."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from valuekit.critical import critical
from valuekit.estimate import Estimate, Period, unknown
from valuekit.uplift.arms import treated_arms

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

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
    """

    total: Estimate
    effect: Estimate
    base: float | None
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Arm:
    """Units and sums of y of one arm in one epoch, by bucket."""

    units: Floats
    y: Floats

    @property
    def n(self) -> float:
        return float(self.units.sum())

    @property
    def mean(self) -> float:
        return float(self.y.sum()) / self.n

    def residual(self) -> Floats:
        """Sums of y less what as many average units would have had."""
        made: Floats = self.y - self.mean * self.units
        return made


def returning(
    flow: pd.DataFrame,
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
        flow: Flow facts of one metric and segment, from the first day of the holdout on.
        control: Name of the control arm.
        treated: The arms that count; None for all but the control.
        unit: Unit of y.
        period: Days whose outcomes count.
        level: Confidence level.

    Returns:
        Total and effect per treated unit; positive when treated units have more. Unknown with a
        reason when an arm has fewer than 32 buckets with units, or nothing varies.
    """
    rows = flow[flow["day"].dt.date <= period.last]
    names = treated_arms(set(rows["arm"]), control, treated)
    epochs, left_out = _epochs(rows, control, names, period)
    value, se, why = _difference(epochs)
    per = f"{unit}/unit"
    if why:
        reasons = (unknown(why, unit, period=period), unknown(why, per, period=period))
        return Returning(*reasons, None, left_out)
    df = float(len(epochs[0][0].units) - 1)
    half = critical(level, df) * se
    exposed = sum(one.n for one, _ in epochs)
    total = Estimate(
        value=value,
        unit=unit,
        low=value - half,
        high=value + half,
        level=level,
        se=se,
        df=df,
        n=round(exposed + sum(other.n for _, other in epochs)),
        method=METHOD,
        period=period,
    )
    base = sum(one.n * other.mean for one, other in epochs)
    return Returning(total, total.scaled(1 / exposed, per), base, left_out)


def _difference(epochs: list[tuple[_Arm, _Arm]]) -> tuple[float, float, str]:
    """The total, its standard error, and why there is none."""
    if not epochs:
        return 0.0, 0.0, "no stretch of constant allocation has units in both arms"
    filled = min(_filled(arms) for arms in zip(*epochs, strict=True))
    if filled < LEAST_BUCKETS:
        why = f"an arm has units in {filled} of the hash buckets; {LEAST_BUCKETS} are needed"
        return 0.0, 0.0, why
    size = len(epochs[0][0].units)
    spread = size / (size - 1) * sum(float((sums**2).sum()) for sums in _residuals(epochs, size))
    if spread <= 0:
        return 0.0, 0.0, "every unit has the same outcome in each arm"
    return sum(one.n * (one.mean - other.mean) for one, other in epochs), math.sqrt(spread), ""


def _epochs(
    rows: pd.DataFrame, control: str, treated: tuple[str, ...], period: Period
) -> tuple[list[tuple[_Arm, _Arm]], tuple[str, ...]]:
    """Treated and control of every epoch that has both, and the names of the others."""
    counted = rows["day"].dt.date >= period.first
    found, without = [], []
    for name in sorted(set(rows["epoch"])):
        of = rows["epoch"] == name
        arms = [
            _arm(rows[of & rows["arm"].isin(names)], rows[of & counted & rows["arm"].isin(names)])
            for names in (treated, (control,))
        ]
        one, other = arms
        if one is not None and other is not None:
            found.append((one, other))
        else:
            without.append(str(name))
    return found, tuple(without)


def _arm(exposed: pd.DataFrame, counted: pd.DataFrame) -> _Arm | None:
    if exposed.empty:
        return None
    units: Floats = np.sum(np.stack(exposed["units"].tolist()), axis=0, dtype=np.float64)
    if not units.sum():
        return None
    y: Floats = np.zeros(len(units))
    if len(counted):
        y = np.sum(np.stack(counted["sum_y"].tolist()), axis=0, dtype=np.float64)
    return _Arm(units, y)


def _filled(arms: Sequence[_Arm]) -> int:
    """Buckets in which an arm has units in some epoch."""
    return int(np.count_nonzero(np.sum([one.units for one in arms], axis=0)))


def _residuals(epochs: list[tuple[_Arm, _Arm]], size: int) -> tuple[Floats, Floats]:
    """``U_ab`` of the treated and of the control arm."""
    first, second = np.zeros(size), np.zeros(size)
    for one, other in epochs:
        first = first + one.residual()
        second = second + one.n / other.n * other.residual()
    return first, second
