"""Payoffs from daily cell counts: the estimator of accuracy.payoff, for many periods at once."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from valuekit.accuracy.blocks import Blocked, ratio_of_sums
from valuekit.accuracy.report import from_days, from_se
from valuekit.estimate import Estimate, Period, unknown
from valuekit.value.by_day import ByDay

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from valuekit.accuracy.payoff import Amounts

_PLACES = (("0", "0"), ("0", "1"), ("1", "0"), ("1", "1"))  # predicted, label


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Counts and sums of the value column by day, predicted class and label."""

    by_day: ByDay

    @classmethod
    def of(cls, confusion: pd.DataFrame) -> Cells:
        """Daily cells of a confusion fact of one segment; other classes are left out."""
        rows = confusion[["day"]].copy()
        for number, (predicted, label) in enumerate(_PLACES):
            held = (confusion["predicted"] == predicted) & (confusion["label"] == label)
            rows[f"n{number}"] = confusion["n"].where(held, 0)
            rows[f"v{number}"] = confusion["sum_v"].where(held, 0.0)
        columns = [f"{kind}{number}" for kind in "nv" for number in range(len(_PLACES))]
        return cls(ByDay.of(rows, columns))

    def gain(self, amounts: Amounts, unit: str, period: Period) -> Estimate:
        """Total money of a period by amounts, with the interval of :mod:`valuekit.accuracy.payoff`.

        Fixed amounts: N (sum n v^2 / N - mean^2) / (N - 1) per row, the multinomial variance.
        Amounts that vary by row: the ratio of daily sums.
        """
        daily = self.by_day.rows(period)
        daily = daily[daily[:, :4].sum(axis=1) > 0]
        fixed, rate = amounts.fixed.ravel(), amounts.rate.ravel()
        n = float(daily[:, :4].sum())
        if not n:
            return unknown("no prediction of these days has an outcome", unit, period=period)
        money: NDArray[np.float64] = daily[:, :4] @ fixed + daily[:, 4:] @ rate
        mean = float(money.sum()) / n
        rows = round(n)
        if rate.any():
            name = "payoff matrix"
            found = ratio_of_sums(money, daily[:, :4].sum(axis=1)) or Blocked(mean, None, None, 0)
            one = from_days(found, unit=unit, name=name, n=rows, period=period)
        else:
            square = float(daily[:, :4].sum(axis=0) @ fixed**2) / n
            se = math.sqrt(max(square - mean**2, 0.0) / max(n - 1, 1))
            name = "payoff matrix (multinomial)"
            one = from_se(mean, se, unit=unit, method=name, n=rows, period=period)
        return one.scaled(n, unit)

    def money(self, amounts: Amounts, period: Period) -> float:
        """Total money of a period by amounts, without an interval."""
        sums = self.by_day.total(period)
        return float(sums[:4] @ amounts.fixed.ravel() + sums[4:] @ amounts.rate.ravel())
