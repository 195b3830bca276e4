"""Rows of every source by what became of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Count:
    """Rows of a source by what became of them; days where they are known."""

    source: str
    rule: str
    fate: str  # accepted, quarantined, deduplicated or out_of_window
    rows: int
    first: date | None = None
    last: date | None = None


def counted(intake: pd.DataFrame) -> tuple[Count, ...]:
    """Counts from the fact ``intake``."""
    rows = intake[(intake["segment"] == "all") & (intake["rows"] > 0)]
    by = rows.groupby(["source", "rule", "fate"], sort=True)
    summed = by.agg(rows=("rows", "sum"), first=("day", "min"), last=("day", "max")).reset_index()
    return tuple(
        Count(
            row["source"],
            row["rule"],
            row["fate"],
            int(row["rows"]),
            row["first"].date(),
            row["last"].date(),
        )
        for row in summed.to_dict("records")
    )
