"""Flow facts as arrays: new units and outcomes by day, epoch, arm and hash bucket."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from valuekit.facts import only
from valuekit.uplift.arms import grouped, treated_arms

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from valuekit.estimate import Period

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Side:
    """Units and sums of y of one side in one epoch, by bucket.

    Attributes:
        units: Units exposed so far.
        y: Sums of y over the days that count.
    """

    units: Floats
    y: Floats

    @property
    def n(self) -> float:
        """Units."""
        return float(self.units.sum())

    @property
    def mean(self) -> float:
        """Mean of y a unit."""
        return float(self.y.sum()) / self.n

    def residual(self) -> Floats:
        """Sums of y by bucket, less what as many average units would have had."""
        made: Floats = self.y - self.mean * self.units
        return made


@dataclass(frozen=True, eq=False)
class Flow:
    """Flow facts of one metric and segment.

    Attributes:
        days: Distinct days, ascending, shape (D,).
        names: Epoch and arm of each group.
        units: New units, shape (groups, D, buckets).
        y: Sums of y, of the same shape.
    """

    days: NDArray[np.datetime64]
    names: tuple[tuple[str, str], ...]
    units: Floats
    y: Floats

    @classmethod
    def of(cls, frame: pd.DataFrame) -> Flow:
        """Arrays of flow facts; units without an arm are left out.

        Raises:
            ValueError: when the rows are of several models, metrics, segments or layouts.
        """
        only(frame, "model", "metric", "segment", "layout")
        rows = frame[frame["arm"] != ""]
        days, place = np.unique(rows["day"].to_numpy().astype("datetime64[D]"), return_inverse=True)
        groups = list(grouped(rows, ("epoch", "arm")))
        buckets = len(rows["units"].iloc[0]) if len(rows) else 0
        units, y = (np.zeros((len(groups), len(days), buckets)) for _ in range(2))
        for number, (_, at) in enumerate(groups):
            for name, sums in (("units", units), ("sum_y", y)):
                np.add.at(sums[number], place[at], np.stack(rows[name].iloc[at].tolist()))
        names = tuple((str(epoch), str(arm)) for (epoch, arm), _ in groups)
        return cls(days, names, units, y)

    def sides(
        self, period: Period, control: str, treated: str | Sequence[str] | None
    ) -> dict[str, tuple[Side, Side]]:
        """Treated and control by epoch: units exposed to the period's end, y of its days.

        An epoch in which one side has no unit has a side without units.
        """
        first = int(np.searchsorted(self.days, np.datetime64(period.first)))
        last = int(np.searchsorted(self.days, np.datetime64(period.last), side="right"))
        chosen = self.treated(control, treated)
        found = {}
        for epoch in dict.fromkeys(epoch for epoch, _ in self.names):
            one, other = (
                Side(self._exposed(at, last), self._gained(at, first, last))
                for at in (self._places(epoch, chosen), self._places(epoch, (control,)))
            )
            if one.n or other.n:
                found[epoch] = (one, other)
        return found

    # Every week and every point to date asks for all days up to it.
    @cached_property
    def _units_so_far(self) -> Floats:
        so_far: Floats = np.cumsum(self.units, axis=1)
        return so_far

    @cached_property
    def _y_so_far(self) -> Floats:
        so_far: Floats = np.cumsum(self.y, axis=1)
        return so_far

    @cached_property
    def _new(self) -> Floats:
        """New units by group and day, over all buckets."""
        new: Floats = self.units.sum(axis=2)
        return new

    def _exposed(self, groups: Sequence[int], last: int) -> Floats:
        """Units by bucket of some groups, exposed on the days before a place."""
        found = np.zeros(self.units.shape[2])
        for at in groups if last else ():
            found += self._units_so_far[at, last - 1]
        return found

    def _gained(self, groups: Sequence[int], first: int, last: int) -> Floats:
        """Sums of y by bucket over some groups and days.

        Days from the first on are added up once, in the same order as here; those of a later
        stretch are added, not subtracted: differences of large sums lose digits.
        """
        found = np.zeros(self.y.shape[2])
        for at in groups if last > first else ():
            found += self.y[at, first:last].sum(axis=0) if first else self._y_so_far[at, last - 1]
        return found

    def treated(self, control: str, treated: str | Sequence[str] | None) -> tuple[str, ...]:
        """Names of the treated arms."""
        return treated_arms([arm for _, arm in self.names], control, treated)

    def _places(self, epoch: str, arms: Sequence[str]) -> list[int]:
        return [at for at, (one, arm) in enumerate(self.names) if one == epoch and arm in arms]

    def daily(
        self, control: str, treated: str | Sequence[str] | None
    ) -> tuple[NDArray[np.datetime64], Floats]:
        """What treated units brought on each day more than as many control units."""
        chosen = self.treated(control, treated)
        total, known = np.zeros(len(self.days)), np.zeros(len(self.days), dtype=np.bool_)
        for epoch in dict.fromkeys(epoch for epoch, _ in self.names):
            (n1, y1), (n0, y0) = (
                (
                    np.cumsum(self.units[at].sum(axis=(0, 2))),
                    self.y[at].sum(axis=(0, 2)),
                )
                for at in (self._places(epoch, chosen), self._places(epoch, (control,)))
            )
            both = (n1 > 0) & (n0 > 0)
            total += np.where(both, y1 - n1 * y0 / np.maximum(n0, 1), 0.0)
            known |= both
        return self.days[known], total[known]

    def unit_days(self, until: date, control: str, treated: str | Sequence[str] | None) -> float:
        """Days that the units of the compared arms had spent by the end of a day."""
        arms = {control, *self.treated(control, treated)}
        at = [place for place, (_, arm) in enumerate(self.names) if arm in arms]
        left = (np.datetime64(until) - self.days).astype(np.int64) + 1
        return float(self._new[at].sum(axis=0) @ np.maximum(left, 0))
