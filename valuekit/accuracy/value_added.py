"""Does the forecast beat another forecaster on identical rows, and is that more than luck?

Forecast value added is 1 - sum|e model| / sum|e other|. A cell of facts (day, version, horizon)
takes part only when both counted the same number of rows; the other forecaster's rows are those
on which model and actual are known too, so equal counts mean identical rows.

Diebold-Mariano: d_t = loss of the other less loss of the model on target day t, DM = mean d /
sqrt(V), V = (g_0 + 2 sum_{k<h} g_k) / T, times sqrt((T + 1 - 2h + h(h - 1)/T) / T), against t
with T - 1 degrees of freedom (Diebold & Mariano 1995, JBES 13:253; Harvey, Leybourne & Newbold
1997, Int. J. Forecasting 13:281). A variance that is not positive is "not estimable".
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from valuekit.accuracy.blocks import ratio_of_sums
from valuekit.accuracy.errors import error_rows
from valuekit.accuracy.report import from_days
from valuekit.critical import two_sided_p
from valuekit.estimate import Estimate, Period, unknown
from valuekit.facts import numbered, period_of
from valuekit.scorecard import Diagnostic
from valuekit.text import p_value

_CELL = ["model", "version", "day", "segment", "horizon", "level"]
_LOSSES = ["n", "sum_abs", "sum_sq", "over", "under"]


@dataclass(frozen=True, slots=True)
class Paired:
    """Losses of model and other forecaster by target day on identical rows.

    Attributes:
        days: Index day; columns ``n`` and, with suffixes ``_model`` and ``_other``, ``sum_abs``,
            ``sum_sq``, ``over`` and ``under``.
        rows: Rows compared.
        left_out: Model rows without an identical row of the other.
        horizon: Longest horizon among them, at least 1.
    """

    days: pd.DataFrame
    rows: int
    left_out: int
    horizon: int


@dataclass(frozen=True, slots=True)
class DieboldMariano:
    """Test of equal loss; positive when the model's loss is lower.

    Attributes:
        statistic: With the Harvey-Leybourne-Newbold correction; None when not estimable.
        p_value: Two-sided.
        mean: Mean daily loss difference, other less model.
        days: Number of days.
        reason: Why there is no statistic.
    """

    statistic: float | None
    p_value: float | None
    mean: float | None
    days: int
    reason: str = ""


def paired(
    frame: pd.DataFrame,
    forecaster: str,
    *,
    level: str | None = None,
    horizon: int | None = None,
) -> Paired:
    """Losses of the model and a named forecaster on identical rows, by target day.

    Args:
        frame: Rows of the ``error`` fact of one segment, with both forecasters.
        forecaster: Name of the other forecaster, such as ``seasonal_naive``.
        level: Hierarchy level, when the frame holds several.
        horizon: One horizon only.
    """
    model, other = (
        error_rows(frame, name, level=level, horizon=horizon) for name in ("model", forecaster)
    )
    every = pd.concat([model, other])
    cell = numbered(every, _CELL)
    size = int(cell.max(initial=-1)) + 1
    sums = {
        f"{loss}_{side}": np.bincount(at, rows[loss].to_numpy(dtype=np.float64), size)
        for side, rows, at in (
            ("model", model, cell[: len(model)]),
            ("other", other, cell[len(model) :]),
        )
        for loss in _LOSSES
    }
    same = (sums["n_model"] == sums["n_other"]) & (sums["n_model"] > 0)
    rows = int(sums["n_model"][same].sum())
    first = np.unique(cell, return_index=True)[1][same]  # a row of each such cell
    longest = int(every["horizon"].to_numpy()[first].max(initial=1))
    days, at = np.unique(every["day"].to_numpy()[first], return_inverse=True)
    by_day = {name: np.bincount(at, one[same], len(days)) for name, one in sums.items()}
    made = pd.DataFrame(by_day, index=pd.DatetimeIndex(days, name="day"))
    made = made.rename(columns={"n_model": "n"}).drop(columns="n_other")
    return Paired(made, rows, int(sums["n_model"].sum()) - rows, longest)


def forecast_value_added(
    frame: pd.DataFrame,
    forecaster: str,
    *,
    hierarchy: str | None = None,
    level: float = 0.95,
    period: Period | None = None,
) -> Estimate:
    """Share of the other forecaster's absolute error that the model takes away; 0 is no better.

    Args:
        frame: Rows of the ``error`` fact of one segment, with both forecasters.
        forecaster: Name of the other forecaster.
        hierarchy: Hierarchy level, when the frame holds several.
        level: Confidence level.
        period: Label; the compared days by default.
    """
    both = paired(frame, forecaster, level=hierarchy)
    days = both.days
    label = period_of(days.reset_index(), period)
    if not both.rows:
        why = f"No rows have both a forecast of the model and one of {forecaster}."
        return unknown(why, "share", period=label)
    saved = days["sum_abs_other"] - days["sum_abs_model"]
    found = ratio_of_sums(saved, days["sum_abs_other"])
    if found is None:
        why = f"{forecaster} makes no error at all, so there is nothing to take away."
        return unknown(why, "share", period=label)
    name = f"forecast value added over {forecaster}"
    made = from_days(found, unit="share", name=name, n=both.rows, level=level, period=label)
    return made.with_grade(None, *left_out_note(both, forecaster))


def left_out_note(both: Paired, forecaster: str) -> tuple[str, ...]:
    """A sentence on rows that could not be compared; none when all could."""
    if not both.left_out:
        return ()
    return (f"{both.left_out:,} rows without an identical row of {forecaster} are left out.",)


def diebold_mariano(other: ArrayLike, model: ArrayLike, horizon: int = 1) -> DieboldMariano:
    """Test of equal loss from two series of daily losses.

    Args:
        other: Loss of the other forecaster by target day.
        model: Loss of the model on the same days.
        horizon: Periods from origin to target; autocovariances up to horizon - 1 enter.
    """
    d = np.asarray(other, dtype=np.float64) - np.asarray(model, dtype=np.float64)
    T, h = len(d), max(horizon, 1)
    if h + 2 > T:
        why = f"{T} days are too few for forecasts {h} periods ahead."
        return DieboldMariano(None, None, None, T, why)
    mean = float(d.mean())
    u = d - mean
    covariances = [float(u[k:] @ u[: T - k]) / T for k in range(h)]
    spread = (covariances[0] + 2 * sum(covariances[1:])) / T
    correction = (T + 1 - 2 * h + h * (h - 1) / T) / T
    if spread <= 0 or correction <= 0:
        why = "The variance of the loss difference is not positive, so it is not estimable."
        return DieboldMariano(None, None, mean, T, why)
    statistic = mean / math.sqrt(spread) * math.sqrt(correction)
    return DieboldMariano(statistic, two_sided_p(statistic, T - 1), mean, T)


def dm_check(frame: pd.DataFrame, forecaster: str, *, level: str | None = None) -> Diagnostic:
    """Diebold-Mariano on the mean absolute error by target day, in words."""
    name = f"Better than {forecaster}"
    both = paired(frame, forecaster, level=level)
    if not both.rows:
        return Diagnostic(name, "not run", "No identical rows to compare.")
    other = both.days["sum_abs_other"] / both.days["n"]
    model = both.days["sum_abs_model"] / both.days["n"]
    found = diebold_mariano(other, model, both.horizon)
    if found.statistic is None or found.p_value is None:
        return Diagnostic(name, "not run", found.reason)
    p, by = found.p_value, f"over {found.days} days (Diebold-Mariano {p_value(found.p_value)})"
    if p >= 0.05:
        text = f"The errors of the model and of {forecaster} do not differ clearly {by}."
        return Diagnostic(name, "warning", text, found.statistic, p)
    if found.statistic < 0:
        text = f"{forecaster} is more accurate than the model {by}."
        return Diagnostic(name, "failed", text, found.statistic, p)
    text = f"The model is more accurate than {forecaster} {by}."
    return Diagnostic(name, "passed", text, found.statistic, p)
