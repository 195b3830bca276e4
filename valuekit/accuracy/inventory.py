"""Forecast errors in money: stock held too much and sales lost, against another forecaster.

Cost of a forecaster = holding x sum of (forecast - actual) where positive + stock-out x sum of
(actual - forecast) where positive. With tau = b / (b + h) it is the pinball loss 2 tau (y - q)+ +
2 (1 - tau) (q - y)+ times (b + h) / 2 (the newsvendor's critical ratio; Cachon & Terwiesch,
Matching Supply with Demand). The money is the other forecaster's cost less the model's,
on identical rows: positive when the model saves.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from valuekit.accuracy.blocks import total_of_days
from valuekit.accuracy.report import from_days
from valuekit.accuracy.value_added import left_out_note, paired
from valuekit.estimate import Estimate, Period, unknown
from valuekit.facts import period_of


@dataclass(frozen=True, slots=True, eq=False)
class Inventory:
    """Money that the model's forecasts save.

    Attributes:
        money: Other forecaster's cost less the model's over the period.
        per_row: The same per compared row.
        model_cost: Holding and stock-out cost of the model's forecasts.
        other_cost: The same of the other forecaster.
        rows: Rows compared.
        by_day: Money by target day.
    """

    money: Estimate
    per_row: Estimate
    model_cost: float | None
    other_cost: float | None
    rows: int
    by_day: pd.Series


def critical_ratio(holding: float, stockout: float) -> float:
    """The demand quantile worth ordering, b / (b + h).

    >>> critical_ratio(20, 80)
    0.8
    """
    return stockout / (stockout + holding)


def inventory_money(
    frame: pd.DataFrame,
    forecaster: str,
    holding: float,
    stockout: float,
    *,
    unit: str,
    level: float = 0.95,
    period: Period | None = None,
) -> Inventory:
    """Money saved over a named forecaster, with an interval from daily differences.

    Args:
        frame: Rows of the ``error`` fact of one segment and one hierarchy level.
        forecaster: The forecaster that the model replaces.
        holding: Cost per unit of over-forecast, positive.
        stockout: Cost per unit of under-forecast, positive.
        unit: Currency.
        level: Confidence level.
        period: Label; the compared days by default.
    """
    both = paired(frame, forecaster)
    days = both.days
    label = period_of(days.reset_index(), period)
    cost = {
        side: holding * days[f"over_{side}"] + stockout * days[f"under_{side}"]
        for side in ("model", "other")
    }
    saved = cost["other"] - cost["model"]
    rate = f"{unit}/prediction"
    if not both.rows:
        why = f"No rows have both a forecast of the model and one of {forecaster}."
        none = unknown(why, unit, period=label)
        return Inventory(none, none.scaled(1.0, rate), None, None, 0, saved)
    name = f"inventory money against {forecaster}"
    found = total_of_days(saved)
    money = from_days(found, unit=unit, name=name, n=both.rows, level=level, period=label)
    money = money.with_grade(None, *left_out_note(both, forecaster))
    per_row = money.scaled(1 / both.rows, rate)
    costs = (float(cost["model"].sum()), float(cost["other"].sum()))
    return Inventory(money, per_row, *costs, both.rows, saved)
