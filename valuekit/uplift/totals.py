"""Totals of a metric by period: of whole periods, and of groups that are in all of them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from valuekit.text import listed, plural
from valuekit.uplift.panel import Bools, Days, Floats, Ints, buckets

_MONTHS = {"month": 1, "quarter": 3, "year": 12}


def totals(
    frame: pd.DataFrame, frequency: str, *, counted: bool
) -> tuple[Days, Ints, Floats, Floats, list[str]]:
    """Days, numbers, totals and exposures of the periods in which every group has a value."""
    frame = frame[frame["n"] > 0]
    if frame.empty:
        none = np.zeros(0)
        return np.zeros(0, dtype="datetime64[D]"), np.zeros(0, dtype=np.int64), none, none, []
    day = frame["day"].to_numpy().astype("datetime64[D]")
    frame, day, notes = _whole(frame, day, frequency)
    names, row = np.unique(frame["group"].to_numpy().astype(str), return_inverse=True)
    starts, column = np.unique(buckets(day, frequency), return_inverse=True)
    shape, cell = (len(names), len(starts)), row * len(starts) + column
    size = shape[0] * shape[1]
    n = frame["n"].to_numpy(dtype=np.float64)
    value = n if counted else n * frame["mean_y"].to_numpy(dtype=np.float64)
    offset = frame["offset"].to_numpy(dtype=np.float64)
    seen, total, exposed = (
        np.bincount(cell, one, size).astype(np.float64).reshape(shape) for one in (n, value, offset)
    )
    first = np.full(len(starts), np.datetime64("9999-01-01"))
    np.minimum.at(first, column, day)
    if counted:
        return first, numbers(starts, frequency), total.sum(axis=0), exposed.sum(axis=0), notes
    groups, periods = _complete(seen > 0)
    if not groups.all():
        lost = [str(one) for one, stays in zip(names, groups, strict=True) if not stays]
        notes.append(f"{listed(lost)} left out for gaps")
    if not periods.all():
        left = int((~periods).sum())
        notes.append(f"{plural(left, 'period')} left out, in which a group has no value")
    at = np.ix_(groups, periods)
    when = numbers(starts[periods], frequency)
    return first[periods], when, total[at].sum(axis=0), exposed[at].sum(axis=0), notes


def _complete(seen: Bools) -> tuple[Bools, Bools]:
    """Groups and periods without gaps: whichever misses most is left out, repeatedly.

    A total in which now and then a group is missing would fall for want of data.
    """
    groups, periods = np.ones(seen.shape[0], dtype=bool), np.ones(seen.shape[1], dtype=bool)
    while not (left := seen[np.ix_(groups, periods)]).all():
        by_group, by_period = (~left).mean(axis=1), (~left).mean(axis=0)
        if by_group.max() >= by_period.max():
            groups[np.flatnonzero(groups)[int(by_group.argmax())]] = False
        else:
            periods[np.flatnonzero(periods)[int(by_period.argmax())]] = False
    return groups, periods


def _whole(frame: pd.DataFrame, day: Days, frequency: str) -> tuple[pd.DataFrame, Days, list[str]]:
    """Without first and last periods of which only a part is there.

    Rows that are dated by one day a period are whole as they are.
    """
    start = buckets(day, frequency)
    if len(np.unique(day)) == len(np.unique(start)):
        return frame, day, []
    cut = np.zeros(len(day), dtype=bool)
    if day.min() > start.min():
        cut |= start == start.min()
    if numbers(buckets(day.max() + np.ones(1, dtype="timedelta64[D]"), frequency), frequency) == (
        numbers(start[start == start.max()][:1], frequency)
    ):
        cut |= start == start.max()
    if not cut.any():
        return frame, day, []
    left = len(np.unique(start[cut]))
    return frame[~cut], day[~cut], [f"{plural(left, frequency)} left out, seen in part only"]


def filled(
    days: Days, time: Ints, total: Floats, offset: Floats, frequency: str, notes: list[str]
) -> tuple[Days, Ints, Floats, Floats]:
    """Zeros in the periods without rows."""
    if not len(time) or int(time[-1] - time[0]) + 1 == len(time):
        return days, time, total, offset
    every = np.arange(time[0], time[-1] + 1)
    at, empty = time - time[0], len(every) - len(time)
    all_days, all_total = starts_of(every, frequency), np.zeros(len(every))
    all_days[at], all_total[at] = days, total
    near = np.interp(every, time, offset)  # rows carry the exposure, and here there is none
    notes.append(f"{plural(empty, 'period')} without a row counted as 0")
    return all_days, every, all_total, near


def numbers(starts: Days, frequency: str) -> Ints:
    """Consecutive numbers of periods, from their first days."""
    day = starts.astype("datetime64[D]")
    if frequency == "day":
        return day.astype(np.int64)
    if frequency == "week":
        return (day.astype(np.int64) + 3) // 7
    return day.astype("datetime64[M]").astype(np.int64) // _MONTHS[frequency]


def starts_of(time: Ints, frequency: str) -> Days:
    """First days of numbered periods."""
    if frequency == "day":
        return time.astype("datetime64[D]")
    if frequency == "week":
        return (time * 7 - 3).astype("datetime64[D]")
    return (time * _MONTHS[frequency]).astype("datetime64[M]").astype("datetime64[D]")
