"""Volume, usage and books made by hand for tests of costs and assessments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import pandas as pd

from valuekit.ledger.book import Book
from valuekit.ledger.frame import conform
from valuekit.ledger.schema import FACTS

FIRST = date(2026, 1, 1)


def rows(fact: str, *given: Mapping[str, Any]) -> pd.DataFrame:
    """Rows of a fact; what is not given is zero, empty or ``all``."""
    blank = {"text": "", "int": 0, "float": 0.0, "decimal": "0", "ints": [], "floats": []}
    keys = {"model": "m", "version": "all", "segment": "all"}
    schema = FACTS[fact]
    table = [
        {one.name: blank.get(one.dtype) for one in schema.columns} | keys | dict(row)
        for row in given
    ]
    return conform(schema, pd.DataFrame(table, columns=[one.name for one in schema.columns]))


def days(count: int, first: date = FIRST) -> list[date]:
    """Consecutive days."""
    return [first + timedelta(days=step) for step in range(count)]


def volume(counts: Sequence[int], first: date = FIRST, **more: Any) -> pd.DataFrame:
    """Predictions by day; further columns are the same every day."""
    return rows(
        "volume",
        *(
            {"day": day, "predictions": count, **more}
            for day, count in zip(days(len(counts), first), counts, strict=True)
        ),
    )


def book(facts: Mapping[str, pd.DataFrame], **rest: Any) -> Book:
    """A book whose span is that of its volume or effect days."""
    seen = [frame["day"] for name, frame in facts.items() if name in {"volume", "effect"}]
    stamps = pd.concat(seen) if seen else pd.Series([], dtype="datetime64[s]")
    first = None if stamps.empty else stamps.min().date()
    last = None if stamps.empty else stamps.max().date()
    given = {
        "registered": (),
        "first": first,
        "last": last,
        "complete_through": last,
        "as_of": last or FIRST,
    }
    return Book(facts=facts, **(given | rest))
