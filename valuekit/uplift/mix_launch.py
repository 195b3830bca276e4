"""What treated groups did beyond their mix by time since the launch, with a band from placebos.

The band is the error of a stretch times the 95th percentile, over placebos, of the largest
distance from zero after the launch in terms of that error: it holds for all stretches at once.
"""

from __future__ import annotations

import numpy as np

from valuekit.uplift.mix import FEWEST_DONORS, Synthetic
from valuekit.uplift.panel import Floats
from valuekit.uplift.since_launch import Stretch, width_of

FEWEST_FOR_BAND = 20  # placebos below which their 95th percentile is not known


def stretches(found: Synthetic) -> tuple[Stretch, ...]:
    """Effect on one unit by stretch of periods since the launch that every launch has."""
    early = min(one.until for one in found.mixes)
    late = len(found.days) - max(one.launch for one in found.mixes)
    if late < 1:
        return ()
    width = width_of(early, late)
    step = np.arange(-early, late) // width
    size = float(max(np.abs(one.gap).max() for one in found.mixes))
    spans = [np.flatnonzero(step == one)[[0, -1]] - early for one in np.unique(step)]
    own = [float(_mean(found, [one.gap for one in found.mixes], *span)) for span in spans]
    few = not found.placebos or len(found.donors) < FEWEST_DONORS
    others = [] if few else [_mean(found, found.placebos, *span) * found.narrower for span in spans]
    errors = [float(np.std(one)) for one in others] or [0.0] * len(spans)
    known = [one > 1e-12 * size for one in errors]
    after = [
        one / se
        for one, se, good, span in zip(others, errors, known, spans, strict=False)
        if good and span[0] >= 0
    ]
    band = _band(after)
    df = float(len(found.donors) - 1)
    return tuple(
        Stretch(int(span[0]), int(span[1]), value, se if good else None, df, band)
        for span, value, se, good in zip(spans, own, errors, known, strict=True)
    )


def _mean(
    found: Synthetic, paths: list[Floats] | tuple[Floats, ...], first: int, last: int
) -> Floats:
    """Mean over the stretch and over launches, each by its total weight; over the last axis."""
    sizes = [float(one.weight.sum()) for one in found.mixes]
    parts = [
        size * path[..., one.launch + first : one.launch + last + 1].mean(axis=-1)
        for size, one, path in zip(sizes, found.mixes, paths, strict=True)
    ]
    return np.asarray(np.sum(parts, axis=0) / sum(sizes))


def _band(after: list[Floats]) -> float | None:
    if not after or len(after[0]) < FEWEST_FOR_BAND:
        return None
    return float(np.quantile(np.abs(after).max(axis=0), 0.95))
