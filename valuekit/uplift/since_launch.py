"""Effect by distance from one launch, before it too, with a band over all of them.

Each group counts alike. With r_it = y_it - sum_s l_s y_is (l: weights of periods before the
launch) a stretch of periods has

    effect = mean over treated of r - sum_h w_h r_h,

and Welch's variance over groups; one treated group takes the spread of the others for its own.
Stretches are as long as keeps them at 12 before the launch and 24 after it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from valuekit.uplift.bands import at_once
from valuekit.uplift.panel import Floats, Panel

BEFORE, AFTER = 12, 24


@dataclass(frozen=True, slots=True)
class Stretch:
    """Effect over some periods since the launch.

    Attributes:
        first: First period since the launch, 0 at the launch, negative before it.
        last: Last one.
        value: Effect on the outcome of a group.
        se: Standard error; None where groups are too few or alike.
        df: Degrees of freedom.
        band: Critical value of the band over all stretches; None without one.
    """

    first: int
    last: int
    value: float
    se: float | None
    df: float | None
    band: float | None


def width_of(before: int, after: int) -> int:
    """Periods in a stretch.

    >>> width_of(4, 3), width_of(120, 90)
    (1, 10)
    """
    return max(1, math.ceil(before / BEFORE), math.ceil(after / AFTER))


def since_launch(panel: Panel, share: Floats, time: Floats) -> tuple[Stretch, ...]:
    """Effects by stretch of periods since the one launch of a panel.

    Args:
        panel: A panel without gaps.
        share: Weights of the untreated groups, summing to 1.
        time: Weights of the periods before the launch that changes start from, 0 after it.
    """
    cut = panel.cohorts[0]
    width = width_of(cut, len(panel.days) - cut)
    change = panel.y - (panel.y @ time)[:, None]
    step = (np.arange(len(panel.days)) - cut) // width
    steps = np.unique(step)
    means = np.stack([change[:, step == one].mean(axis=1) for one in steps], axis=1)
    on, off = means[~panel.never], means[panel.never]
    values = on.mean(axis=0) - share @ off
    influence = np.concatenate([_parts(on, 1 / len(on)), _parts(off, _own_share(on, off))])
    se = np.sqrt((influence**2).sum(axis=0))
    good = se > 1e-12 * max(1.0, float(np.abs(panel.y).max()))
    df = float(len(means) - 2)
    fit = len(off) > 1 and df > 0
    band = at_once(influence[:, good], df) if fit and good.any() else None
    ends = [np.flatnonzero(step == one)[[0, -1]] - cut for one in steps]
    return tuple(
        Stretch(
            int(end[0]),
            int(end[1]),
            float(value),
            float(error) if fit and known else None,
            df if fit else None,
            band,
        )
        for end, value, error, known in zip(ends, values, se, good, strict=True)
    )


def _own_share(on: Floats, off: Floats) -> float:
    """1/n0, and 1 more where one treated group borrows the spread of the others."""
    return 1 / len(off) + (1.0 if len(on) == 1 else 0.0)


def _parts(means: Floats, share: float) -> Floats:
    """Columns whose sum of squares is the sample variance times ``share``."""
    around: Floats = (means - means.mean(axis=0)) * math.sqrt(share / max(len(means) - 1, 1))
    return around
