"""Charges gathered by key into a cost fact, and added up again."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from valuekit.cost.spread import MICRO
from valuekit.facts import kept
from valuekit.ledger.frame import conform, empty
from valuekit.ledger.schema import ALL, FACTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    from valuekit.estimate import Period

MARGINAL = "marginal"
SHARED = "shared"
SUNK = "sunk"


@dataclass(frozen=True, slots=True)
class Charge:
    """One amount on one day; ``costed`` counts the predictions that it covers."""

    day: date
    category: str
    basis: str
    amount: Decimal
    version: str = ALL
    costed: int = 0


_Key = tuple[str, "date", str, str]  # version, day, category, basis


def frame(model: str, charges: Iterable[Charge]) -> pd.DataFrame:
    """The cost fact of a model: charges with one key are added; amounts have six places."""
    amounts, costed = _by_key(charges)
    if not amounts:
        return empty(FACTS["cost"])
    rows = [
        {
            "model": model,
            "version": key[0],
            "day": key[1],
            "segment": ALL,
            "category": key[2],
            "basis": key[3],
            "amount": amounts[key].quantize(MICRO),
            "costed": costed[key],
        }
        for key in sorted(amounts)
    ]
    return conform(FACTS["cost"], pd.DataFrame(rows))


def residual(charges: Iterable[Charge]) -> Decimal:
    """What rounding to six places leaves out of all charges together, with its sign."""
    amounts, _ = _by_key(charges)
    return sum((one - one.quantize(MICRO) for one in amounts.values()), start=Decimal(0))


def _by_key(charges: Iterable[Charge]) -> tuple[dict[_Key, Decimal], dict[_Key, int]]:
    """Amounts and predictions costed, added up by version, day, category and basis."""
    amounts: dict[_Key, Decimal] = defaultdict(Decimal)
    costed: dict[_Key, int] = defaultdict(int)
    for one in charges:
        key = (one.version, one.day, one.category, one.basis)
        amounts[key] += one.amount
        costed[key] += one.costed
    return amounts, costed


def records(rows: pd.DataFrame, *names: str) -> Iterator[tuple[Any, ...]]:
    """Rows as tuples of plain values: days as dates, numbers as Python numbers."""
    return zip(*(_plain(rows[name]) for name in names), strict=True)


def _plain(series: pd.Series) -> list[Any]:
    return list(series.dt.date) if series.dtype.kind == "M" else series.tolist()


def within(cost: pd.DataFrame, period: Period) -> pd.DataFrame:
    """Rows of a fact whose day is in the period."""
    day = cost["day"].to_numpy()
    keep = (day >= np.datetime64(period.first, "s")) & (day <= np.datetime64(period.last, "s"))
    return kept(cost, keep)


def total(cost: pd.DataFrame, *bases: str) -> Decimal:
    """Sum of the amounts, of the given bases only when any is given."""
    amounts = cost["amount"].to_numpy()
    if bases:
        basis = cost["basis"]
        amounts = amounts[np.logical_or.reduce([(basis == one).to_numpy() for one in bases])]
    return sum(amounts.tolist(), start=Decimal(0))
