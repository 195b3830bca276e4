"""Rows of a source with their cells as they were written, for examples of rows held back."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from connectors.base import BAD_CELL, CELL, FILE, NO_SUCH_TIME
from connectors.sql.work import Expression


@dataclass(frozen=True, slots=True)
class Written:
    """Every row of a source as it was judged, with its cells.

    Attributes:
        rows: What is judged (ts, usable, rule, ...), :data:`BAD_CELL`, :data:`NO_SUCH_TIME`, and
            for each column :data:`CELL` and its place.
        columns: The columns, in the order of these places.
    """

    rows: sa.Subquery
    columns: tuple[str, ...]

    @property
    def cells(self) -> list[Expression]:
        """The cells, in the order of the columns."""
        return [self.rows.c[f"{CELL}{place}"] for place in range(len(self.columns))]


def cells_of(raw: sa.FromClause) -> dict[str, Expression]:
    """The cells of a table, the name of the first unreadable one, the file; else nothing."""
    names = [one.name for one in raw.c if one.name.startswith(CELL)]
    more = [BAD_CELL, NO_SUCH_TIME, *([FILE] if FILE in raw.c else [])]
    return {name: raw.c[name] for name in (*names, *more)} if names else {}
