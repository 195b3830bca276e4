"""Marginal segments: one set of rows a declared column, beside the set for all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd
import sqlalchemy as sa

from connectors.sql.scope import Unbounded
from connectors.sql.work import Expression, Work
from valuekit.ledger.schema import ALL
from valuekit.source import Registered

OTHER = "(other)"
NOTHING = "(none)"


@dataclass(frozen=True, slots=True)
class Segment:
    """A split of the rows of a spine.

    Attributes:
        name: Name of the segment column; empty for all rows together.
        place: Its place among the declared segments.
        values: Values kept apart; None when there are few enough to keep every one.
    """

    name: str
    place: int = 0
    values: tuple[str, ...] | None = None

    @property
    def whole(self) -> bool:
        """Whether this is the set of all rows."""
        return not self.name

    def of(self, rows: sa.FromClause) -> Expression:
        """The key of a row: ``all``, ``name=value``, ``name=(other)`` or ``name=(none)``."""
        if self.whole:
            return sa.literal_column(f"'{ALL}'")
        value = rows.c[f"seg{self.place}"]
        shown: Expression = value
        if self.values is not None:
            shown = sa.case((value.in_(self.values), value), else_=sa.literal(OTHER))
        named = sa.literal(f"{self.name}=", sa.String())
        return sa.case(
            (value.is_(None), sa.literal(f"{self.name}={NOTHING}", sa.String())),
            else_=named.concat(shown),
        )


WHOLE = Segment("")


def segments(work: Work, names: tuple[str, ...], rows: sa.FromClause) -> list[Segment]:
    """All rows, then each declared column with its most frequent values.

    Values that were named once keep their name: they are registered, new ones are added while
    there is room, and the rest is ``(other)``.
    """
    most = work.workspace.workspace.max_segment_values
    found = [WHOLE]
    for place, name in enumerate(names):
        value = rows.c[f"seg{place}"]
        n = sa.func.count().label("n")
        counted = (
            sa.select(value.label("value"), n, sa.func.max(rows.c.day).label("day"))
            .where(value.is_not(None))
            .group_by(value)
            .order_by(n.desc(), value)
            .limit(most + 1)
        )
        values = work.run(f"values of {name}", counted)
        found.append(Segment(name, place, kept_apart(work, name, values)))
    return found


def kept_apart(work: Work, name: str, found: pd.DataFrame) -> tuple[str, ...] | None:
    """Values kept apart; None while there is room for all.

    Args:
        work: The pull.
        name: The column.
        found: Values that occur and the last day of each, the most frequent first; one more than
            there is room for when there are too many.
    """
    if found.empty:
        return None
    values = [str(one) for one in found["value"]]
    most = work.workspace.workspace.max_segment_values
    frozen = work.frozen("segment", name)
    content: Any = frozen.content if frozen is not None else {"values": [], "all": True}
    known = [str(one) for one in content["values"]]
    new = [one for one in values if one not in known]
    kept = [*known, *new][:most]
    every = bool(content["all"]) and len(known) + len(new) <= most
    if frozen is None or kept != known or every != content["all"]:
        if work.slice is not None and not every:
            raise Unbounded("a segment has more values than are kept apart")
        made: dict[str, object] = {"values": kept, "all": every}
        work.noted.append(Registered(work.name, "segment", name, made, found["day"].max().date()))
    return None if every else tuple(kept)
