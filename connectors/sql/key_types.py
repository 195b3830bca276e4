"""Keys held as numbers on one side of a join and as text on the other.

``007`` read as a number is 7 and finds nothing any more. Where the other side still has its
zeros, the join is broken and the run stops; otherwise the two are compared as text.
"""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from connectors.base import Engine
from connectors.findings import place, shown
from connectors.sql.columns import stands_for_unit
from valuekit.errors import Finding
from valuekit.workspace.declare import Assignments, Model, Predictions

Side = tuple[str, str]  # table, column


def lost_zeros(engine: Engine, model: Model) -> list[Finding]:
    """A finding for each number that is joined with text of leading zeros.

    Raises:
        SourceError: a table cannot be read.
    """
    found = []
    for left, right in _pairs(engine, model):
        for number, words in ((left, right), (right, left)):
            if (_kind(engine, number), _kind(engine, words)) != ("int", "text"):
                continue
            if (seen := _zeros(engine, words)) is not None:
                found.append(_finding(engine, number, words, seen))
    return found


def _pairs(engine: Engine, model: Model) -> Iterator[tuple[Side, Side]]:
    """Columns that are compared by the join with the outcomes, whichever table has them."""
    o = model.outcomes
    if o is None:
        return
    for block in (model.predictions, model.assignments):
        if block is None:
            continue
        for left, right in o.on.items():
            column = _column(engine, model, block, left)
            if column is not None:
                yield (block.table, column), (o.table, right)


def _column(
    engine: Engine, model: Model, block: Predictions | Assignments, name: str
) -> str | None:
    if name in engine.columns(block.table):
        return name
    return block.unit if stands_for_unit(model, block, name) else None


def _kind(engine: Engine, side: Side) -> str | None:
    table, column = side
    return engine.columns(table).get(column)


def _zeros(engine: Engine, side: Side) -> str | None:
    """A value that begins with a zero and goes on; None when there is none."""
    table, column = side
    value = engine.table(table, [column]).c[column]
    statement = sa.select(value).where(value.like("0_%")).limit(sa.literal_column("1"))
    rows = engine.run(f"leading zeros of {table}", statement)
    return str(rows.column(0)[0].as_py()) if rows.num_rows else None


def _finding(engine: Engine, number: Side, words: Side, seen: str) -> Finding:
    return Finding(
        place(engine, *number),
        f"numbers here, {shown(seen, 40)!r} in {shown(words[0])}",
        "an id with leading zeros was read as a number and lost them, so the join finds nothing",
        "Store the id as text in both tables.",
        "error",
        "leading_zeros",
    )
