"""The bin of a number among registered edges: one look into a grid, or plain comparisons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import sqlalchemy as sa

from connectors import dialects
from connectors.sql.work import Expression, Work

FEW = 16  # edges up to which comparisons are as fast as a grid
CROWD = 4  # most edges in one cell of a grid
SIZES = (1_024, 4_096, 16_384, 65_536)  # cells of a grid
_NULL = -1  # cell of NULL
_NARROWEST = 1e-300  # cells of a narrower span are too small for a double


def binned(
    work: Work, source: sa.FromClause, value: Expression, edges: Sequence[float]
) -> tuple[sa.FromClause, Expression]:
    """Rows with what their bins are read from, and the bin of a value: see :func:`bin_of`.

    Many edges are found by a grid of equal cells, kept in the engine: a cell knows how many
    edges lie below it and the few inside it, which are compared one by one. The cell of a value
    never falls while the value grows, rounding included, so the bin is exact.

    Args:
        work: The pull.
        source: The rows that the value belongs to; none is lost or doubled.
        value: A number or NULL.
        edges: Ascending; the first one is not compared.
    """
    grid = _grid(np.asarray(edges[1:], dtype=np.float64)) if len(edges) > FEW else None
    key = tuple(edges)
    if grid is not None and key not in work.grids:
        work.grids[key] = work.lookup("grid", grid.table())
    table = work.grids.get(key)
    if grid is None or table is None:
        return source, bin_of(value, edges)
    c = table.c
    place: Expression = c.below
    for one in c:
        if one.name.startswith("edge"):
            place = place + sa.case((value >= one, 1), else_=0)
    return source.join(table, c.cell == grid.cell_of(value)), place


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


@dataclass(frozen=True, slots=True)
class _Grid:
    """Equal cells from the lowest edge to the highest, and the cell of each edge."""

    edges: np.ndarray
    factor: float
    cells: np.ndarray

    def cell_of(self, value: Expression) -> Expression:
        """Cell of a value: the first below all edges, the last above them."""
        low, high = exactly(float(self.edges[0])), exactly(float(self.edges[-1]))
        inside = dialects.to_int((value - low) * exactly(self.factor))
        return sa.case(
            (value.is_(None), sa.literal_column(str(_NULL))),
            (value < low, sa.literal_column("0")),
            (value >= high, sa.literal_column(str(self.cells[-1]))),
            else_=inside,
        )

    def table(self) -> pa.Table:
        """One row a cell: edges below it, and the edges inside it, NULL where there are fewer."""
        cells = np.arange(self.cells[-1] + 1)
        below = np.searchsorted(self.cells, cells)
        within = np.searchsorted(self.cells, cells, side="right") - below
        columns: dict[str, Any] = {
            "cell": pa.array(np.append(cells, _NULL)),
            "below": pa.array([*below.tolist(), None], pa.int64()),
        }
        for place in range(int(within.max())):
            at = np.minimum(below + place, len(self.edges) - 1)
            there = np.append(within > place, [False])
            columns[f"edge{place}"] = pa.array(np.append(self.edges[at], 0.0), mask=~there)
        return pa.table(columns)


def _grid(edges: np.ndarray) -> _Grid | None:
    """The smallest grid with few edges in each cell; None when edges lie too close together."""
    span = float(edges[-1]) - float(edges[0])
    if not _NARROWEST < span < np.inf:
        return None
    for size in SIZES:
        factor = size / span
        cells = np.floor((edges - edges[0]) * factor).astype(np.int64)
        if np.bincount(cells).max() <= CROWD:
            return _Grid(edges, factor, cells)
    return None
