"""Nobody drew lots: treated units against others of the same stratum.

ATT = sum_s (n_1s / n_1) (mean_1s - mean_0s) over declared strata: the effect on the treated, when
nothing but the stratum decides both treatment and outcome (Imbens & Rubin 2015, ch. 17), with
V = sum_s (n_1s / n_1)^2 (s_1s^2 / n_1s + s_0s^2 / n_0s). Strata are declared before the outcomes,
or cut from a declared chance of treatment; nothing is fitted here. Where that chance, or without
one the share of units treated, is below ``trim`` or above 1 - trim, there is next to nobody to
compare with, and the stratum is left out (Crump, Hotz, Imbens & Mitnik 2009): the figure is then
about the units that are left.

How strong an unmeasured cause would have to be is said by the E-value; a difference of means is
taken as a risk ratio of exp(0.91 d), d = ATT / s (VanderWeele & Ding 2017).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

import pandas as pd

from valuekit.estimate import Estimate
from valuekit.uplift.balance import Pair
from valuekit.uplift.e_value import e_value
from valuekit.uplift.stratified import Stratified

_PER_SD = 0.91
_CHANCE = re.compile(r"(?:^|\|)p(\d\d)$")  # the bin that the stratum's name ends in
_BINS = 20


@dataclass(frozen=True, slots=True)
class Overlap:
    """Which strata can be compared.

    Attributes:
        kept: Strata with enough units on both sides.
        trimmed: Those left out.
        units: Treated units in the strata that are kept.
        lost: Treated units in those left out.
    """

    kept: tuple[str, ...]
    trimmed: tuple[str, ...]
    units: int
    lost: int


def overlap(strata: Mapping[str, Pair], trim: float, *, chance: bool = False) -> Overlap:
    """Strata where the chance of treatment is within ``trim`` and 1 - ``trim``, two or more a side.

    Args:
        strata: Treated and control moments by stratum.
        trim: Chance below which, and above one less which, a stratum is left out.
        chance: Whether names end in a declared chance's bin; else shares treated are taken.
    """
    kept = tuple(
        name
        for name, pair in strata.items()
        if min(one.n for one in pair) >= 2 and _within(name, pair, trim, chance=chance)
    )
    trimmed = tuple(name for name in strata if name not in kept)
    sizes = [sum(strata[name][0].n for name in names) for names in (kept, trimmed)]
    return Overlap(kept, trimmed, sizes[0], sizes[1])


def _within(name: str, pair: Pair, trim: float, *, chance: bool) -> bool:
    found = _CHANCE.search(name) if chance else None
    if found is None:
        share = pair[0].n / (pair[0].n + pair[1].n)
        return trim <= share <= 1 - trim
    place = int(found[1])
    return (place + 1) / _BINS > trim and place / _BINS < 1 - trim


def by_stratum(frame: pd.DataFrame, kept: tuple[str, ...]) -> pd.DataFrame:
    """Effect rows of the strata that are compared, each in the place of an allocation epoch."""
    rows = frame[frame["stratum"].isin(kept)]
    return rows.assign(epoch=rows["stratum"])


def in_words(found: Stratified) -> Stratified:
    """Reasons that speak of strata instead of days of first exposure."""
    excluded = tuple(
        text.replace("Units first exposed from ", "Stratum ", 1).replace(" on: ", ": ", 1)
        for text in found.excluded
    )
    reason = found.reason.replace("stretch of constant allocation", "stratum")
    return replace(found, excluded=excluded, reason=reason)


@dataclass(frozen=True, slots=True)
class Hidden:
    """E-values: of the estimate, and of the limit of its interval nearer to no effect."""

    estimate: float
    limit: float


def hidden(effect: Estimate, base: float, sd: float, *, proportion: bool) -> Hidden | None:
    """How strong an unmeasured cause would explain the effect away; None when undefined.

    Args:
        effect: Effect on the treated, per unit of the metric.
        base: Mean that they would have had.
        sd: Standard deviation of the outcome.
        proportion: Whether the outcome is 0 or 1, so that the risk ratio is exact.
    """
    if effect.value is None or effect.low is None or effect.high is None:
        return None
    ends = [effect.value, effect.low, effect.high]
    if proportion:
        if base <= 0 or base + effect.value <= 0:
            return None
        ratios = [max((base + one) / base, 1e-9) for one in ends]
    else:
        if sd <= 0:
            return None
        ratios = [math.exp(max(min(_PER_SD * one / sd, 50.0), -50.0)) for one in ends]
    value, low, high = ratios
    if low <= 1 <= high:
        return Hidden(e_value(value), 1.0)
    return Hidden(e_value(value), e_value(low if low > 1 else high))
