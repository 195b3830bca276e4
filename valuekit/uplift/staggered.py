"""A roll-out in steps: effects by cohort and time (Callaway & Sant'Anna 2021, JoE 225:200).

With g the first treated period of a cohort, n_g its groups and C(g,t) the groups to compare with
(never treated, or not treated by t), unconditional parallel trends give

    ATT(g,t) = mean_{i in g}(y_it - y_ib) - mean_{i in C}(y_it - y_ib),

b = g - 1 - anticipation from the launch on, else t - 1 (the effect of a launch that was not).
Every estimate is a mean of independent groups, so group i's influence on it is

    psi_i = 1{i in g} (D_i - mean_g D) / n_g - 1{i in C} (D_i - mean_C D) / n_C,   V = sum psi_i^2,

which is clustered by group. Aggregates sum w ATT with w from the shares of cohorts, whose own
influence is added (their section 4). No two-way fixed effects: those compare late with early
launches and can turn a good effect negative.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from valuekit.critical import critical
from valuekit.estimate import Estimate, unknown
from valuekit.text import plural
from valuekit.uplift.panel import Bools, Floats, Panel

Comparison = Literal["never", "not_yet"]
Kind = Literal["simple", "dynamic", "group", "calendar"]
METHOD = "group-time effects (Callaway & Sant'Anna 2021)"
SMALL = 5  # groups of a launch below which its own spread is not trusted
_NOTHING = 1e-12  # a standard error this small beside the outcomes is rounding


@dataclass(frozen=True, slots=True, eq=False)
class GroupTime:
    """ATT(g,t) of one cohort and time.

    Attributes:
        cohort: First treated period.
        time: Period.
        value: The estimate.
        influence: Influence of every group on it, shape (G,).
        after: Whether the cohort was treated by then (or its launch anticipated).
        change: y_t - y_b of every group, shape (G,).
        beside: Groups compared with.
    """

    cohort: int
    time: int
    value: float
    influence: Floats
    after: bool
    change: Floats
    beside: Bools


@dataclass(frozen=True, slots=True, eq=False)
class Staggered:
    """All group-time effects of a panel.

    Attributes:
        panel: The panel they come from, without gaps.
        cells: The effects, by cohort and time.
        notes: Cohorts and times that could not be compared.
    """

    panel: Panel
    cells: tuple[GroupTime, ...]
    notes: tuple[str, ...]

    @property
    def after(self) -> tuple[GroupTime, ...]:
        """Effects after the launch of their cohort."""
        return tuple(one for one in self.cells if one.after and one.time >= one.cohort)

    @property
    def before(self) -> tuple[GroupTime, ...]:
        """Effects of launches that had not happened: zero when trends are parallel."""
        return tuple(one for one in self.cells if not one.after)


def staggered(
    panel: Panel, comparison: Comparison = "never", anticipation: int = 0
) -> Staggered | str:
    """Every group-time effect, or why there is none.

    Args:
        panel: A panel without gaps.
        comparison: Compare with groups never treated, or also with those not treated yet.
        anticipation: Periods before a launch in which it may already show.
    """
    why = comparable(panel, comparison)
    if why:
        return why
    cells: list[GroupTime] = []
    lost = 0
    for cohort in panel.cohorts:
        if cohort - 1 - anticipation < 0:
            lost += 1
            continue
        for time in range(1, len(panel.days)):
            made = _cell(panel, cohort, time, comparison, anticipation)
            cells += [made] if made else []
    if not any(one.after for one in cells):
        return "no launch has both a period before it and groups to compare with"
    notes = (
        (f"{plural(lost, 'launch', 'launches')} left out: too early for a before",) if lost else ()
    )
    return Staggered(panel, tuple(cells), notes)


def comparable(panel: Panel, comparison: Comparison) -> str:
    """Why launches cannot be compared with anything; empty when they can."""
    if not panel.cohorts:
        return "no group is treated within the data"
    if comparison == "never" and not panel.never.any():
        return 'no group is never treated: declare comparison = "not_yet"'
    return ""


def _cell(
    panel: Panel, cohort: int, time: int, comparison: Comparison, anticipation: int
) -> GroupTime | None:
    after = time >= cohort - anticipation
    base = cohort - 1 - anticipation if after else time - 1
    own = panel.first == cohort
    beside = panel.never
    if comparison == "not_yet":
        beside = (panel.first > max(time, base) + anticipation) & ~own
    if not beside.any():
        return None
    return changed(panel, (cohort, time, base), beside, after=after)


def changed(panel: Panel, place: tuple[int, int, int], beside: Bools, *, after: bool) -> GroupTime:
    """Change of a cohort from a base to a time, less that of the groups beside it."""
    cohort, time, base = place
    own = panel.first == cohort
    change = panel.y[:, time] - panel.y[:, base]
    inside, outside = change[own], change[beside]
    influence = np.zeros(len(change))
    influence[own] = (inside - inside.mean()) / len(inside)
    influence[beside] -= (outside - outside.mean()) / len(outside)
    value = float(inside.mean() - outside.mean())
    return GroupTime(cohort, time, value, influence, after, change, beside)


def simple(found: Staggered, *, unit: str) -> Estimate:
    """All effects after the launches, weighted by the number of groups."""
    return average(found, found.after, unit, "simple")


def lengths(found: Staggered) -> tuple[tuple[int, ...], Floats, Floats]:
    """Periods since the launch (negative before it), effects (K,) and influences (G, K).

    Where a launch is of fewer than five groups, its own mean is no centre to measure their spread
    from: then all are centred together.
    """
    keyed: dict[int, list[GroupTime]] = {}
    for one in found.cells:
        keyed.setdefault(one.time - one.cohort, []).append(one)
    few = smallest(found.panel) < SMALL
    made = [
        pooled(found.panel, cells) if few else _weighted(found, cells, np.ones(len(cells)))
        for _, cells in sorted(keyed.items())
    ]
    values = np.array([value for value, _ in made])
    return tuple(sorted(keyed)), values, np.stack([psi for _, psi in made], axis=1)


def smallest(panel: Panel) -> int:
    """Groups of the launch with the fewest."""
    return int(min((panel.first == cohort).sum() for cohort in panel.cohorts))


def by_length(found: Staggered, *, unit: str) -> dict[int, Estimate]:
    """The effect by periods since the launch; negative ones are before it."""
    keys, values, influence = lengths(found)
    return {
        key: estimate(found, float(value), psi, unit, "dynamic")
        for key, value, psi in zip(keys, values, influence.T, strict=True)
    }


def by_cohort(found: Staggered, *, unit: str) -> dict[int, Estimate]:
    """The mean effect of each cohort over its treated periods."""
    return {
        cohort: _combined(found, _of(found, cohort), None, unit, "group")
        for cohort in found.panel.cohorts
        if _of(found, cohort)
    }


def aggregate(found: Staggered, kind: Kind, *, unit: str) -> Estimate:
    """One number: ``simple``, or the mean of another aggregation."""
    return simple(found, unit=unit) if kind == "simple" else overall(found, kind, unit)


def overall(found: Staggered, kind: Literal["dynamic", "group", "calendar"], unit: str) -> Estimate:
    """One number of an aggregation: the mean over lengths or periods, or cohorts by size."""
    if kind == "group":
        cells: list[GroupTime] = []
        shares: list[float] = []
        for cohort in found.panel.cohorts:
            own = _of(found, cohort)
            cells += own
            shares += [1 / max(len(own), 1)] * len(own)
        return average(found, tuple(cells), unit, kind, np.array(shares))
    keys = [one.time - one.cohort if kind == "dynamic" else one.time for one in found.after]
    value, influence = 0.0, np.zeros(len(found.panel.groups))
    for key in sorted(set(keys)):
        chosen = [one for one, at in zip(found.after, keys, strict=True) if at == key]
        v, psi = _weighted(found, chosen, np.ones(len(chosen)))
        value += v / len(set(keys))
        influence += psi / len(set(keys))
    return estimate(found, value, influence, unit, kind)


def _of(found: Staggered, cohort: int) -> tuple[GroupTime, ...]:
    return tuple(one for one in found.after if one.cohort == cohort)


def average(
    found: Staggered,
    cells: tuple[GroupTime, ...],
    unit: str,
    kind: str,
    scale: Floats | None = None,
) -> Estimate:
    """Effects weighted by the groups of their cohort, times ``scale``."""
    value, influence = _weighted(found, cells, np.ones(len(cells)) if scale is None else scale)
    return estimate(found, value, influence, unit, kind)


def _weighted(
    found: Staggered, cells: tuple[GroupTime, ...] | list[GroupTime], scale: Floats
) -> tuple[float, Floats]:
    """Effects weighted by the share of their cohort times ``scale``, with its own influence."""
    first, groups = found.panel.first, len(found.panel.groups)
    member = np.stack([(first == one.cohort) for one in cells], axis=1).astype(np.float64)
    share = member.mean(axis=0) * scale
    weight = share / share.sum()
    values = np.array([one.value for one in cells])
    value = float(weight @ values)
    off = member * scale - share
    drawn = (off - off.sum(axis=1, keepdims=True) * weight) / share.sum() / groups
    influence = np.stack([one.influence for one in cells], axis=1) @ weight + drawn @ values
    return value, influence


def _combined(
    found: Staggered, cells: tuple[GroupTime, ...], weight: Floats | None, unit: str, kind: str
) -> Estimate:
    w = np.full(len(cells), 1 / len(cells)) if weight is None else weight
    value = float(w @ np.array([one.value for one in cells]))
    influence = np.stack([one.influence for one in cells], axis=1) @ w
    return estimate(found, value, influence, unit, kind)


def estimate(found: Staggered, value: float, influence: Floats, unit: str, kind: str) -> Estimate:
    """A value with the interval that the influence of every group gives it."""
    se = math.sqrt(float(influence @ influence))
    if se <= _NOTHING * float(np.abs(found.panel.y).max()):
        return unknown("every group changed alike, so no uncertainty can be estimated", unit)
    df = freedom(found.panel)
    half = critical(0.95, df) * se
    return Estimate(
        value=value, unit=unit, low=value - half, high=value + half, se=se, df=df,
        n=len(found.panel.groups), method=f"{METHOD}, {kind}",
    )  # fmt: skip


def freedom(panel: Panel) -> int:
    """Groups less one mean a cohort and one of the groups never treated; at least 1."""
    return max(1, len(panel.groups) - len(panel.cohorts) - int(panel.never.any()))


def spare(panel: Panel) -> int:
    """Groups less a mean of the treated and one of the others, at least 1."""
    return max(1, len(panel.groups) - 2)


def pooled(panel: Panel, cells: Sequence[GroupTime]) -> tuple[float, Floats]:
    """Mean of d_i = D_i - mean_C D over the treated groups of some effects, and its influence.

    All treated groups are centred at one mean, with n/(n-1): right where their effects are alike,
    as before a launch, and cautious elsewhere; it needs no second group of the same launch.
    """
    size = sum(int((panel.first == one.cohort).sum()) for one in cells)
    own, there = np.zeros(len(panel.groups)), np.zeros(len(panel.groups))
    influence = np.zeros(len(panel.groups))
    for one in cells:
        inside = panel.first == one.cohort
        n, beside = int(inside.sum()), one.beside
        outside = one.change[beside]
        own[inside] += one.change[inside] - outside.mean()
        there[inside] += 1
        count = len(outside)
        loose = math.sqrt(count * max(count - 1, 1))
        influence[beside] -= n / size * (outside - outside.mean()) / loose
    value = float(own.sum() / size)
    loose = math.sqrt(size * max(size - 1, 1))
    influence += (own - there * value) / loose
    return value, influence
