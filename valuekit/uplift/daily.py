"""Effect facts by day, epoch and arm as arrays: any range of days merged at once, stably."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from valuekit.facts import kept
from valuekit.moments import Moments
from valuekit.uplift.arms import ArmFacts, Epochs, grouped

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from valuekit.estimate import Period


@dataclass(frozen=True, slots=True, eq=False)
class DailyArms:
    """One row a day, epoch and arm (and version).

    Attributes:
        days: Days, ascending.
        group: Place of the row's epoch and arm in ``names``.
        names: Epoch and arm by place.
        n: Units in the moments.
        mean: Mean of y, or of the capped y.
        c: Sum of its squared deviations.
    """

    days: NDArray[np.datetime64]
    group: NDArray[np.int64]
    names: tuple[tuple[str, str], ...]
    n: NDArray[np.float64]
    mean: NDArray[np.float64]
    c: NDArray[np.float64]

    @classmethod
    def of(cls, effect: pd.DataFrame, *, capped: bool) -> DailyArms:
        """Arrays of effect rows of one metric and segment; units without an arm are left out."""
        rows = kept(effect, effect["arm"] != "")
        if not rows["day"].is_monotonic_increasing:
            rows = rows.sort_values("day", kind="stable")
        names, group = [], np.zeros(len(rows), dtype=np.int64)
        for number, ((epoch, arm), at) in enumerate(grouped(rows, ("epoch", "arm"))):
            names.append((str(epoch), str(arm)))
            group[at] = number
        mean, c = ("mean_z", "c_zz") if capped else ("mean_y", "c_yy")
        return cls(
            days=rows["day"].to_numpy().astype("datetime64[D]"),
            group=group,
            names=tuple(names),
            n=rows["n"].to_numpy(dtype=np.float64),
            mean=rows[mean].to_numpy(dtype=np.float64),
            c=rows[c].to_numpy(dtype=np.float64),
        )

    def epochs(self, period: Period) -> Epochs:
        """Moments of y by epoch and arm over a period, for the stratified difference.

        Merging k parts at once: N = sum n, mean = sum n m / N, M2 = sum c + sum n (m - mean)^2
        (Chan, Golub & LeVeque 1983), which subtracts no large squares.
        """
        first = np.searchsorted(self.days, np.datetime64(period.first))
        last = np.searchsorted(self.days, np.datetime64(period.last), side="right")
        part = slice(int(first), int(last))
        size, group = len(self.names), self.group[part]
        n = np.bincount(group, self.n[part], size)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = np.bincount(group, self.n[part] * self.mean[part], size) / n
        off = self.mean[part] - mean[group]
        c = np.bincount(group, self.c[part] + self.n[part] * off**2, size)
        found: Epochs = {}
        for (epoch, arm), *one in zip(self.names, *(a.tolist() for a in (n, mean, c)), strict=True):
            if one[0]:
                found.setdefault(epoch, {})[arm] = _facts(*one)
        return found


def _facts(n: float, mean: float, c: float) -> ArmFacts:
    moments = Moments(round(n), np.array([mean]), np.array([[c]]), ("y",))
    return ArmFacts(moments, moments, round(n), 0, 0, 0, 0)
