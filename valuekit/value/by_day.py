"""Daily sums in order, so that any range of days is added up at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from valuekit.estimate import Period


@dataclass(frozen=True, slots=True, eq=False)
class ByDay:
    """Columns of sums by day.

    Attributes:
        days: Distinct days, ascending, shape (D,).
        sums: Sums by day and column, shape (D, K).
    """

    days: NDArray[np.datetime64]
    sums: NDArray[np.float64]

    @classmethod
    def of(cls, frame: pd.DataFrame, columns: Sequence[str]) -> ByDay:
        """Columns of a frame added up by its column ``day``."""
        values = [frame[name].to_numpy(dtype=np.float64) for name in columns]
        return cls.added(frame["day"].to_numpy(), values)

    @classmethod
    def added(cls, day: NDArray[np.datetime64], columns: Sequence[NDArray[np.float64]]) -> ByDay:
        """Columns of one length added up by the day of each entry."""
        days, at = np.unique(day.astype("datetime64[D]"), return_inverse=True)
        sums = [np.bincount(at, one, minlength=len(days)) for one in columns]
        return cls(days, np.column_stack(sums) if sums else np.zeros((len(days), 0)))

    def rows(self, period: Period) -> NDArray[np.float64]:
        """Daily sums of the days in a period, shape (days with data, K)."""
        first = np.searchsorted(self.days, np.datetime64(period.first))
        last = np.searchsorted(self.days, np.datetime64(period.last), side="right")
        return self.sums[first:last]

    def total(self, period: Period) -> NDArray[np.float64]:
        """Sums over a period, shape (K,); zeros without data."""
        summed: NDArray[np.float64] = self.rows(period).sum(axis=0)
        return summed
