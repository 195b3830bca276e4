"""Forecast and regression errors from daily sums; e = actual - forecast throughout.

Every figure is a ratio of sums over all rows, with an interval from its daily parts
(:mod:`valuekit.accuracy.blocks`). Bias is sum(forecast - actual) / sum(actual): positive means
over-forecast. Sources: Hyndman & Koehler (2006), Int. J. Forecasting 22:679 (MAPE, sMAPE, MASE);
Makridakis, Spiliotis & Assimakopoulos (2022), Int. J. Forecasting 38:1346 (RMSSE).
"""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from valuekit.accuracy.blocks import ratio_of_sums
from valuekit.accuracy.report import from_days, root
from valuekit.estimate import Estimate, Period, unknown
from valuekit.facts import only, period_of

MAX_ZEROS = 0.01  # share of zero actuals above which MAPE says nothing
SUMS = (
    "n",
    "sum_e",
    "sum_abs",
    "sum_sq",
    "sum_y",
    "sum_abs_y",
    "sum_f",
    "sum_ape",
    "zeros",
    "sum_sape",
    "scaled_n",
    "sum_scaled",
    "sum_scaled_sq",
    "over",
    "under",
)


def error_rows(
    frame: pd.DataFrame,
    forecaster: str = "model",
    *,
    level: str | None = None,
    horizon: int | None = None,
) -> pd.DataFrame:
    """Rows of one forecaster, optionally of one hierarchy level and one horizon.

    Raises:
        ValueError: when the rows are of several models, segments or hierarchy levels.
    """
    rows = frame[frame["forecaster"] == forecaster]
    if level is not None:
        rows = rows[rows["level"] == level]
    if horizon is not None:
        rows = rows[rows["horizon"] == horizon]
    only(rows, "model", "segment", "level")
    return rows


def error_days(
    frame: pd.DataFrame,
    forecaster: str = "model",
    *,
    level: str | None = None,
    horizon: int | None = None,
) -> pd.DataFrame:
    """Sums of errors by target day, in order, with ``sst``: squared deviations of the actuals.

    Args:
        frame: Rows of the ``error`` fact, of one segment.
        forecaster: ``model`` or the name of another forecaster.
        level: Hierarchy level; needed only when the frame holds several.
        horizon: One horizon only.
    """
    rows = error_rows(frame, forecaster, level=level, horizon=horizon)
    rows = rows[rows["n"] > 0]
    if rows.empty:
        return pd.DataFrame(columns=[*SUMS, "sst"], index=pd.DatetimeIndex([], name="day"))
    origin = float(rows["mean_y"].iloc[0])
    mean = origin + float((rows["n"] * (rows["mean_y"] - origin)).sum() / rows["n"].sum())
    spread = rows["c_yy"] + rows["n"] * (rows["mean_y"] - mean) ** 2
    return rows.assign(sst=spread).groupby("day", sort=True)[[*SUMS, "sst"]].sum()


def mae(
    days: pd.DataFrame, *, unit: str, level: float = 0.95, period: Period | None = None
) -> Estimate:
    """Mean absolute error, in the target's unit."""
    return _ratio(days, _Sums("sum_abs", "n", "mean absolute error", unit), level, period)


def rmse(
    days: pd.DataFrame, *, unit: str, level: float = 0.95, period: Period | None = None
) -> Estimate:
    """Root mean squared error, in the target's unit; the interval is that of its square."""
    return _ratio(
        days, _Sums("sum_sq", "n", "root mean squared error", unit, square=True), level, period
    )


def bias(days: pd.DataFrame, *, level: float = 0.95, period: Period | None = None) -> Estimate:
    """Sum of forecast - actual over the sum of actuals: positive when forecasts are too high."""
    flipped = days.assign(too_high=-days["sum_e"])
    return _ratio(flipped, _Sums("too_high", "sum_y", "bias"), level, period)


