"""Bin edges, found once in the reference period and frozen.

The reference is the first 28 days with scores, or all days when those hold fewer than 2,000
rows. Few distinct values become bins of their own; many are cut into bins of equal reference
mass, plus the thresholds in use. Equal width would put nearly all of a rare event's scores into
one bin.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import sqlalchemy as sa

from connectors import dialects
from connectors.sql.bins import exactly
from connectors.sql.periods import fixed_day
from connectors.sql.scope import Unbounded
from connectors.sql.values import total
from connectors.sql.work import Statement, Work
from valuekit.source import Registered

REFERENCE_DAYS = 28
REFERENCE_ROWS = 2_000
EXACT = 256
FEW = 128  # distinct values up to which segments keep them all


@dataclass(frozen=True, slots=True)
class Layout:
    """Registered bin edges.

    Attributes:
        id: Value of the key ``layout`` in facts.
        edges: Ascending; bin i holds values from edge i up to edge i + 1, bin 0 also all below.
        counts: Reference rows by bin.
        registered: The registration.
        new: Whether this pull made it.
    """

    id: str
    edges: tuple[float, ...]
    counts: tuple[int, ...]
    registered: Registered
    new: bool


def reference(scored: pd.Series) -> tuple[date, date] | None:
    """First and last day of the reference.

    Args:
        scored: Scored rows by day (index: days in ascending order).
    """
    there = scored[scored > 0]
    if there.empty:
        return None
    first = there.iloc[:REFERENCE_DAYS]
    chosen = first if int(first.sum()) >= REFERENCE_ROWS else there
    return chosen.index[0].date(), chosen.index[-1].date()


def layout(
    work: Work,
    name: str,
    values: Statement,
    span: tuple[date, date],
    *,
    bins: int,
    exact: int = EXACT,
    thresholds: Sequence[float] = (),
) -> Layout | None:
    """The registered layout of a quantity, or a new one from its reference.

    Args:
        work: The pull.
        name: ``score`` or ``error``.
        values: Statement with columns value and day.
        span: First and last day of the reference.
        bins: Bins of equal mass when there are many distinct values.
        exact: Up to so many distinct values become bins of their own.
        thresholds: Further edges.

    Returns:
        None when the reference is empty.
    """
    frozen = work.frozen("layout", name)
    if frozen is not None:
        return read_of(frozen)
    if work.slice is not None:
        raise Unbounded(f"the bins of {name} are not registered yet")
    rows = values.subquery()
    v, day = rows.c.value, rows.c.day
    inside = [v.is_not(None), day >= fixed_day(span[0]), day <= fixed_day(span[1])]
    each = work.keep(
        f"values_of_{name}", sa.select(v, sa.func.count().label("n")).where(*inside).group_by(v)
    )
    few = sa.select(each.c.value, each.c.n).order_by(each.c.value).limit(exact + 1)
    distinct = work.run(f"distinct {name}", few)
    if distinct.empty:
        return None
    if len(distinct) <= exact:
        edges = tuple(float(one) for one in distinct["value"])
        counts = tuple(int(one) for one in distinct["n"])
    else:
        edges, counts = _equal_mass(work, name, each, bins, thresholds)
    work.drop(each)
    return made_of(work, name, edges, counts, span, exact=len(distinct) <= exact)


def _equal_mass(
    work: Work, name: str, each: sa.FromClause, bins: int, thresholds: Sequence[float]
) -> tuple[tuple[float, ...], tuple[int, ...]]:
    """Edges and counts of bins of equal mass, as NTILE cuts them, from counted values.

    A value is an edge when a tile starts among its rows; a bin's count is the rows before the
    next edge less the rows before its own.
    """
    v, n = each.c.value, each.c.n
    below = [
        total(sa.case((v < exactly(one), n), else_=0)).label(f"below{place}")
        for place, one in enumerate(thresholds)
    ]
    found = work.row(f"rows of {name}", sa.select(total(n).label("n"), *below))
    whole = int(found["n"])
    running = sa.select(v, n, dialects.to_int(sa.func.sum(n).over(order_by=v)).label("upto"))
    r = running.subquery().c
    before = r.upto - r.n
    starts_here = sa.or_(
        before == 0, _tile(r.upto - 1, whole, bins) > _tile(before - 1, whole, bins)
    )
    starts = work.run(
        f"quantiles of {name}", sa.select(r.value, before.label("before")).where(starts_here)
    )
    at = dict(zip(starts["value"].astype(float), starts["before"].astype(int), strict=True))
    at |= {float(one): int(found[f"below{place}"]) for place, one in enumerate(thresholds)}
    edges = tuple(sorted(at))
    ends = [0, *(int(at[one]) for one in edges[1:]), whole]
    return edges, tuple(np.diff(ends).tolist())


def _tile(place: sa.ColumnElement[Any], rows: int, bins: int) -> sa.ColumnElement[Any]:
    """Tile of a row by its place from 0; the first ``rows % bins`` tiles have one row more."""
    size, larger = divmod(rows, bins)
    cut = larger * (size + 1)
    low = sa.func.floor(dialects.fdiv(place, sa.literal(size + 1)))
    high = sa.func.floor(dialects.fdiv(place - cut, sa.literal(max(size, 1))))
    return sa.case((place < cut, low), else_=high + larger)


def coarser(
    work: Work, name: str, fine: Layout, bins: int, thresholds: Sequence[float] = ()
) -> Layout:
    """A layout with about ``bins`` bins of equal mass, its edges a subset of another's.

    A score with few distinct values keeps them all: its curves stay exact by segment too, and
    its vectors are mostly zeros, which pack to almost nothing.
    """
    frozen = work.frozen("layout", name)
    if frozen is not None:
        return read_of(frozen)
    counts = np.asarray(fine.counts, dtype=np.int64)
    before = np.concatenate([[0], np.cumsum(counts)[:-1]])
    cell = np.floor(before * bins / max(int(counts.sum()), 1)).astype(np.int64)
    starts = np.concatenate([[True], cell[1:] != cell[:-1]])
    starts |= bool(fine.registered.content["exact"]) and len(counts) <= FEW
    starts |= np.isin(np.asarray(fine.edges), np.asarray(thresholds, dtype=np.float64))
    places = np.flatnonzero(starts)
    edges = tuple(fine.edges[place] for place in places)
    added = tuple(int(one) for one in np.add.reduceat(counts, places))
    span = fine.registered.content["reference"]
    exact = len(edges) == len(fine.edges) and bool(fine.registered.content["exact"])
    if not isinstance(span, list):
        msg = "a layout names its reference as a list of two days"
        raise TypeError(msg)
    days = date.fromisoformat(str(span[0])), date.fromisoformat(str(span[1]))
    return made_of(work, name, edges, added, days, exact=exact)


def made_of(
    work: Work,
    name: str,
    edges: tuple[float, ...],
    counts: tuple[int, ...],
    span: tuple[date, date],
    *,
    exact: bool,
) -> Layout:
    """A layout of some edges, with its registration."""
    digest = hashlib.sha256(repr(list(edges)).encode()).hexdigest()[:8]
    layout_id = f"{name.partition('_')[0]}-{digest}"
    content: dict[str, object] = {
        "id": layout_id,
        "edges": list(edges),
        "exact": exact,
        "counts": list(counts),
        "reference": [span[0].isoformat(), span[1].isoformat()],
    }
    registered = Registered(work.name, "layout", name, content, span[1])
    return Layout(layout_id, edges, counts, registered, new=True)


def read_of(frozen: Registered) -> Layout:
    """The layout of a registration."""
    content: Any = frozen.content
    edges = tuple(float(one) for one in content["edges"])
    counts = tuple(int(one) for one in content["counts"])
    return Layout(str(content["id"]), edges, counts, frozen, new=False)
