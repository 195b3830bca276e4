"""Error of the model and of another forecaster by calendar week, on identical rows."""

from __future__ import annotations

import pandas as pd

from valuekit.accuracy.value_added import paired
from valuekit.scorecard import ErrorWeek


def error_weeks(
    frame: pd.DataFrame, forecaster: str, *, level: str | None = None
) -> tuple[ErrorWeek, ...]:
    """Mean absolute error of both by week (Monday to Sunday) of the target day, ascending.

    Formula: ``sum |actual - forecast| / n`` of a week, over rows that both have forecast; in the
    target's unit. Weeks without such a row are left out (Hyndman & Koehler 2006, MAE).

    Args:
        frame: Rows of the ``error`` fact of one segment, with both forecasters.
        forecaster: Name of the other forecaster, such as ``seasonal_naive``.
        level: Hierarchy level, when the frame holds several.
    """
    days = paired(frame, forecaster, level=level).days
    day = pd.Series(days.index, index=days.index)
    monday = day - pd.to_timedelta(day.dt.day_of_week, unit="D")
    sums = days[["n", "sum_abs_model", "sum_abs_other"]].groupby(monday).sum()
    return tuple(
        ErrorWeek(pd.Timestamp(str(start)).date(), model / n, other / n, int(n))
        for start, n, model, other in sums.itertuples()
    )
