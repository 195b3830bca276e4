"""The facts of one model and day as plain data, vectors unpacked: for people and for JSON."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd

from valuekit.ledger.months import BY_MONTH, end_of, sums
from valuekit.ledger.schema import FACTS, Fact

if TYPE_CHECKING:
    from datetime import date

SCHEMA = 1  # of the JSON; docs/json.md


class Facts(Protocol):
    """Whatever holds facts: a store."""

    def facts(
        self, model: str, fact: str, first: date | None, last: date | None, segment: str | None
    ) -> pd.DataFrame:
        """Conformed rows of one fact."""
        ...


def day_of(held: Facts, model: str, day: date) -> dict[str, Any]:
    """All facts of a model on one day, every version and segment.

    Args:
        held: Where the facts are.
        model: Name of the model.
        day: The day; what it means depends on the fact's spine.

    Returns:
        ``{"schema", "model", "day", "facts": {fact: [row, ...]}, "by_month": {fact: [row, ...]}}``;
        facts without rows are left out, rows hold version, segment, keys and measures. Decimals
        are text, so no digit is lost. Vectors that the store has for the whole month alone are
        None in ``facts`` and there in ``by_month``.
    """
    found, months = {}, {}
    for name, fact in FACTS.items():
        if any(one.rule == "append" for one in fact.measures):
            continue
        if name in BY_MONTH:
            rows, whole = _of_month(fact, held, model, day)
            if whole:
                months[name] = whole
        else:
            rows = plain_rows(fact, held.facts(model, name, day, day, None))
        if rows:
            found[name] = rows
    return {
        "schema": SCHEMA,
        "model": model,
        "day": day.isoformat(),
        "facts": found,
        "by_month": months,
    }


def _of_month(
    fact: Fact, held: Facts, model: str, day: date
) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    """The rows of a day, and the vectors that its month has in common."""
    month = held.facts(model, fact.name, day.replace(day=1), end_of(day), None)
    whole, among = sums(fact, month)
    here = (month["day"] == pd.Timestamp(day)).to_numpy()
    rows = plain_rows(fact, month[here])
    for row, merged in zip(rows, among[here].tolist(), strict=True):
        if merged:
            row.update(dict.fromkeys(one.name for one in fact.vectors))
    scalars = {one.name for one in fact.scalars}
    sum_rows = [
        {name: value for name, value in row.items() if name not in scalars}
        for row in plain_rows(fact, whole)
    ]
    return rows, sum_rows if rows else []


def plain_rows(fact: Fact, frame: pd.DataFrame) -> list[dict[str, object]]:
    """Rows of a conformed frame as JSON-ready dictionaries, without model and day."""
    names = [one.name for one in fact.columns if one.name not in {"model", "day"}]
    return [
        {name: _plain(value) for name, value in zip(names, row, strict=True)}
        for row in zip(*(frame[name].tolist() for name in names), strict=True)
    ]


def _plain(value: object) -> object:
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, pd.Timestamp):
        return value.date().isoformat()
    return value
