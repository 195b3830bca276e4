"""What treated groups did beyond a mix of untreated ones, its total over any span, and chance.

With M_t the weight of the treated groups in a period and g_t what they did beyond the mix per
unit, the effect on the total is sum_t M_t g_t. Its standard error is the standard deviation of the
same sum over placebos (Arkhangelsky et al. 2021, AER 111:4088, algorithm 4), read with
t of n0 - 1 degrees of freedom, n0 being the untreated groups that the placebos are made of.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from valuekit.uplift.gaps import Total
from valuekit.uplift.panel import Bools, Days, Floats

FEWEST_DONORS = 4  # untreated groups below which placebos say nothing of chance
_NONE = 1e-6  # weights below are rounding
_ZERO = 1e-12


def gap(path: Floats, control: Floats, unit: Floats, time: Floats) -> Floats:
    """What is beyond the mix, less its time-weighted mean before the launch, shape (T,)."""
    beyond: Floats = path - unit @ control
    return beyond - float(beyond[: len(time)] @ time)


@dataclass(frozen=True, slots=True, eq=False)
class Mix:
    """The treated groups of one launch beside their mix.

    Attributes:
        launch: First treated period.
        until: End of the periods that were fitted.
        weight: M, shape (T,), 0 before the launch.
        seen: Total of the treated groups, shape (T,), 0 before the launch.
        unit: Weights of the untreated groups, shape (n0,).
        time: Weights of the periods before the launch, shape (T0,); 0 where levels are compared.
        gap: g, shape (T,).
    """

    launch: int
    until: int
    weight: Floats
    seen: Floats
    unit: Floats
    time: Floats
    gap: Floats

    def before(self, gap: Floats) -> Floats:
        """Gaps in the periods that were fitted; around their mean where levels are free."""
        early = gap[..., : self.until]
        return early - early.mean(axis=-1, keepdims=True) if self.time.any() else early


@dataclass(frozen=True, slots=True, eq=False)
class Synthetic:
    """A synthetic comparison.

    Attributes:
        days: Days on which the periods count, shape (T,).
        mixes: One for each launch.
        donors: Names of the untreated groups.
        treated: Number of treated groups.
        spread: Spread of the treated groups' mean over that of one group, were they independent.
        placebos: Gaps of the placebos of each launch, shape (P, T); none where they are too few.
        notes: What was left out.
    """

    days: Days
    mixes: tuple[Mix, ...]
    donors: tuple[str, ...]
    treated: int
    spread: float
    placebos: tuple[Floats, ...]
    notes: tuple[str, ...] = ()

    @property
    def single(self) -> bool:
        """Whether placebos are of one group where more are treated, for want of groups."""
        few = len(self.donors) - self.treated < 2 or len(self.donors) < FEWEST_DONORS
        return self.treated > 1 and few

    @property
    def narrower(self) -> float:
        """What the spread of placebos is multiplied by: below 1 where each is of one group."""
        return self.spread if self.single else 1.0

    @property
    def weights(self) -> dict[str, float]:
        """Weight of each untreated group by name, largest first, zero weights left out."""
        sizes = np.array([one.weight.sum() for one in self.mixes])
        part = sizes / sizes.sum() if sizes.sum() else np.full(len(sizes), 1 / len(sizes))
        unit = part @ np.stack([one.unit for one in self.mixes])
        order = np.lexsort((np.array(self.donors), -unit))
        return {self.donors[one]: float(unit[one]) for one in order if unit[one] > _NONE}

    @property
    def error(self) -> float:
        """Root mean square of the gap before the launch."""
        return float(self._errors([one.gap for one in self.mixes]))

    @property
    def placebo_errors(self) -> Floats:
        """The same of each placebo, shape (P,)."""
        return np.zeros(0) if not self.placebos else np.asarray(self._errors(self.placebos))

    @property
    def rank_p(self) -> float | None:
        """Share of all, the treated included, that moved away as far, in terms of their own fit.

        By the ratio of the root mean square gap after the launch to that before (Abadie, Diamond
        & Hainmueller 2010). None without placebos of as many groups as are treated.
        """
        if not self.placebos or self.single:
            return None
        own = [one.gap[None, :] for one in self.mixes]
        every = [np.vstack(pair) for pair in zip(own, self.placebos, strict=True)]
        before, after = self._errors(every), self._after(every)
        size = max(float(np.abs(after).max()), float(np.abs(before).max()))
        if size <= 0:
            return 1.0
        ratio = after / np.maximum(before, _ZERO * size)
        return float(np.mean(ratio >= ratio[0] * (1 - 1e-9)))

    def total(self, chosen: Bools) -> Total | None:
        """Effect on the total over the chosen periods; None when nothing is treated in them."""
        whole = sum(float(one.weight[chosen].sum()) for one in self.mixes)
        if not whole:
            return None
        value = self._summed([one.gap for one in self.mixes], chosen)
        seen = sum(float(one.seen[chosen].sum()) for one in self.mixes)
        groups = self.treated + len(self.donors)
        if len(self.donors) < FEWEST_DONORS or not self.placebos:
            why = f"placebos need {FEWEST_DONORS} untreated groups or more to tell what chance does"
            return Total(float(value), None, None, whole, seen - float(value), groups, why)
        se = float(np.std(self._summed(self.placebos, chosen))) * self.narrower
        if se <= _ZERO * max(abs(seen), abs(float(value)), 1e-300):
            why = "all placebos are alike, so no uncertainty can be estimated"
            return Total(float(value), None, None, whole, seen - float(value), groups, why)
        df = float(len(self.donors) - 1)
        return Total(float(value), se, df, whole, seen - float(value), groups)

    def everything(self) -> Total | None:
        """Effect on the total over all periods."""
        return self.total(np.ones(len(self.days), dtype=bool))

    def _summed(self, paths: list[Floats] | tuple[Floats, ...], chosen: Bools) -> Floats:
        parts = [
            path[..., chosen] @ one.weight[chosen]
            for one, path in zip(self.mixes, paths, strict=True)
        ]
        return np.asarray(sum(parts))

    def _errors(self, paths: list[Floats] | tuple[Floats, ...]) -> Floats:
        squares = [
            np.mean(one.before(path) ** 2, axis=-1)
            for one, path in zip(self.mixes, paths, strict=True)
        ]
        return np.asarray(np.sqrt(np.mean(squares, axis=0)))

    def _after(self, paths: list[Floats] | tuple[Floats, ...]) -> Floats:
        squares = [
            np.mean(path[..., one.launch :] ** 2, axis=-1)
            for one, path in zip(self.mixes, paths, strict=True)
        ]
        return np.asarray(np.sqrt(np.mean(squares, axis=0)))
