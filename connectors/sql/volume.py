"""Fact ``volume``: how many predictions, acted on, labelled, how fast, worth how much."""

from __future__ import annotations

import pandas as pd
import sqlalchemy as sa

from connectors import dialects
from connectors.sql.cells import Cells
from connectors.sql.segments import Segment
from connectors.sql.spine import Spine
from connectors.sql.work import Work

_KEYS = ["segment", "version", "day"]
_SUMS = ("predictions", "acted", "labelled", "scored", "weight", "value", "outcome_value")


def by_arm(work: Work, cells: Cells) -> pd.DataFrame:
    """Sums of the cells by segment, version, day and arm."""
    c = cells.rows.c
    keys = [c[name] for name in (*_KEYS, "arm")]
    sums = [sa.func.sum(c[name]).label(name) for name in _SUMS]
    return work.run("volume", sa.select(*keys, *sums).group_by(*keys))


def volume(work: Work, spine: Spine, each: pd.DataFrame, segment: Segment) -> pd.DataFrame:
    """Sums over all arms by segment, version and day, with the moments of latency."""
    frame = each.drop(columns="arm")
    if bool(each.duplicated(_KEYS).any()):
        frame = frame.groupby(_KEYS, as_index=False, sort=False, dropna=False).sum()
    p = work.model.predictions
    if p is None or p.latency_ms is None:
        return frame
    return frame.merge(_latency(work, spine, segment), on=_KEYS, how="left")


def _latency(work: Work, spine: Spine, segment: Segment) -> pd.DataFrame:
    p = spine.rows.c
    rows = (
        sa.select(segment.of(spine.rows).label("segment"), p.version, p.day, p.latency)
        .where(p.latency.is_not(None))
        .subquery()
    )
    c = rows.c
    n = sa.func.count()
    statement = sa.select(
        c.segment,
        c.version,
        c.day,
        n.label("latency_n"),
        sa.func.avg(c.latency).label("mean_latency"),
        (dialects.var_pop(c.latency) * n).label("c_latency"),
    ).group_by(c.segment, c.version, c.day)
    return work.run("latency", statement)
