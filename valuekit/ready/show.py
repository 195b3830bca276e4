"""The facts of a day as handed in: what a ready-made table does not give is None, not 0."""

from __future__ import annotations

from typing import TYPE_CHECKING

from valuekit.ledger.schema import FACTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from valuekit.workspace.declare import Model

Row = dict[str, object]


def as_given(model: Model, facts: Mapping[str, list[Row]]) -> dict[str, list[Row]]:
    """Rows by fact, measures that no declared column gives as None.

    Args:
        model: As declared.
        facts: Rows of :func:`valuekit.ledger.show.plain_rows`.
    """
    return {name: [_row(model, name, one) for one in rows] for name, rows in facts.items()}


def _row(model: Model, fact: str, row: Row) -> Row:
    table = model.ready(fact)
    if table is None:
        return row
    metric = str(row.get("metric", ""))
    declared = model.metrics.get(metric)
    given = table.given(metric, proportion=declared is not None and declared.kind == "proportion")
    unknown = {one.name for one in FACTS[fact].measures} - given
    return {name: None if name in unknown else value for name, value in row.items()}
