"""A panel: outcomes by group and period as arrays, made from panel facts; gaps handled and said.

An entry is the mean of the metric in a group and period, its count where the metric counts rows,
or either over the exposure where one is declared. ``weight`` turns an effect on the entry into an
effect on the total: rows for a mean, exposure for a rate, 1 for a count.

A group is treated from the period that holds its first treated day on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from valuekit.facts import only
from valuekit.text import listed, plural

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Days = NDArray[np.datetime64]
_MONTHS = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """G groups by T periods.

    Attributes:
        groups: Names of the groups.
        days: Day on which each period counts: its first day with rows; shape (T,).
        y: Outcomes, shape (G, T); NaN where nothing is known.
        weight: What an effect on y is multiplied by for the total, shape (G, T).
        n: Rows behind a mean, shape (G, T); 1 for counts and rates.
        m2: Sum of squared deviations of the rows from their mean, shape (G, T).
        first: Index of the first treated period, T for groups that are not treated in the data.
        notes: What was left out or filled, one sentence each.
    """

    groups: tuple[str, ...]
    days: Days
    y: Floats
    weight: Floats
    n: Floats
    m2: Floats
    first: Ints
    notes: tuple[str, ...] = ()

    @property
    def size(self) -> tuple[int, int]:
        """Groups and periods."""
        return len(self.groups), len(self.days)

    @property
    def never(self) -> Bools:
        """Groups that are not treated within the data."""
        return self.first >= len(self.days)

    @property
    def cohorts(self) -> tuple[int, ...]:
        """First treated periods of the groups that are treated, ascending."""
        return tuple(sorted({int(one) for one in self.first if one < len(self.days)}))

    def kept(self, groups: Bools, periods: Bools, *notes: str) -> Panel:
        """The panel of some groups and periods."""
        at = np.ix_(groups, periods)
        before = np.concatenate([[0], np.cumsum(periods)])
        return Panel(
            tuple(name for name, stays in zip(self.groups, groups, strict=True) if stays),
            self.days[periods],
            self.y[at],
            self.weight[at],
            self.n[at],
            self.m2[at],
            first=before[self.first[groups]].astype(np.int64),
            notes=(*self.notes, *notes),
        )

    def before_launch(self, cohort: int) -> Panel:
        """The periods before a cohort's launch alone, all groups, launches unchanged."""
        every = np.ones(len(self.groups), dtype=bool)
        return self.kept(every, np.arange(len(self.days)) < cohort)


def panel_of(
    frame: pd.DataFrame,
    *,
    frequency: str = "day",
    counted: bool = False,
    rate: bool = False,
    start: date | None = None,
    control_groups: Sequence[str] = (),
) -> Panel:
    """The panel of some facts.

    Args:
        frame: Panel rows of one metric and segment.
        frequency: ``day``, ``week``, ``month``, ``quarter`` or ``year``: spacing of periods.
        counted: The metric counts rows; then a group without rows has 0, not a gap.
        rate: Totals are divided by the exposure.
        start: First treated day of every treated group, instead of the one in the facts.
        control_groups: Untreated groups to keep; all of them without any.

    Raises:
        ValueError: when the rows are of several models, metrics or segments.
    """
    only(frame, "model", "metric", "segment")
    frame = frame[frame["n"] > 0]
    if frame.empty:
        none = np.zeros((0, 0))
        return Panel(
            (), np.zeros(0, "datetime64[D]"), none, none, none, none, np.zeros(0, np.int64)
        )
    names = np.unique(frame["group"].to_numpy().astype(str))
    day = frame["day"].to_numpy().astype("datetime64[D]")
    bucket = buckets(day, frequency)
    times, column = np.unique(bucket, return_inverse=True)
    row = np.searchsorted(names, frame["group"].to_numpy().astype(str))
    shape = (len(names), len(times))
    n, mean, m2, offset = _merged(frame, row * len(times) + column, shape)
    y, weight, notes = _entries(n, mean, offset, counted=counted, rate=rate)
    if counted or rate:
        n, m2 = np.isfinite(y).astype(np.float64), np.zeros(shape)  # an entry is one observation
    days = np.full(len(times), np.datetime64("9999-01-01"))
    np.minimum.at(days, column, day)
    made = Panel(
        groups=tuple(str(one) for one in names),
        days=days,
        y=y,
        weight=weight,
        n=n,
        m2=m2,
        first=_first(frame, row, times, frequency, start),
        notes=notes,
    )
    return _narrowed(made, control_groups)


