"""The bin of a number among registered edges, as plain comparisons."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from connectors.sql.work import Expression


def bin_of(value: Expression, edges: Sequence[float]) -> Expression:
    """Index of the last edge at or below the value; 0 below all of them, NULL for NULL.

    A balanced tree of comparisons: eight of them for 200 edges.
    """
    if not edges:
        return sa.case((value.is_(None), sa.null()), else_=sa.literal_column("0"))
    return sa.case((value.is_(None), sa.null()), else_=_tree(value, edges, 0, len(edges)))


def _tree(value: Expression, edges: Sequence[float], low: int, high: int) -> Expression:
    if high - low == 1:
        return sa.literal_column(str(low))
    middle = (low + high) // 2
    below = _tree(value, edges, low, middle)
    at_or_above = _tree(value, edges, middle, high)
    return sa.case((value < exactly(edges[middle]), below), else_=at_or_above)


def exactly(number: float) -> Expression:
    """A double written so that every engine reads the same bits: 17 digits and an exponent.

    Without the exponent some engines read a decimal first and round twice.
    """
    return sa.cast(sa.literal_column(f"{number:.16e}", sa.Double()), sa.Double())
