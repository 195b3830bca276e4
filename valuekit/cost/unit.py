"""What one prediction costs: marginal and fully attributed, and how many have no cost at all."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from valuekit.cost.lines import MARGINAL, total, within
from valuekit.estimate import Estimate, Period, unknown
from valuekit.scorecard import Figure

if TYPE_CHECKING:
    import pandas as pd

    from valuekit.workspace.declare import Costs

NONE_SERVED = "no prediction was served"
NONE_DECLARED = "no costs are declared for this model"
_FACTS = ("cost.amount", "cost.basis", "volume.predictions")


def per_prediction(
    cost: Estimate, predictions: int, unit: str, none: str = NONE_SERVED
) -> Estimate:
    """Cost / served predictions; unknown when none was served.

    Args:
        cost: Cost of a period, positive.
        predictions: Predictions served on the same days.
        unit: Currency.
        none: Why there is no prediction, when there is none.
    """
    rate = f"{unit}/prediction"
    if cost.value is None:
        return unknown(cost.reason, rate, period=cost.period)
    if predictions <= 0:
        return unknown(none, rate, period=cost.period)
    return Estimate(
        value=cost.value / predictions,
        unit=rate,
        n=predictions,
        method="cost / predictions served",
        period=cost.period,
    )


def costed_share(
    costs: Costs,
    cost: pd.DataFrame,
    volume: pd.DataFrame,
    period: Period,
    none: str = NONE_SERVED,
) -> Estimate:
    """Share of predictions that some price covers.

    With prices per use (per prediction, tokens) a prediction must be covered by each of them;
    with only charges by time, a prediction is covered when its day carries a charge.

    Args:
        costs: The model's declared costs.
        cost: Cost fact.
        volume: Volume fact, segment ``all``.
        period: Days to look at.
        none: Why there is no prediction, when there is none.
    """
    method = "predictions with a cost / predictions"
    served = within(volume, period)
    predictions = int(served["predictions"].sum())
    rows = within(cost, period)
    if cost.empty:
        return unknown(NONE_DECLARED, "share", period=period, method=method)
    if not predictions:
        return unknown(none, "share", period=period, method=method)
    used = [
        int(rows["costed"].to_numpy()[(rows["category"] == category).to_numpy(np.bool_)].sum())
        for category, declared in (
            ("serving", costs.per_prediction is not None),
            ("tokens", bool(costs.tokens)),
        )
        if declared
    ]
    if not used:
        charged = np.array([bool(amount) for amount in rows["amount"].tolist()], dtype=np.bool_)
        covered = np.isin(served["day"].to_numpy(), rows["day"].to_numpy()[charged])
        used = [int(served["predictions"].to_numpy()[covered].sum())]
    share = min(1.0, min(used) / predictions)
    return Estimate(value=share, unit="share", n=predictions, method=method, period=period)


def unit_costs(
    costs: Costs,
    cost: pd.DataFrame,
    volume: pd.DataFrame,
    period: Period,
    unit: str,
    none: str = NONE_SERVED,
    unpriced: str = "",
) -> tuple[Figure, ...]:
    """Cost per prediction and per thousand, marginal and fully attributed; the uncosted share.

    Marginal is what retirement would save; attributed adds shared pools and one-off charges. All
    days count: what a prediction cost is known before its outcome is. The same of a named period
    counts mature days alone, as all figures of the period do.

    Args:
        costs: The model's declared costs.
        cost: Cost fact.
        volume: Volume fact, segment ``all``.
        period: Days to look at.
        unit: Currency.
        none: Why there is no prediction, when there is none.
        unpriced: Why what is paid per use is unknown; empty when it is not.
    """
    rows = within(cost, period)
    served = int(within(volume, period)["predictions"].sum())
    figures = []
    for basis, name, bases in (
        ("marginal", "marginal", (MARGINAL,)),
        ("attributed", "fully attributed", ()),
    ):
        paid = (
            unknown(unpriced or NONE_DECLARED, unit, period=period)
            if unpriced or cost.empty
            else Estimate(value=float(total(rows, *bases)), unit=unit, period=period)
        )
        one = per_prediction(paid, served, unit, none)
        figures += [
            _figure(f"cost.per_prediction_{basis}", f"Cost per prediction, {name}, all days", one),
            _figure(
                f"cost.per_thousand_{basis}",
                f"Cost per 1,000 predictions, {name}, all days",
                one.scaled(1000, f"{unit}/1000 predictions"),
            ),
        ]
    covered = (
        unknown(unpriced, "share", period=period)
        if unpriced
        else costed_share(costs, cost, volume, period, none)
    )
    return (*figures, _uncosted(covered))


def _uncosted(covered: Estimate) -> Figure:
    """The share of predictions without a cost, from the share with one."""
    left = (
        covered
        if covered.value is None
        else replace(
            covered, value=1 - covered.value, method="predictions without a cost / predictions"
        )
    )
    return Figure(
        "cost.uncosted",
        "Predictions without a cost",
        left,
        formula="1 - predictions covered by every declared price / predictions",
        facts=("cost.costed", "volume.predictions"),
        better="lower",
    )


def _figure(key: str, label: str, estimate: Estimate) -> Figure:
    formula = "cost of all days / predictions served on them, open outcomes or not"
    return Figure(key, label, estimate, formula=formula, facts=_FACTS, better="lower")
