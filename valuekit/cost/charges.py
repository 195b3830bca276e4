"""Declared costs of one model as a cost fact: per prediction, monthly, once, tokens."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from valuekit.cost.lines import MARGINAL, SHARED, SUNK, Charge, frame, records
from valuekit.cost.spread import monthly
from valuekit.cost.tokens import token_charges

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    import pandas as pd

    from valuekit.workspace.declare import Model, Workspace

SERVING = "serving"


def charges(
    workspace: Workspace,
    model_name: str,
    volume: pd.DataFrame,
    usage: pd.DataFrame,
    first: date,
    last: date,
) -> pd.DataFrame:
    """The cost fact of a model (segment ``all``) for the days ``first``..``last``.

    ==============  =========  ===============================================================
    declared        basis      amount
    ==============  =========  ===============================================================
    per_prediction  marginal   price x predictions, by version and day (category ``serving``)
    tokens          marginal   quantity x dated price, by version and day (category ``tokens``)
    monthly         declared   spread over the days of each month to the cent
    once            sunk       on its day; a one-off before ``first`` keeps its own day
    ==============  =========  ===============================================================

    Marginal monthly charges end with the model (``retired``) unless ``to`` says otherwise: they
    are gone on retirement by definition. A one-off declared ``shared`` stays shared.

    Args:
        workspace: The declared workspace.
        model_name: Name of the model in it.
        volume: Volume fact; only segment ``all`` is read.
        usage: Usage fact; only segment ``all`` is read.
        first: First day of the model's data.
        last: Last day to charge for.

    Returns:
        A conformed frame of :data:`~valuekit.ledger.schema.COST`; cost is positive.
    """
    return frame(model_name, lines(workspace.models[model_name], volume, usage, first, last))


def lines(
    model: Model, volume: pd.DataFrame, usage: pd.DataFrame, first: date, last: date
) -> list[Charge]:
    """The charges of a model before they are added up and rounded; see :func:`charges`."""
    volume = _days(volume, first, last)
    usage = _days(usage, first, last)
    return [
        *_per_prediction(model, volume),
        *(token_charges(model.costs.tokens, usage, volume) if model.costs.tokens else ()),
        *_monthly(model, first, last),
        *_once(model, last),
    ]


def _days(fact: pd.DataFrame, first: date, last: date) -> pd.DataFrame:
    day = fact["day"].dt.date
    rows: pd.DataFrame = fact[(fact["segment"] == "all") & (day >= first) & (day <= last)]
    return rows


def _per_prediction(model: Model, volume: pd.DataFrame) -> Iterator[Charge]:
    price = model.costs.per_prediction
    if price is None:
        return
    for version, day, served in records(volume, "version", "day", "predictions"):
        yield Charge(day, SERVING, MARGINAL, price * served, version, served)


def _monthly(model: Model, first: date, last: date) -> Iterator[Charge]:
    for one in model.costs.monthly:
        end = one.to
        if end is None and one.basis == MARGINAL:
            end = model.retired
        for day, amount in monthly(one.amount, first, last, one.from_, end):
            yield Charge(day, one.category, one.basis, amount)


def _once(model: Model, last: date) -> Iterator[Charge]:
    for one in model.costs.once:
        if one.on <= last:
            basis = SHARED if one.basis == SHARED else SUNK
            yield Charge(one.on, one.category, basis, Decimal(one.amount))
