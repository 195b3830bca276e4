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
    edge = sa.literal_column(f"CAST({edges[middle]!r} AS DOUBLE PRECISION)", sa.Double())
    return sa.case((value < edge, below), else_=at_or_above)