def buckets(day: Days, frequency: str) -> Days:
    """First day of the period that holds each day."""
    if frequency == "day":
        return day
    if frequency == "week":
        number = day.astype(np.int64)
        return (number - (number + 3) % 7).astype("datetime64[D]")
    step = _MONTHS[frequency]
    month = day.astype("datetime64[M]").astype(np.int64)
    return (month - month % step).astype("datetime64[M]").astype("datetime64[D]")


def _merged(
    frame: pd.DataFrame, place: Ints, shape: tuple[int, int]
) -> tuple[Floats, Floats, Floats, Floats]:
    """n, mean, M2 and exposure by cell (Chan, Golub & LeVeque 1983)."""
    size = shape[0] * shape[1]
    rows, own = (frame[name].to_numpy(dtype=np.float64) for name in ("n", "mean_y"))
    n = np.bincount(place, rows, size).astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(place, rows * own, size) / n
    off = own - mean[place]
    m2 = np.bincount(place, frame["c_yy"].to_numpy(dtype=np.float64) + rows * off**2, size).astype(
        np.float64
    )
    offset = np.bincount(place, frame["offset"].to_numpy(dtype=np.float64), size).astype(np.float64)
    return n.reshape(shape), mean.reshape(shape), m2.reshape(shape), offset.reshape(shape)


def _entries(
    n: Floats, mean: Floats, offset: Floats, *, counted: bool, rate: bool
) -> tuple[Floats, Floats, tuple[str, ...]]:
    total = n if counted else n * np.nan_to_num(mean)
    if rate:
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(offset > 0, total / offset, np.nan), offset, ()
    if counted:
        empty = int((n == 0).sum())
        said = f"{plural(empty, 'period of a group has', 'periods of groups have')} no row: a 0"
        return n, np.ones(n.shape), ((said,) if empty else ())
    return mean, n, ()


def _first(frame: pd.DataFrame, row: Ints, times: Days, frequency: str, start: date | None) -> Ints:
    found = np.full(int(row.max()) + 1 if len(row) else 0, len(times), dtype=np.int64)
    text = frame["treated_from"].to_numpy().astype(str)
    treated = text != ""
    if treated.any():
        began = text[treated].astype("datetime64[D]")
        if start is not None:
            began[:] = np.datetime64(start)
        found[row[treated]] = np.searchsorted(times, buckets(began, frequency))
    return found


def _narrowed(made: Panel, control_groups: Sequence[str]) -> Panel:
    keep = np.ones(len(made.groups), dtype=bool)
    notes: list[str] = []
    if control_groups:
        keep = ~made.never | np.isin(made.groups, list(control_groups))
        missing = sorted(set(control_groups) - set(made.groups))
        if missing:
            notes.append(f"control groups without data: {listed(missing)}")
    always = made.first == 0
    if always.any():
        names = [name for name, one in zip(made.groups, always, strict=True) if one]
        notes.append(f"{listed(names)} left out: treated in every period, so without a before")
    return made.kept(keep & ~always, np.ones(len(made.days), dtype=bool), *notes)


def with_launch(made: Panel, cohort: int) -> Panel:
    """The panel with the launch of every treated group pretended at another period."""
    return replace(made, first=np.where(made.never, len(made.days), cohort).astype(np.int64))
