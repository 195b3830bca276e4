"""What a roll-out in steps shows before its launches, where there is nothing to find.

All treated groups are centred at one mean here: without a launch their effects are alike, and a
launch of few groups has no spread of its own to be trusted.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from valuekit.critical import critical
from valuekit.estimate import Estimate, unknown
from valuekit.uplift.panel import Floats, Panel
from valuekit.uplift.staggered import (
    Comparison,
    GroupTime,
    Staggered,
    changed,
    estimate,
    pooled,
    spare,
)


def placebo(
    panel: Panel, comparison: Comparison = "never", anticipation: int = 0, *, unit: str = "1"
) -> Estimate:
    """Effect of launches pretended halfway through the time before the real ones.

    From data before the launches alone: y at the last period before it less y halfway, against the
    groups that are compared with there. Zero when trends were parallel.
    """
    cells = []
    for cohort in panel.cohorts:
        last = cohort - 1 - anticipation
        if last < 1:
            continue
        own = panel.first == cohort
        beside = panel.never if comparison == "never" else (panel.first > last + 1) & ~own
        if beside.any():
            cells.append(changed(panel, (cohort, last, last // 2), beside, after=False))
    if not cells:
        return unknown("no launch has two periods before it and groups to compare with", unit)
    value, influence = pooled(panel, cells)
    found = Staggered(panel, tuple(cells), ())
    made = estimate(found, value, influence, unit, "placebo")
    half = critical(0.95, spare(panel)) * (made.se or 0.0)
    if made.se is None:
        return made
    return replace(made, low=value - half, high=value + half, df=float(spare(panel)))


def before_launch(found: Staggered, most: int) -> tuple[Floats, Floats] | None:
    """Effects by periods before the launch, pooled over cohorts: values (K,), influences (G, K).

    Args:
        found: All group-time effects.
        most: How many lengths, the ones nearest to the launch; periods long ago say little.

    Returns:
        None without any effect that varies.
    """
    keyed: dict[int, list[GroupTime]] = {}
    for one in found.before:
        keyed.setdefault(one.time - one.cohort, []).append(one)
    made = [pooled(found.panel, keyed[key]) for key in sorted(keyed)[-most:]]
    kept = [(value, psi) for value, psi in made if (psi**2).sum() > 0]
    if not kept:
        return None
    return np.array([value for value, _ in kept]), np.stack([psi for _, psi in kept], axis=1)


def coarser(panel: Panel, width: int) -> Panel:
    """The panel by stretches of ``width`` periods; one with a launch in it counts as treated."""
    if width < 2:
        return panel
    starts = np.arange(0, len(panel.days), width)
    size = np.diff(np.append(starts, len(panel.days)))
    first = np.where(panel.never, len(starts), panel.first // width)
    return Panel(
        groups=panel.groups,
        days=panel.days[starts],
        y=np.add.reduceat(panel.y, starts, axis=1) / size,
        weight=np.add.reduceat(panel.weight, starts, axis=1),
        n=np.add.reduceat(panel.n, starts, axis=1),
        m2=np.add.reduceat(panel.m2, starts, axis=1),
        first=first.astype(np.int64),
        notes=panel.notes,
    )
