"""A panel without gaps: groups and periods that say too little left out, single gaps filled.

Groups must be seen in the same periods, else what differs between periods would be taken for a
difference between groups. A group stays that is seen in half of the periods on either side of its
launch or more (of the first and the last launch, where it is never treated), and a period in which
half of the groups are or more. What then is missing is filled with a level of the group (one
before and one after its launch) and a movement that all groups share, by least squares:

    y_it = a_i,before or a_i,after + b_t.

A filled entry has weight 0: nothing is attributed to a period in which a group has no rows. The
spread that intervals rest on is between groups, so a filled entry adds no observation.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from valuekit.text import listed, plural
from valuekit.uplift.panel import Bools, Floats, Ints, Panel

LEAST = 0.5  # share of periods in which a group must be seen, and of groups in a period
_STEPS = 200
_CLOSE = 1e-12


def balanced(made: Panel) -> Panel:
    """The panel without gaps, with what was left out or filled in its notes."""
    if np.isfinite(made.y).all():
        return made
    groups, periods = _kept(made)
    lost = [name for name, stays in zip(made.groups, groups, strict=True) if not stays]
    notes = [f"{listed(lost)} left out for gaps"] if lost else []
    if not periods.all():
        dropped = int((~periods).sum())
        notes.append(f"{plural(dropped, 'period')} left out, in which most groups have no value")
    kept = made.kept(groups, periods, *notes)
    gap = ~np.isfinite(kept.y)
    if not gap.any():
        return kept
    said = f"{plural(int(gap.sum()), 'gap')} of {gap.size:,} values filled"
    note = f"{said} from the group's own level and the movement of all groups"
    return replace(
        kept,
        y=np.where(gap, _fitted(kept, gap), kept.y),
        weight=np.where(gap, 0.0, kept.weight),
        notes=(*kept.notes, note),
    )


def _kept(made: Panel) -> tuple[Bools, Bools]:
    """Groups and periods that stay: the worst one goes until all are seen often enough."""
    seen = np.isfinite(made.y)
    sides = _sides(made)
    groups, periods = np.ones(seen.shape[0], dtype=bool), np.ones(seen.shape[1], dtype=bool)
    while groups.any() and periods.any():
        of_group = np.full(len(groups), np.inf)
        for side in sides:
            there = side & periods
            share = (seen & there).sum(axis=1) / np.maximum(there.sum(axis=1), 1)
            of_group = np.minimum(of_group, np.where(there.any(axis=1), share, np.inf))
        of_group[~groups] = np.inf
        of_period = np.where(periods, seen[groups].mean(axis=0), np.inf)
        if min(of_group.min(), of_period.min()) >= LEAST:
            break
        if of_group.min() <= of_period.min():
            groups[int(of_group.argmin())] = False
        else:
            periods[int(of_period.argmin())] = False
    return groups, periods


def _sides(made: Panel) -> list[Bools]:
    """Periods before and after the launch of a group; of the first and last, if it has none."""
    time = np.arange(len(made.days))
    cuts = [made.first]
    if made.cohorts:
        cuts += [np.where(made.never, made.cohorts[place], made.first) for place in (0, -1)]
    afters = [time >= cut[:, None] for cut in cuts]
    return [side for after in afters for side in (after, ~after)]


def _fitted(made: Panel, gap: Bools) -> Floats:
    """Levels and movement by alternating means, from the values that are there."""
    after = (np.arange(len(made.days)) >= made.first[:, None]).astype(np.int64)
    level: Ints = np.arange(len(made.groups))[:, None] * 2 + after
    y = np.where(gap, 0.0, made.y)
    there = (~gap).astype(np.float64)
    size = 2 * len(made.groups)
    seen = np.maximum(np.bincount(level.ravel(), there.ravel(), size), 1.0)
    by_period = np.maximum(there.sum(axis=0), 1.0)
    own, common = np.zeros(size), np.zeros(len(made.days))
    scale = max(1.0, float(np.abs(y).max(initial=0.0)))
    for _ in range(_STEPS):
        rest = (y - common) * there
        own = np.bincount(level.ravel(), rest.ravel(), size) / seen
        moved = ((y - own[level]) * there).sum(axis=0) / by_period
        step = float(np.abs(moved - common).max(initial=0.0))
        common = moved
        if step <= _CLOSE * scale:
            break
    fitted: Floats = own[level] + common
    return fitted
