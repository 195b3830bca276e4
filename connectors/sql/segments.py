"""Marginal segments: one set of rows a declared column, beside the set for all."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from connectors.sql.work import Expression, Work
from valuekit.ledger.schema import ALL

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
    """All rows, then each declared column with its most frequent values."""
    most = work.workspace.workspace.max_segment_values
    found = [WHOLE]
    for place, name in enumerate(names):
        value = rows.c[f"seg{place}"]
        n = sa.func.count().label("n")
        counted = (
            sa.select(value.label("value"), n)
            .where(value.is_not(None))
            .group_by(value)
            .order_by(n.desc(), value)
            .limit(most + 1)
        )
        values = work.run(f"values of {name}", counted)["value"].tolist()
        kept = tuple(str(one) for one in values[:most]) if len(values) > most else None
        found.append(Segment(name, place, kept))
    return found
