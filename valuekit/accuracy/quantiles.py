"""Distributional forecasts: pinball loss and coverage, quantile by quantile.

Pinball loss of a quantile forecast q at tau: 2 tau (y - q)+ + 2 (1 - tau) (q - y)+, which is |e|
at the median (Gneiting 2011, JASA 106:746). Coverage: share of actuals at or below the quantile,
which should equal tau.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from valuekit.accuracy.blocks import Blocked, ratio_of_sums
from valuekit.accuracy.errors import error_rows
from valuekit.accuracy.report import from_days
from valuekit.estimate import Estimate, Period, unknown
from valuekit.facts import period_of


def pinball(
    frame: pd.DataFrame,
    quantiles: Sequence[float],
    *,
    unit: str,
    forecaster: str = "model",
    level: float = 0.95,
    period: Period | None = None,
) -> tuple[Estimate, ...]:
    """Mean pinball loss at each declared quantile, in the target's unit.

    Args:
        frame: Rows of the ``error`` fact, of one segment and hierarchy level.
        quantiles: Declared quantiles, in the order of the facts' vectors.
        unit: Unit of the target.
        forecaster: Whose quantiles.
        level: Confidence level.
        period: Label; the frame's days by default.
    """
    rows = error_rows(frame, forecaster)
    label = period_of(rows, period)
    found = _by_quantile(rows, "pinball", len(quantiles))
    return tuple(
        _estimate(one, unit, f"pinball loss at {tau:g}", int(rows["n"].sum()), level, label)
        for one, tau in zip(found, quantiles, strict=True)
    )


def coverage(
    frame: pd.DataFrame,
    quantiles: Sequence[float],
    *,
    forecaster: str = "model",
    level: float = 0.95,
    period: Period | None = None,
) -> tuple[Estimate, ...]:
    """Share of actuals at or below each declared quantile; arguments as :func:`pinball`."""
    rows = error_rows(frame, forecaster)
    label = period_of(rows, period)
    found = _by_quantile(rows, "covered", len(quantiles))
    return tuple(
        _estimate(one, "share", f"coverage at {tau:g}", int(rows["n"].sum()), level, label)
        for one, tau in zip(found, quantiles, strict=True)
    )


def _by_quantile(rows: pd.DataFrame, column: str, size: int) -> list[Blocked | None]:
    kept = rows[rows[column].map(len) == size]
    if kept.empty or not size:
        return [None] * size
    days = np.unique(kept["day"].to_numpy(), return_inverse=True)[1]
    base = np.bincount(days, weights=kept["n"])
    table = np.stack([np.asarray(one, dtype=np.float64) for one in kept[column]])
    return [ratio_of_sums(np.bincount(days, weights=one), base) for one in table.T]


def _estimate(
    found: Blocked | None, unit: str, name: str, n: int, level: float, period: Period | None
) -> Estimate:
    if found is None:
        return unknown("No forecasts of this quantile have an actual.", unit, period=period)
    return from_days(found, unit=unit, name=name, n=n, level=level, period=period)
