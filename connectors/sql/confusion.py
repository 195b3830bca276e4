"""Fact ``confusion``: labelled predictions by predicted and true class."""

from __future__ import annotations

import pandas as pd
import sqlalchemy as sa

from connectors.sql.cells import Cells
from connectors.sql.work import Work


def confusion(work: Work, cells: Cells) -> pd.DataFrame:
    """Counts and value by segment, version, day, arm, predicted and label."""
    c = cells.rows.c
    keys = [c.segment, c.version, c.day, c.arm, c.predicted, c.label]
    sums = [sa.func.sum(c.predictions).label("n"), sa.func.sum(c.value).label("sum_v")]
    labelled = sa.and_(c.label != "", c.predicted != "")
    return work.run("confusion", sa.select(*keys, *sums).where(labelled).group_by(*keys))
