"""Rows of a fact by the value of a key, for readers that ask for one value after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from datetime import date


def split(frame: pd.DataFrame, column: str) -> dict[str, pd.DataFrame]:
    """Rows by the value of a text column, in the order in which the values appear.

    One pass over the rows whatever the number of values; a mask for each costs a comparison of
    texts and a copy of every column.

    Args:
        frame: Any rows of a fact.
        column: A column of text.

    Returns:
        A frame by value, its rows in the order of the frame; nothing for a frame without rows.
    """
    found = frame[column].unique()
    if len(found) == 1:
        return {str(found[0]): frame}
    codes, values = pd.factorize(frame[column])
    order = np.argsort(codes, kind="stable")
    beside = bool((np.diff(order) == 1).all())  # rows of a value lie side by side already
    ordered = frame if beside else frame.take(order)
    ends = np.cumsum(np.bincount(codes, minlength=len(values))).tolist()
    return {
        str(value): ordered.iloc[start:end].reset_index(drop=True)
        for value, start, end in zip(values, [0, *ends], ends, strict=False)
    }


def between(frame: pd.DataFrame, first: date | None, last: date | None) -> pd.DataFrame:
    """Rows of a range of days, both included, of a frame in order of days.

    Args:
        frame: Rows whose column ``day`` ascends.
        first: First day; None for no lower bound.
        last: Last day; None for no upper bound.
    """
    if first is None and last is None:
        return frame
    days = frame["day"].to_numpy()
    start, stop = 0, len(days)
    if first is not None:
        start = int(np.searchsorted(days, np.datetime64(first, "s")))
    if last is not None:
        stop = int(np.searchsorted(days, np.datetime64(last, "s"), side="right"))
    if start == 0 and stop == len(days):
        return frame
    return frame.iloc[start:stop].reset_index(drop=True)
