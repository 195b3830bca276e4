"""What a roll-out in steps added to the totals of the treated groups, over any periods.

    total = sum_g sum_t sum_{i in g} m_it e_it,   e_it = (y_it - y_ib) - mean_{C(g,t)}(y_jt - y_jb),

the group-time effects of Callaway & Sant'Anna (2021), each multiplied by what turns an effect on
the outcome into one on the total; the weights m are taken as known. The influence of a treated
group is its own sum less its cohort's mean effect times its weight, that of a group compared with
is what it takes from the mean; V is the sum of squares over groups, each with n/(n-1) of the
groups it was centred with, and Satterthwaite's degrees of freedom. Cohorts of one group have no
spread of their own: they are centred together, so that differences between their effects count as
chance; a single such group takes the spread of the groups that it is compared with.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from valuekit.uplift.gaps import Total
from valuekit.uplift.panel import Bools, Floats, Ints, Panel
from valuekit.uplift.staggered import Comparison, comparable
from valuekit.uplift.stratified import satterthwaite

_NOTHING = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Rollout:
    """Sums by group and period that every total is made of; each of shape (G, T).

    Attributes:
        panel: The panel, without gaps.
        own: m e of treated groups in compared periods, 0 elsewhere.
        weight: m in those, 0 elsewhere.
        beside: What a group takes from the totals of those compared with it.
        block: Which treated groups are centred together, shape (G,); -1 for none.
        lone: Changes of the comparison of the one group launched alone, on the scale of its total.
        thin: Whether nothing is compared with more than one group.
        notes: Launches that could not be compared.
    """

    panel: Panel
    own: Floats
    weight: Floats
    beside: Floats
    block: Ints
    lone: Floats | None
    thin: bool
    notes: tuple[str, ...]

    def total(self, chosen: Bools) -> Total | None:
        """Effect on the total over the chosen periods; None where nothing is compared in them."""
        own, weight = self.own[:, chosen].sum(axis=1), self.weight[:, chosen].sum(axis=1)
        whole = float(weight.sum())
        if not whole:
            return None
        value = float(own.sum())
        base = float((self.weight * self.panel.y)[:, chosen].sum()) - value
        groups = len(self.panel.groups)
        parts = self._parts(own, weight, chosen)
        variance = sum(part for part, _ in parts)
        why = ""
        if self.thin:
            why = "one group to compare with says nothing of how much groups differ by chance"
        elif variance <= (_NOTHING * whole * float(np.abs(self.panel.y).max())) ** 2:
            why = "every group changed alike, so no uncertainty can be estimated"
        if why:
            return Total(value, None, None, whole, base, groups, why)
        df = satterthwaite([part for part in parts if part[0] > 0])
        return Total(value, math.sqrt(variance), df, whole, base, groups)

    def _parts(self, own: Floats, weight: Floats, chosen: Bools) -> list[tuple[float, int]]:
        """Variance of the total by the groups it comes from, with degrees of freedom."""
        psi = -self.beside[:, chosen].sum(axis=1)
        for block in set(self.block[(self.block >= 0) & (weight > 0)].tolist()):
            inside = (self.block == block) & (weight > 0)
            n = int(inside.sum())
            mean = own[inside].sum() / weight[inside].sum()
            psi[inside] += (own[inside] - weight[inside] * mean) * math.sqrt(n / max(n - 1, 1))
        parts = []
        for block in sorted(set(self.block.tolist())):
            inside = self.block == block
            spare = max(int(inside.sum()) - 1, 1)
            parts.append((float(psi[inside] @ psi[inside]), spare))
        if self.lone is not None:
            there = self.lone[:, chosen]
            sums = there.sum(axis=1)[(there != 0).any(axis=1)]
            if len(sums) > 1:
                parts.append((float(np.var(sums, ddof=1)), len(sums) - 1))
        return parts


def rollout(panel: Panel, comparison: Comparison = "never", anticipation: int = 0) -> Rollout | str:
    """Everything that totals are made of, or why there is none.

    Args:
        panel: A panel without gaps.
        comparison: Compare with groups never treated, or also with those not treated yet.
        anticipation: Periods before a launch in which it may already show.
    """
    why = comparable(panel, comparison)
    if why:
        return why
    shape = panel.size
    own, weight, beside = (np.zeros(shape) for _ in range(3))
    block = np.full(shape[0], -1, dtype=np.int64)
    lone: Floats | None = None
    single: list[int] = []
    missed, most = 0, 0
    for cohort in panel.cohorts:
        inside = panel.first == cohort
        part = _cohort(panel, cohort, comparison, anticipation)
        if part is None:
            missed += 1
            continue
        own[inside], weight[inside] = part[0][inside], part[1][inside]
        count = part[3]
        beside += part[2] / np.sqrt(np.maximum(count * (count - 1), 1))  # 1/n by root n/(n-1)
        most = max(most, int(count.max()))
        if inside.sum() > 1:
            block[inside] = cohort
        else:
            single.append(int(np.flatnonzero(inside)[0]))
            lone = part[2]
    if not weight.any():
        return "no launch has both a period before it and groups to compare with"
    if len(single) > 1:
        block[single], lone = len(panel.days), None
    notes = (f"{missed} launches have no period before them, or no group beside",) if missed else ()
    return Rollout(panel, own, weight, beside, block, lone, most < 2, notes)


def _cohort(
    panel: Panel, cohort: int, comparison: Comparison, anticipation: int
) -> tuple[Floats, Floats, Floats, Ints] | None:
    """Effects, weights, centred changes of those compared with, and their number by period."""
    base = cohort - 1 - anticipation
    if base < 0:
        return None
    time = np.arange(len(panel.days))
    inside = (panel.first == cohort)[:, None]
    if comparison == "never":
        there = np.repeat(panel.never[:, None], len(time), axis=1)
    else:
        there = (panel.first[:, None] > np.maximum(time, base) + anticipation) & ~inside
    there = there & (time >= cohort)
    count = there.sum(axis=0)
    change = panel.y - panel.y[:, [base]]
    level = (change * there).sum(axis=0) / np.maximum(count, 1)
    weight = np.where(inside & (count > 0), panel.weight, 0.0)
    off = (change - level) * there * weight.sum(axis=0)
    return weight * (change - level), weight, off, count
