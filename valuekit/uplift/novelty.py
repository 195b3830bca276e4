"""Does the effect fade? Effect by unit age: what units of each age brought, by arm.

With s_ad(k) the value that units first exposed on day d in arm a brought at age k (days since
their exposure), a stretch of ages B has the effect per treated unit and day of age

    E_B = sum_d n_1d (m_1d - m_0d) / (|B| sum_d n_1d),  m_ad = sum over k in B of s_ad(k) / n_ad,

over days d with both arms, which lie in one allocation each, so a change of the split biases
nothing. Days are independent groups of units: V = D/(D-1) sum_d (n_1d (e_d - E))^2 /
(sum n_1d)^2, t with D - 1 degrees of freedom. The same days carry every stretch, so early less
late is judged from its own daily differences.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from valuekit.critical import critical, two_sided_p
from valuekit.estimate import Estimate
from valuekit.scorecard import AgeEffect
from valuekit.uplift.arms import treated_arms

Floats = NDArray[np.float64]
LEAST_DAYS = 14  # days of exposure with both arms, and days of age, below which nothing is said
STRETCHES = 4
LEAST_LATE = 0.02  # share of outcomes at later ages below which their absence is not fading


@dataclass(frozen=True, slots=True)
class Fading:
    """The effect by age, and how early differs from late.

    Attributes:
        ages: Effect in stretches of age, each per unit and day of age.
        early: Effect in the first half of the ages.
        late: Effect in the second half.
        p: p-value of early being equal to late.
    """

    ages: tuple[AgeEffect, ...]
    early: Estimate
    late: Estimate
    p: float


def fading(
    frame: pd.DataFrame,
    control: str,
    treated: str | Sequence[str] | None,
    *,
    unit: str,
    value: float = 1.0,
) -> Fading | str:
    """Effect by unit age from maturity facts, or why it is not known.

    Args:
        frame: Rows of the ``maturity`` fact by event, of one metric, mature days only.
        control: Control arm.
        treated: Treated arm or arms; None for all others.
        unit: Unit of the money.
        value: Money per unit of the metric.
    """
    if frame.empty:
        return "no outcome of these units has a time, so their age is unknown"
    length = min(len(one) for one in frame["sum_y"])
    if length < LEAST_DAYS:
        return f"the outcome window is shorter than {LEAST_DAYS} days"
    chosen = treated_arms(frame["arm"], control, treated)
    days, place = np.unique(frame["day"].to_numpy(), return_inverse=True)
    vectors = np.stack([one[:length] for one in frame["sum_y"]]).astype(np.float64)
    sides = [
        _side(frame, vectors, place, len(days), frame["arm"].isin(names).to_numpy(np.bool_))
        for names in (chosen, (control,))
    ]
    both = (sides[0][0] > 0) & (sides[1][0] > 0)
    if both.sum() < LEAST_DAYS:
        return f"fewer than {LEAST_DAYS} days have units in both arms"
    (n, gained), (n0, base) = ((units[both], sums[both]) for units, sums in sides)
    effects = value * (gained / n[:, None] - base / n0[:, None])
    cuts = np.linspace(0, length, STRETCHES + 1).round().astype(int)
    made = [
        AgeEffect(int(a), int(b) - 1, _mean(effects[:, a:b].mean(axis=1), n, unit))
        for a, b in pairwise(cuts.tolist())
    ]
    half = length // 2
    if _late(frame, half, length) < LEAST_LATE:
        return "hardly any outcome comes in the second half of the window, in either arm"
    early, late = effects[:, :half].mean(axis=1), effects[:, half:].mean(axis=1)
    apart = _mean(early - late, n, unit)
    p = two_sided_p((apart.value or 0.0) / apart.se, apart.df) if apart.se else 1.0
    return Fading(tuple(made), _mean(early, n, unit), _mean(late, n, unit), p)


def _late(frame: pd.DataFrame, half: int, length: int) -> float:
    """Share of outcomes that come in the second half of the window, all arms together."""
    counted = np.stack([one[:length] for one in frame["n"]]).sum(axis=0)
    return float(counted[half:].sum() / max(counted.sum(), 1))


def _side(
    frame: pd.DataFrame,
    vectors: Floats,
    place: NDArray[np.intp],
    days: int,
    used: NDArray[np.bool_],
) -> tuple[Floats, Floats]:
    """Units and value by age of some arms, by day of exposure."""
    units = np.bincount(place[used], frame["entries"].to_numpy(np.float64)[used], days)
    sums = np.zeros((days, vectors.shape[1]))
    np.add.at(sums, place[used], vectors[used])
    return units.astype(np.float64), sums


def _mean(daily: Floats, weight: Floats, unit: str) -> Estimate:
    """Weighted mean of daily effects with the interval of days as groups."""
    total, count = float(weight.sum()), len(daily)
    value = float(weight @ daily) / total
    squares = float(np.sum((weight * (daily - value)) ** 2)) / total**2
    se = math.sqrt(count / (count - 1) * squares)
    half = critical(0.95, count - 1) * se
    return Estimate(
        value=value,
        unit=f"{unit}/unit/day",
        low=value - half,
        high=value + half,
        se=se,
        df=count - 1,
        n=round(total),
        method="difference by unit age, days of exposure as groups",
    )
