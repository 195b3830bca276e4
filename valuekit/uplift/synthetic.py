"""Synthetic control: a mix of untreated groups that moved like the treated ones before the launch.

Weights w on the simplex make the mix of untreated outcomes nearest to the treated outcome in
every period before the launch (Abadie, Diamond & Hainmueller 2010, JASA 105:493, on outcomes
alone); the effect in a period is what the treated do beyond the mix. Several treated groups of
one launch are averaged, each by its part of the total that is treated; groups of another launch
get a mix of their own (Clarke, Pailanir, Athey & Imbens 2023), and totals add up.

The minimum is the exact one: -19.51 packs for California's tobacco programme, where a reference
implementation stops its descent at -19.62.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from valuekit.text import plural
from valuekit.uplift.mix import FEWEST_DONORS, Mix, Synthetic, gap
from valuekit.uplift.panel import Floats, Panel
from valuekit.uplift.placebos import drawn
from valuekit.uplift.simplex import simplex

_TINY = 1e-6  # ridge in units of the noise: settles which of several equal mixes is taken
Fit = Callable[[Floats, Floats, int, float], tuple[Floats, Floats]]
"""From untreated outcomes (n0, T), treated ones before the launch (T0,), the launch and the number
of treated groups: unit weights (n0,) and time weights (T0,)."""


def synthetic_control(
    panel: Panel, anticipation: int = 0, *, placebos: bool = True
) -> Synthetic | str:
    """A synthetic control of the treated groups, or why there is none.

    Args:
        panel: A panel without gaps.
        anticipation: Periods before the launch that are left out of the fit.
        placebos: Whether the spread is wanted too.
    """
    return against_a_mix(panel, anticipation, nearest, placebos=placebos)


def nearest(
    control: Floats, treated: Floats, _launch: int, _groups: float
) -> tuple[Floats, Floats]:
    """Unit weights of a synthetic control; no time weights, since levels are compared."""
    before = control[:, : len(treated)]
    ridge = _TINY * noise(before) * np.sqrt(len(treated))
    return simplex(before.T, treated, ridge), np.zeros(len(treated))


def noise(before: Floats) -> float:
    """Standard deviation of the changes from one period to the next, over groups and periods."""
    changes = np.diff(before, axis=1)
    return float(np.std(changes, ddof=1)) if changes.size > 1 else 0.0


def against_a_mix(
    panel: Panel, anticipation: int, fit: Fit, *, placebos: bool = True
) -> Synthetic | str:
    """Treated groups against a weighted mix of untreated ones, for any way to fit."""
    if not panel.cohorts:
        return "no group is treated within the data"
    control = panel.y[panel.never]
    if len(control) < 2:
        have = plural(len(control), "untreated group") if len(control) else "no untreated group"
        return f"a mix needs two untreated groups or more with data, there is {have}"
    launches = [one for one in panel.cohorts if one - anticipation >= 2]
    if not launches:
        return "a mix needs two periods before the launch or more"
    cohorts = [_Cohort(panel, one, anticipation) for one in launches]
    mixes = [one.mix(control, fit) for one in cohorts]
    late = len(panel.cohorts) - len(launches)
    note = f"{plural(late, 'launch', 'launches')} left out: fewer than two periods before"
    return Synthetic(
        days=panel.days,
        mixes=tuple(mixes),
        donors=tuple(name for name, one in zip(panel.groups, panel.never, strict=True) if one),
        treated=sum(len(one.part) for one in cohorts),
        spread=_spread(cohorts),
        placebos=_placebos(control, cohorts, fit) if placebos else (),
        notes=(note,) if late else (),
    )


class _Cohort:
    """Treated groups of one launch, averaged by their part of the total."""

    def __init__(self, panel: Panel, launch: int, anticipation: int) -> None:
        own = panel.first == launch
        self.launch, self.until = launch, launch - anticipation
        m = np.where(np.arange(len(panel.days)) >= launch, panel.weight[own], 0.0)
        self.weight: Floats = m.sum(axis=0)
        self.seen: Floats = (m * panel.y[own]).sum(axis=0)
        whole = float(m.sum())
        self.part: Floats = m.sum(axis=1) / whole if whole else np.full(own.sum(), 1 / own.sum())
        self.path: Floats = self.part @ panel.y[own]

    @property
    def size(self) -> float:
        """Number of groups, fewer where one of them is most of the total."""
        return 1 / float(self.part @ self.part)

    def mix(self, control: Floats, fit: Fit) -> Mix:
        """What the groups did beyond their mix."""
        unit, time = fit(control, self.path[: self.until], self.launch, self.size)
        path = gap(self.path, control, unit, time)
        return Mix(self.launch, self.until, self.weight, self.seen, unit, time, path)

    def pretended(
        self, inside: tuple[int, ...], outside: Floats, control: Floats, fit: Fit
    ) -> Floats:
        """Gap of untreated groups taken for the treated ones, others being their donors."""
        part = self.part if len(inside) == len(self.part) else np.ones(1)
        path = part @ control[list(inside)]
        unit, time = fit(outside, path[: self.until], self.launch, 1 / float(part @ part))
        return gap(path, outside, unit, time)


def _spread(cohorts: list[_Cohort]) -> float:
    """Spread of the treated groups' mean over that of one group, if groups vary independently."""
    whole = [float(one.weight.sum()) for one in cohorts]
    parts = np.concatenate([w * one.part for w, one in zip(whole, cohorts, strict=True)])
    total = float(parts.sum())
    return float(np.sqrt(parts @ parts)) / total if total else 1.0


def _placebos(control: Floats, cohorts: list[_Cohort], fit: Fit) -> tuple[Floats, ...]:
    """Gaps of placebos by launch, each (P, T): of as many groups as are treated, else of one."""
    groups, sizes = len(control), tuple(len(one.part) for one in cohorts)
    alone = groups - sum(sizes) < 2 or groups < FEWEST_DONORS
    if groups < 3:
        return ()
    each: list[tuple[tuple[int, ...], ...]] = [
        tuple((one,) for _ in sizes) for one in range(groups)
    ]
    sets = each if alone else drawn(groups, sizes)
    made: list[list[Floats]] = [[] for _ in cohorts]
    for chosen in sets:
        outside = np.ones(groups, dtype=bool)
        outside[[one for part in chosen for one in part]] = False
        for place, (cohort, inside) in enumerate(zip(cohorts, chosen, strict=True)):
            made[place].append(cohort.pretended(inside, control[outside], control, fit))
    return tuple(np.array(one) for one in made)
