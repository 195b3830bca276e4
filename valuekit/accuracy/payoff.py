"""What predictions are worth by a payoff matrix, against acting without the model.

Money of a cell is fixed x rows + rate x sum of the value column; cost is negative. The gain is
the model's money less that of a constant decision on the same rows: a payoff matrix too, whose
cells where model and constant agree are zero. Only labelled rows count.

Intervals: with fixed amounts a row's money is known from its cell, so the variance is the
multinomial one, N (sum n v^2 / N - mean^2). With amounts that vary by row only sums are kept, and
daily money is used (:mod:`valuekit.accuracy.blocks`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from valuekit.accuracy.blocks import Blocked, ratio_of_sums
from valuekit.accuracy.confusion import Confusion, confusion_table
from valuekit.accuracy.report import from_days, from_se
from valuekit.estimate import Estimate, Period, unknown
from valuekit.facts import period_of
from valuekit.scorecard import Cell
from valuekit.workspace.declare import Matrix

Without = Literal["best_constant", "act_on_none", "act_on_all"]


@dataclass(frozen=True, slots=True, eq=False)
class Amounts:
    """Money by predicted (first axis) and true class (second axis): fixed + rate x value."""

    fixed: NDArray[np.float64]
    rate: NDArray[np.float64]

    @classmethod
    def of(cls, matrix: Matrix) -> Amounts:
        """The declared payoff matrix in numbers."""
        cells = ((matrix.tn, matrix.fn), (matrix.fp, matrix.tp))
        return cls(
            np.array([[float(cell.fixed) for cell in row] for row in cells]),
            np.array([[float(cell.rate) for cell in row] for row in cells]),
        )

    def against(self, constant: int) -> Amounts:
        """Money beyond that of always predicting ``constant``."""
        return Amounts(self.fixed - self.fixed[constant], self.rate - self.rate[constant])

    def constant(self, decision: int) -> Amounts:
        """Money of always predicting ``decision``, whatever the model says."""
        rows = (decision, decision)
        return Amounts(self.fixed[rows, :], self.rate[rows, :])

    def money(self, n: NDArray[np.float64], sum_v: NDArray[np.float64]) -> float:
        """Money of counts and value sums."""
        return float((self.fixed * n + self.rate * sum_v).sum())


@dataclass(frozen=True, slots=True)
class PayoffValue:
    """Money of the predictions, and beyond acting without the model.

    Attributes:
        per_row: Money per labelled prediction.
        total: Money of all labelled predictions.
        gain_per_row: The same beyond the alternative.
        gain_total: The same in total: what the model is worth on these rows.
        alternative: ``act on none`` or ``act on all``.
        alternative_total: Money of the alternative on the same rows.
        rows: Labelled predictions.
    """

    per_row: Estimate
    total: Estimate
    gain_per_row: Estimate
    gain_total: Estimate
    alternative: str
    alternative_total: float
    rows: int


def payoff_value(
    frame: pd.DataFrame,
    matrix: Matrix,
    *,
    unit: str,
    without_model: Without = "best_constant",
    level: float = 0.95,
    period: Period | None = None,
) -> PayoffValue:
    """Payoff of the model's predictions, per row and in total.

    Args:
        frame: Rows of the ``confusion`` fact with classes 0 and 1, mature days of one segment.
        matrix: Declared payoffs.
        unit: Currency.
        without_model: What would be done without the model; ``best_constant`` takes the better
            of acting on all and on none, on these very rows.
        level: Confidence level.
        period: Label; the frame's days by default.
    """
    label = period_of(frame, period)
    table = confusion_table(frame)
    if not table.rows or not table.binary:
        why = "A payoff needs predictions and labels of two classes, 0 and 1."
        none = unknown(why if table.rows else "No prediction has an outcome yet.", unit)
        return PayoffValue(none, none, none, none, "", 0.0, 0)
    amounts = Amounts.of(matrix)
    decision = constant_decision(table, amounts, without_model)
    per_row = _per_row(frame, table, amounts, unit, level, label)
    gain = _per_row(frame, table, amounts.against(decision), unit, level, label)
    return PayoffValue(
        per_row=per_row,
        total=per_row.scaled(table.rows, unit),
        gain_per_row=gain,
        gain_total=gain.scaled(table.rows, unit),
        alternative=("act on none", "act on all")[decision],
        alternative_total=amounts.constant(decision).money(table.n, table.sum_v),
        rows=table.rows,
    )


def constant_decision(table: Confusion, amounts: Amounts, without_model: Without) -> int:
    """The constant decision that the model is compared with: 0 (act on none) or 1 (on all)."""
    if without_model != "best_constant":
        return int(without_model == "act_on_all")
    totals = [amounts.constant(decision).money(table.n, table.sum_v) for decision in (0, 1)]
    return int(totals[1] > totals[0])


def payoff_by_day(frame: pd.DataFrame, matrix: Matrix, constant: int | None = None) -> pd.Series:
    """Money by day, beyond always predicting ``constant`` when one is given."""
    amounts = Amounts.of(matrix)
    used = amounts if constant is None else amounts.against(constant)
    return _daily(frame, used)["money"]


def cells(table: Confusion, matrix: Matrix | None = None) -> tuple[Cell, ...]:
    """The confusion matrix as the scorecard lists it, with the money of each cell.

    Without a payoff matrix, or with other classes than 0 and 1, the value is the plain sum of
    the value column.
    """
    value = table.sum_v
    if matrix is not None and table.binary:
        amounts = Amounts.of(matrix)
        value = amounts.fixed * table.n + amounts.rate * table.sum_v
    return tuple(
        Cell(predicted, label, int(table.n[i, j]), float(value[i, j]))
        for i, predicted in enumerate(table.labels)
        for j, label in enumerate(table.labels)
    )


def _per_row(
    frame: pd.DataFrame,
    table: Confusion,
    amounts: Amounts,
    unit: str,
    level: float,
    period: Period | None,
) -> Estimate:
    rate, n = f"{unit}/prediction", table.rows
    mean = amounts.money(table.n, table.sum_v) / n
    if not amounts.rate.any():
        square = float((amounts.fixed**2 * table.n).sum()) / n
        se = math.sqrt(max(square - mean**2, 0.0) / max(n - 1, 1))
        method = "payoff matrix (multinomial)"
        return from_se(mean, se, unit=rate, method=method, n=n, level=level, period=period)
    daily = _daily(frame, amounts)
    found = ratio_of_sums(daily["money"], daily["n"]) or Blocked(mean, None, None, 0)
    return from_days(found, unit=rate, name="payoff matrix", n=n, level=level, period=period)


def _daily(frame: pd.DataFrame, amounts: Amounts) -> pd.DataFrame:
    rows = frame[frame["label"].isin(["0", "1"]) & frame["predicted"].isin(["0", "1"])]
    at = (rows["predicted"] == "1").astype(int), (rows["label"] == "1").astype(int)
    place = tuple(one.to_numpy() for one in at)
    money = amounts.fixed[place] * rows["n"] + amounts.rate[place] * rows["sum_v"]
    return rows.assign(money=money).groupby("day", sort=True)[["money", "n"]].sum()
