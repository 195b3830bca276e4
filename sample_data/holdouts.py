"""Planted truth of models that are judged by a randomised holdout."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sample_data.common import Bools, Floats, Ints, by_month, period


def effects(
    days: Ints, treated: Bools, zero: Floats, one: Floats, cuts: Mapping[str, tuple[int, int]]
) -> dict[str, object]:
    """Money of the treated units, with both outcomes of every unit known.

    Args:
        days: Day index of first exposure.
        treated: Assigned to the treated arm (acted on or not: intention to treat).
        zero: Outcome of each unit if it is held back.
        one: Outcome of each unit if it is treated.
        cuts: Stretches of first-exposure days.
    """
    difference = one - zero
    named: dict[str, object] = {}
    for name, (first, last) in cuts.items():
        inside = (days >= first) & (days <= last)
        hit = inside & treated
        named[name] = {
            **period(first, last),
            "units": int(inside.sum()),
            "treated": int(hit.sum()),
            "gross": round(float(difference[hit].sum()), 2),
            "per_unit": round(float(difference[inside].mean()), 4),
            "control_mean": round(float(zero[inside].mean()), 4),
            "relative": round(float(difference[inside].mean() / zero[inside].mean()), 5),
        }
    return {"periods": named, "gross_by_month": by_month(days[treated], difference[treated])}


def assign(rng: np.random.Generator, days: Ints, steps: Mapping[int, float]) -> Bools:
    """Whether each unit is treated; ``steps`` are first day index -> share held back."""
    starts = np.array(sorted(steps))
    shares = np.array([steps[int(one)] for one in starts])
    held = shares[np.searchsorted(starts, days, side="right") - 1]
    return rng.random(len(days)) >= held
