"""Fact ``score``: scores by registered bin, arm, action and label, with exact proper scores."""

from __future__ import annotations

import pandas as pd
import sqlalchemy as sa

from connectors.sql.cells import Cells
from connectors.sql.facts import packed
from connectors.sql.layout import Layout
from connectors.sql.work import Work

_KEYS = ("segment", "version", "day", "arm", "acted", "label")
_VECTORS = {"n": "int64", "sum_p": "float64", "sum_v": "float64"}


def score(work: Work, cells: Cells, layout: Layout) -> pd.DataFrame:
    """One row a key with a vector of each sum over the bins."""
    c = cells.rows.c
    keys = [c.segment, c.version, c.day, c.arm, c.acted_key.label("acted"), c.label]
    plain = [c.segment, c.version, c.day, c.arm, c.acted_key, c.label, c.bin]
    sums = [
        sa.func.sum(c.scored).label("n"),
        *(sa.func.sum(c[name]).label(name) for name in ("sum_p", "sum_v", "brier", "log_loss")),
    ]
    statement = sa.select(*keys, c.bin, *sums).where(c.bin.is_not(None)).group_by(*plain)
    rows = work.run("score", statement)
    rows["total"] = rows["n"]
    made = packed(rows, _KEYS, "bin", len(layout.edges), _VECTORS, ("total", "brier", "log_loss"))
    return made.assign(layout=layout.id)
