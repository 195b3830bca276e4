"""Guards and labels for fact frames: what may be added up, and which days it covers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from valuekit.estimate import Period

_FEW = 1_000  # rows


def only(frame: pd.DataFrame, *columns: str) -> None:
    """Refuse a frame whose rows must not be added up.

    Args:
        frame: A fact frame.
        columns: Key columns that may hold one distinct value, such as ``segment``, ``layout``.

    Raises:
        ValueError: when one of the columns holds several values.
    """
    for column in columns:
        found = frame[column].unique() if column in frame.columns else ()
        if len(found) > 1:
            shown = ", ".join(sorted(str(value) for value in found)[:4])
            raise ValueError(f"rows of several {column}s ({shown}) do not add up: select one first")


def kept(frame: pd.DataFrame, keep: pd.Series | NDArray[np.bool_]) -> pd.DataFrame:
    """Rows of a frame where ``keep`` holds, row by row.

    The frame itself where it always holds, a slice where the rows lie side by side, as the days of
    a period do: a mask copies every column of text, which costs ten times as much.
    """
    chosen = np.asarray(keep, dtype=np.bool_)
    count = int(np.count_nonzero(chosen))
    if count == len(chosen):
        return frame
    start = int(chosen.argmax()) if count else 0
    if chosen[start : start + count].all():
        return frame.iloc[start : start + count]
    return frame[chosen]


def in_order(frame: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """The rows by their keys, those alike as they were, numbered anew.

    The few rows of a day are compared one by one: sorting a frame by several columns takes two
    thousandths of a second however few there are, and a refresh of a day sorts a dozen.
    """
    if len(frame) > _FEW:
        return frame.sort_values(list(keys), kind="stable", ignore_index=True)
    order = sorted(range(len(frame)), key=_tuples(frame, keys).__getitem__)
    return frame.take(order).reset_index(drop=True)


def twice(frame: pd.DataFrame, keys: Sequence[str]) -> NDArray[np.bool_]:
    """Whether a row has the keys of an earlier one."""
    if len(frame) <= _FEW and len(set(_tuples(frame, keys))) == len(frame):
        return np.zeros(len(frame), dtype=np.bool_)
    return frame.duplicated(list(keys)).to_numpy()


def _tuples(frame: pd.DataFrame, keys: Sequence[str]) -> list[tuple[object, ...]]:
    return list(zip(*(frame[key].tolist() for key in keys), strict=True))


def inside(frame: pd.DataFrame, stretches: Iterable[tuple[date, date]]) -> NDArray[np.bool_]:
    """Whether the day of each row is in one of some stretches, both ends included."""
    days = frame["day"].to_numpy()
    found = np.zeros(len(frame), dtype=np.bool_)
    for first, last in stretches:
        found |= (days >= np.datetime64(first, "s")) & (days <= np.datetime64(last, "s"))
    return found


def numbered(frame: pd.DataFrame, keys: Sequence[str]) -> NDArray[np.intp]:
    """A number for every row, from 0 on as they come: the same for rows alike in all keys."""
    number = np.zeros(len(frame), dtype=np.intp)
    for key in keys:
        codes, values = pd.factorize(frame[key], use_na_sentinel=False)
        if len(values) > 1:  # numbers stay below the rows squared: no product of many keys
            number = pd.factorize(number * len(values) + codes)[0]
    return number


def period_of(frame: pd.DataFrame, period: Period | None = None) -> Period | None:
    """The given period, else the first to the last day of the frame; None without rows."""
    if period is not None or frame.empty:
        return period
    days = pd.to_datetime(frame["day"])
    return Period(days.min().date(), days.max().date())
