"""A holdout as it was watched: the effect to date on every day, on the scale of information.

Units enter on the day when their outcome window closes; the window is the same for all, so
that is the order of first exposure. After each day the stratified effect per treated unit and its
standard error are those of :mod:`valuekit.uplift.holdout` on all units that have entered.

Information is I = 1/se^2 as a running maximum, read as a share of the registered final
information N / (s1^2/(1 - q) + s0^2/q): what N units at the registered control share q would give
at the variances seen so far. With one allocation the share is units over planned units.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from valuekit.uplift.arms import grouped, treated_arms
from valuekit.uplift.sequence import TIGHTEST, always_valid_p, multiplier
from valuekit.uplift.stratified import Stratified, variance

Floats = NDArray[np.float64]
BURN_IN_DAYS = 7
BURN_IN_NONZERO = 100  # units with an outcome other than zero, in each arm


@dataclass(frozen=True, slots=True)
class Plan:
    """What was registered about the size of a holdout.

    Attributes:
        units: Units in all arms when it ends; the sequence is tightest at half of them.
        share: Share of control units that they are planned with.
    """

    units: int
    share: float


@dataclass(frozen=True, slots=True, eq=False)
class Watched:
    """The effect to date after each day on which units entered; arrays of one length.

    Attributes:
        days: Day of first exposure of the last units that had entered.
        value: Effect per treated unit over all units so far; NaN where not estimable.
        se: Its standard error; NaN where not estimable.
        share: Information as a share of the registered final one, never decreasing.
        ready: Whether the burn-in is over.
    """

    days: NDArray[np.datetime64]
    value: Floats
    se: Floats
    share: Floats
    ready: NDArray[np.bool_]

    @property
    def burned_in(self) -> bool:
        """Whether the sequence has begun."""
        return bool(self.ready.size and self.ready[-1])

    @property
    def times(self) -> Floats:
        """Half-width of the sequence in standard errors, day by day; NaN where not estimable."""
        return np.array(
            [multiplier(one, TIGHTEST) if one > 0 else np.nan for one in self.share], dtype=float
        )

    @property
    def p(self) -> float | None:
        """Always-valid p-value of the last day; None during the burn-in."""
        if not self.burned_in or not self.se[-1] > 0:
            return None
        return always_valid_p(float(self.value[-1] / self.se[-1]), float(self.share[-1]), TIGHTEST)


def information_share(strata: Stratified, plan: Plan) -> float:
    """Information of a stratified effect per unit as a share of the registered final one."""
    spread = variance(strata.terms)
    if spread <= 0:
        return 0.0
    pooled = []
    for terms in (strata.treated, strata.control):
        df = sum(term.df for term in terms)
        pooled.append(sum(term.df * term.variance * (term.df + 1) for term in terms) / df)
    return strata.units**2 / spread * _unit_variance(pooled[0], pooled[1], plan) / plan.units


def _unit_variance(treated: float, control: float, plan: Plan) -> float:
    return treated / (1 - plan.share) + control / plan.share


def watch(
    frame: pd.DataFrame,
    control: str,
    treated: str | Sequence[str] | None,
    plan: Plan,
    *,
    capped: bool = False,
) -> Watched:
    """The effect to date after every day.

    Args:
        frame: Effect rows of one metric and segment, mature days only.
        control: Control arm.
        treated: Treated arm or arms; None for all others.
        plan: What was registered.
        capped: Use the capped outcome.
    """
    chosen = treated_arms(frame["arm"], control, treated)
    rows = frame[frame["arm"].isin([control, *chosen]) & (frame["n"] > 0)]
    if rows.empty:
        none = np.zeros(0)
        return Watched(np.zeros(0, "datetime64[D]"), none, none, none, np.zeros(0, np.bool_))
    so_far = _cumulated(rows, capped=capped)
    made = [
        _epoch(so_far, [so_far.names.get((epoch, arm)) for arm in (control, *chosen)])
        for epoch in sorted({epoch for epoch, _ in so_far.names})
    ]
    moved, spread, units, treated_c, treated_df, control_c, control_df = np.sum(made, axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        usable = spread > 0
        value = np.where(usable, moved / units, np.nan)
        se = np.where(usable, np.sqrt(spread) / units, np.nan)
        final = _unit_variance(treated_c / treated_df, control_c / control_df, plan)
        share = np.where(usable, final / se**2 / plan.units, 0.0)
    share = np.maximum.accumulate(np.nan_to_num(share))
    return Watched(so_far.days, value, se, share, usable & _ready(so_far, control))


@dataclass(frozen=True, slots=True, eq=False)
class _SoFar:
    """Moments of everything up to each day; arrays of shape (days, groups)."""

    days: NDArray[np.datetime64]
    names: dict[tuple[str, str], int]
    n: Floats
    mean: Floats
    c: Floats
    nonzero: Floats


def _cumulated(rows: pd.DataFrame, *, capped: bool) -> _SoFar:
    """Merged moments of all days up to each, around each group's mean over all days.

    C_t = sum (c + n d^2) - (sum n d)^2 / N_t with d the day's mean less the whole group's: the
    numbers subtracted are of the size of the variance, not of the mean.
    """
    days, place = np.unique(rows["day"].to_numpy().astype("datetime64[D]"), return_inverse=True)
    names: dict[tuple[str, str], int] = {}
    group = np.zeros(len(rows), dtype=np.intp)
    for (epoch, arm), at in grouped(rows, ("epoch", "arm")):
        group[at] = names.setdefault((str(epoch), str(arm)), len(names))
    n, m = rows["n"].to_numpy(dtype=float), rows["mean_z" if capped else "mean_y"].to_numpy(float)
    c = rows["c_zz" if capped else "c_yy"].to_numpy(dtype=float)
    middle = m[0] + np.bincount(group, n * (m - m[0]), len(names)) / np.bincount(
        group, n, len(names)
    )
    off = m - middle[group]

    def total(values: Floats) -> Floats:
        made = np.zeros((len(days), len(names)))
        np.add.at(made, (place, group), values)
        return np.cumsum(made, axis=0)

    units, first = total(n), total(n * off)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(units > 0, middle + first / units, 0.0)
        spread = np.where(units > 0, total(c + n * off**2) - first**2 / units, 0.0)
    nonzero = total(rows["nonzero"].to_numpy(dtype=float))
    return _SoFar(days, names, units, mean, np.maximum(spread, 0.0), nonzero)


def _epoch(so_far: _SoFar, places: list[int | None]) -> Floats:
    """Sums of one epoch by day: money, variance, units, then C and df of treated and control."""
    zeros = np.zeros(len(so_far.days))
    base, *rest = places
    if base is None:
        return np.array([zeros] * 7)
    n0 = so_far.n[:, base]
    money, spread, units, c1, df1 = (zeros.copy() for _ in range(5))
    for place in rest:
        if place is None:
            continue
        n1 = so_far.n[:, place]
        used = (n0 >= 2) & (n1 >= 2)
        money += np.where(used, n1 * so_far.mean[:, place], 0.0)
        spread += np.where(used, n1 * so_far.c[:, place] / np.maximum(n1 - 1, 1), 0.0)
        units += np.where(used, n1, 0.0)
        c1 += np.where(used, so_far.c[:, place], 0.0)
        df1 += np.where(used, n1 - 1, 0.0)
    there = units > 0
    s0 = so_far.c[:, base] / np.maximum(n0 - 1, 1)
    money -= np.where(there, units * so_far.mean[:, base], 0.0)
    spread += np.where(there, units**2 * s0 / np.maximum(n0, 1), 0.0)
    c0, df0 = np.where(there, so_far.c[:, base], 0.0), np.where(there, n0 - 1, 0.0)
    return np.array([money, spread, units, c1, df1, c0, df0])


def _ready(so_far: _SoFar, control: str) -> NDArray[np.bool_]:
    """Whether seven days have passed and each side has 100 units with an outcome not zero."""
    age = (so_far.days - so_far.days[0]).astype(int) + 1
    sides = [
        so_far.nonzero[:, [i for (_, arm), i in so_far.names.items() if (arm == control) == is_it]]
        for is_it in (True, False)
    ]
    enough = [side.sum(axis=1) >= BURN_IN_NONZERO for side in sides]
    return np.asarray((age >= BURN_IN_DAYS) & enough[0] & enough[1])
