"""One measure of quality by day, as sums that add up: any stretch of days is scored alike.

A week is never the mean of its days: its sums are added first, then scored.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    import pandas as pd

Floats = NDArray[np.float64]
Days = NDArray[np.datetime64]
LEAST_CLASS = 5  # rows of each class below which a daily or weekly AUC says nothing


@dataclass(frozen=True, slots=True)
class Performance:
    """Additive sums by day and how to score them.

    Attributes:
        name: Name of the measure, as people read it.
        better: Whether higher or lower is better.
        unit: ``1``, ``share`` or the target's unit.
        days: Distinct days in ascending order.
        sums: One row a day of sums that may be added over days.
        score: Sums (groups x columns) to the measure by group; NaN where it is not defined.
        daily_from: Days before this one have sums by calendar month, at some day of the month;
            None when all sums are by day.
    """

    name: str
    better: Literal["higher", "lower"]
    unit: str
    days: Days
    sums: Floats
    score: Callable[[Floats], Floats]
    daily_from: np.datetime64 | None = None

    def daily(self) -> tuple[Days, Floats]:
        """Days on which the measure is defined, and its values."""
        if not len(self.days):
            return self.days, np.zeros(0)
        values = self.score(self.sums)
        known = np.isfinite(values)
        if self.daily_from is not None:
            known &= self.days >= self.daily_from
        return self.days[known], values[known]

    def between(self, first: np.datetime64, last: np.datetime64) -> float | None:
        """The measure over all rows of a range of days; None where it is not defined.

        A range that begins or ends within a month of which only the whole is known has none.
        """
        if self._cuts(first, last):
            return None
        start = np.searchsorted(self.days, first)
        stop = np.searchsorted(self.days, last, side="right")
        if start >= stop:
            return None
        value = float(self.score(self.sums[start:stop].sum(axis=0, keepdims=True))[0])
        return value if np.isfinite(value) else None

    def _cuts(self, first: np.datetime64, last: np.datetime64) -> bool:
        """Whether a range has a part only of a month that is kept as a whole."""
        if self.daily_from is None or not len(self.days):
            return False
        after = last + np.timedelta64(1, "D")
        begins = self.days[0] < first < self.daily_from and first != _month(first)
        return bool(begins or (after < self.daily_from and after != _month(after)))

    def overall(self) -> float | None:
        """The measure over all rows; None where it is not defined."""
        if not len(self.days):
            return None
        value = float(self.score(self.sums.sum(axis=0, keepdims=True))[0])
        return value if np.isfinite(value) else None


def _month(day: np.datetime64) -> np.datetime64:
    month: np.datetime64 = day.astype("datetime64[M]").astype("datetime64[D]")
    return month


def _ratio(sums: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(sums[:, 1] > 0, sums[:, 0] / sums[:, 1], np.nan)


def _auc(sums: Floats) -> Floats:
    """ROC AUC of binned scores: sum n1b (N0(<b) + n0b/2) / (N1 N0) (Mann & Whitney 1947)."""
    bins = sums.shape[1] // 2
    ones, zeros = sums[:, :bins], sums[:, bins:]
    below = np.cumsum(zeros, axis=1) - zeros
    n1, n0 = ones.sum(axis=1), zeros.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = (ones * (below + zeros / 2)).sum(axis=1) / (n1 * n0)
    return np.where((n1 >= LEAST_CLASS) & (n0 >= LEAST_CLASS), value, np.nan)


def _by_day(frame: pd.DataFrame, columns: Sequence[str]) -> tuple[Days, Floats]:
    grouped = frame.groupby("day", sort=True)[list(columns)].sum()
    return (
        grouped.index.to_numpy().astype("datetime64[D]"),
        grouped.to_numpy(dtype=np.float64),
    )


def from_scores(score: pd.DataFrame, daily_from: date | None = None) -> Performance:
    """ROC AUC from labelled rows of a score fact with one layout.

    Args:
        score: The rows.
        daily_from: First day whose bins are kept by day; None when all are.
    """
    ones, zeros = ((score["label"] == one).to_numpy(dtype=np.bool_) for one in "10")
    sizes = np.array([len(one) for one in score["n"]], dtype=np.intp)
    used = (ones | zeros) & (sizes > 0)
    days, at = np.unique(score["day"].to_numpy()[used].astype("datetime64[D]"), return_inverse=True)
    bins = int(sizes[used].max(initial=1))
    place = 2 * at + np.where(ones[used], 0, 1)  # ones of a day beside its zeros
    sums = np.zeros((2 * len(days), bins))
    counts = score["n"].to_numpy()[used]
    for size in np.unique(sizes[used]).tolist():  # one, but for vectors of another layout
        rows = np.flatnonzero(sizes[used] == size)
        rows = rows[np.argsort(place[rows], kind="stable")]
        starts = np.flatnonzero(np.diff(place[rows], prepend=-1))
        matrix = np.concatenate(counts[rows]).reshape(-1, size)
        if len(starts) < len(rows):  # several arms or versions on a day
            matrix = np.add.reduceat(matrix, starts, axis=0)
        sums[place[rows[starts]], :size] += matrix
    since = None if daily_from is None else np.datetime64(daily_from)
    if since is not None and (not len(days) or days[0] >= since):
        since = None  # nothing is merged
    return Performance(
        "ROC AUC", "higher", "1", days, sums.reshape(len(days), 2 * bins), _auc, since
    )


def from_confusion(confusion: pd.DataFrame) -> Performance:
    """Accuracy from a confusion fact: share of labelled predictions that were right."""
    rows = confusion[confusion["label"] != ""]
    right = rows["n"].where(rows["predicted"] == rows["label"], 0)
    days, sums = _by_day(rows.assign(right=right), ["right", "n"])
    return Performance("Accuracy", "higher", "share", days, sums, _ratio)


def from_errors(error: pd.DataFrame, *, relative: bool) -> Performance:
    """Mean absolute error, or WAPE = sum |e| / sum |actual|, of the model itself."""
    rows = error[error["forecaster"] == "model"]
    if "series" in set(rows["level"]):
        rows = rows[rows["level"] == "series"]
    days, sums = _by_day(rows, ["sum_abs", "sum_abs_y" if relative else "n"])
    if relative:
        return Performance("WAPE", "lower", "share", days, sums, _ratio)
    return Performance("Mean absolute error", "lower", "target", days, sums, _ratio)


def from_volume(volume: pd.DataFrame) -> Performance:
    """Share of predictions that people acted on."""
    days, sums = _by_day(volume, ["acted", "predictions"])
    return Performance("Share accepted", "higher", "share", days, sums, _ratio)


def nothing() -> Performance:
    """No measure at all: the model has no labels that may be followed."""
    return Performance(
        "Performance", "higher", "1", np.zeros(0, "datetime64[D]"), np.zeros((0, 2)), _ratio
    )
