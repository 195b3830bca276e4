"""Are treated and control units alike in what was measured before? Standardised differences.

d = (mean_1 - mean_0) / sqrt((s_1^2 + s_0^2) / 2), s over the whole arms (Austin 2009). After
adjustment the means are sum_s n_1s mean_as / n_1 over the strata that are compared: the controls
weighted like the treated. Below 0.1 in size counts as alike. Unlike a p-value it does not depend
on how many units there are.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from valuekit.moments import Moments
from valuekit.uplift.arms import collect, treated_arms

LIMIT = 0.1
Pair = tuple[Moments, Moments]
"""Treated and control moments of a stratum."""


@dataclass(frozen=True, slots=True)
class Balance:
    """One covariate.

    Attributes:
        name: What was measured.
        raw: Standardised difference between the arms as they are.
        adjusted: The same within strata.
    """

    name: str
    raw: float
    adjusted: float

    @property
    def alike(self) -> bool:
        """Whether the arms are alike after adjustment."""
        return abs(self.adjusted) < LIMIT


def balance(name: str, strata: Mapping[str, Pair], kept: Sequence[str]) -> Balance | None:
    """Balance of the covariate ``x``; None when it was not measured or does not vary.

    Args:
        name: What to call it.
        strata: Moments by stratum, all of them.
        kept: Strata that are compared.
    """
    arms = [Moments.merged([pair[side] for pair in strata.values()]) for side in (0, 1)]
    if min(arm.n for arm in arms) < 2:
        return None
    spread = math.sqrt(sum(arm.variance(axis="x") for arm in arms) / 2)
    used = [strata[one] for one in kept if one in strata and min(m.n for m in strata[one]) > 0]
    size = sum(treated.n for treated, _ in used)
    if spread <= 0 or not size:
        return None
    inside = sum(one.n * (one.mean_of("x") - none.mean_of("x")) for one, none in used) / size
    return Balance(name, (arms[0].mean_of("x") - arms[1].mean_of("x")) / spread, inside / spread)


def pairs(frame: pd.DataFrame, control: str, treated: str | None) -> dict[str, Pair]:
    """Moments of treated and control units by stratum; strata of one side are in it too."""
    found = collect(frame, ("stratum", "arm"))
    parts = {key: facts.moments for key, facts in found.items()}
    return _sides(parts, control, treated, Moments.from_rows({one: [] for one in "ydxe"}))


def exposure(frame: pd.DataFrame, control: str, treated: str | None) -> dict[str, Pair]:
    """As :func:`pairs`, of the day of first exposure as the covariate ``x``."""
    parts: dict[tuple[object, ...], Moments] = {}
    for (stratum, arm), rows in frame[frame["n"] > 0].groupby(["stratum", "arm"], sort=True):
        n = rows["n"].to_numpy(dtype=np.float64)
        day = rows["day"].to_numpy().astype("datetime64[D]").astype(np.float64)
        mean = float(n @ day / n.sum())
        spread = np.array([[float(n @ (day - mean) ** 2)]])
        parts[stratum, arm] = Moments(round(float(n.sum())), np.array([mean]), spread, ("x",))
    return _sides(parts, control, treated, Moments.from_rows({"x": []}))


def _sides(
    parts: Mapping[tuple[object, ...], Moments], control: str, treated: str | None, none: Moments
) -> dict[str, Pair]:
    chosen = treated_arms({str(arm) for _, arm in parts}, control, treated)
    strata: dict[str, tuple[list[Moments], list[Moments]]] = {}
    for (stratum, arm), moments in parts.items():
        if arm == control or arm in chosen:
            strata.setdefault(str(stratum), ([], []))[arm == control].append(moments)
    return {
        name: (Moments.merged(one or [none]), Moments.merged(other or [none]))
        for name, (one, other) in strata.items()
    }
