"""Guards and labels for fact frames: what may be added up, and which days it covers."""

from __future__ import annotations

import pandas as pd

from valuekit.estimate import Period


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


def kept(frame: pd.DataFrame, keep: pd.Series) -> pd.DataFrame:
    """Rows of a frame where ``keep`` holds; the frame itself, not a copy, where it always does."""
    return frame if bool(keep.all()) else frame[keep]


def period_of(frame: pd.DataFrame, period: Period | None = None) -> Period | None:
    """The given period, else the first to the last day of the frame; None without rows."""
    if period is not None or frame.empty:
        return period
    days = pd.to_datetime(frame["day"])
    return Period(days.min().date(), days.max().date())