def wape(days: pd.DataFrame, *, level: float = 0.95, period: Period | None = None) -> Estimate:
    """Sum of |e| over the sum of |actual|."""
    return _ratio(days, _Sums("sum_abs", "sum_abs_y", "WAPE"), level, period)


def mape(days: pd.DataFrame, *, level: float = 0.95, period: Period | None = None) -> Estimate:
    """Mean of |e|/|actual| over rows with an actual other than 0; withheld above 1% zeros."""
    rows, zeros = int(days["n"].sum()), int(days["zeros"].sum())
    label = period_of(days.reset_index(), period)
    if rows and zeros > MAX_ZEROS * rows:
        why = f"{zeros:,} of {rows:,} actuals are 0 ({zeros / rows:.1%}), where MAPE is undefined."
        return unknown(why, "share", period=label)
    used = days.assign(nonzero=days["n"] - days["zeros"])
    made = _ratio(used, _Sums("sum_ape", "nonzero", "MAPE"), level, period)
    return made.with_grade(None, f"{zeros:,} rows with an actual of 0 left out.") if zeros else made


def smape(days: pd.DataFrame, *, level: float = 0.95, period: Period | None = None) -> Estimate:
    """Mean of 2|e| / (|actual| + |forecast|), between 0 and 2; rows where both are 0 count as 0."""
    return _ratio(days, _Sums("sum_sape", "n", "sMAPE (0 to 2)"), level, period)


def mase(days: pd.DataFrame, *, level: float = 0.95, period: Period | None = None) -> Estimate:
    """Mean of |e| / scale, each series' scale frozen at training; below 1 beats the naive."""
    return _ratio(days, _Sums("sum_scaled", "scaled_n", "MASE", "1"), level, period)


def rmsse(days: pd.DataFrame, *, level: float = 0.95, period: Period | None = None) -> Estimate:
    """Root of the mean of e^2 / scale^2 over all rows of all series (pooled)."""
    return _ratio(
        days, _Sums("sum_scaled_sq", "scaled_n", "RMSSE, pooled", "1", square=True), level, period
    )


def r2(days: pd.DataFrame, *, level: float = 0.95, period: Period | None = None) -> Estimate:
    """1 - sum e^2 / sum (actual - mean)^2: share of the actuals' variance explained."""
    found = _ratio(days, _Sums("sum_sq", "sst", "R2", "1"), level, period)
    if found.value is None:
        return unknown(
            "All actuals are equal: there is nothing to explain.", "1", period=found.period
        )
    return Estimate(
        value=1 - found.value,
        unit="1",
        low=None if found.high is None else 1 - found.high,
        high=None if found.low is None else 1 - found.low,
        level=level,
        se=found.se,
        df=found.df,
        n=found.n,
        method=found.method,
        period=found.period,
        reason=found.reason,
    )


class _Sums(NamedTuple):
    top: str
    base: str
    name: str
    unit: str = "share"
    square: bool = False  # the figure is the root of the ratio


def _ratio(days: pd.DataFrame, sums: _Sums, level: float, period: Period | None) -> Estimate:
    label = period_of(days.reset_index(), period)
    found = ratio_of_sums(days[sums.top], days[sums.base])
    if found is None:
        why = f"There is nothing to divide by: the sum of {_WORDS[sums.base]} is 0."
        return unknown(why, sums.unit, period=label)
    rows = sums.base if sums.base in {"scaled_n", "nonzero"} else "n"
    return from_days(
        found,
        unit=sums.unit,
        name=sums.name,
        n=int(days[rows].sum()),
        level=level,
        period=label,
        transform=root if sums.square else None,
    )


_WORDS = {
    "n": "rows with forecast and actual",
    "nonzero": "rows with an actual other than 0",
    "scaled_n": "rows whose series has a scale",
    "sum_y": "actuals",
    "sum_abs_y": "absolute actuals",
    "sst": "squared deviations of the actuals",
}
