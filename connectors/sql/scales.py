"""The scale of each series for MASE: frozen, from actuals before the first forecast.

Scale = mean |y_t - y_{t-m}| in sample, m the season (Hyndman & Koehler 2006).
"""

from __future__ import annotations

from datetime import date

import pandas as pd
import sqlalchemy as sa

from connectors.sql.scope import Unbounded
from connectors.sql.spine import Spine
from connectors.sql.work import Expression, Work
from valuekit.source import Registered

NAME = "mase"
REFERENCE = 28  # periods, when no actual is older than the first forecast; at least two seasons


def scales(
    work: Work, spine: Spine, known: sa.FromClause, keys: tuple[str, ...]
) -> tuple[Registered | None, bool]:
    """The registration of the scales, and whether it is new; None when there is no history."""
    frozen = work.frozen("scale", NAME)
    if frozen is not None:
        return frozen, False
    if work.slice is not None:
        raise Unbounded("the scales of its series are not registered yet")
    p = work.model.predictions
    season = p.season if p is not None else 1
    found = _measured(work, spine, known, keys, season, before=True)
    if found.empty:
        found = _measured(work, spine, known, keys, season, before=False)
    found = found[found["scale"] > 0].sort_values("series")
    if found.empty:
        return None, False
    content: dict[str, object] = {
        "season": season,
        "scales": dict(zip(found["series"].tolist(), found["scale"].tolist(), strict=True)),
    }
    days = spine.judged.rules["day"].dropna()
    return Registered(work.name, "scale", NAME, content, _first(days)), True


def _first(days: pd.Series) -> date:
    return days.min().date() if len(days) else date(1970, 1, 1)


def _measured(
    work: Work,
    spine: Spine,
    known: sa.FromClause,
    keys: tuple[str, ...],
    season: int,
    *,
    before: bool,
) -> pd.DataFrame:
    """Series and scale, from actuals before the first forecast, else from the first periods."""
    p, a, b = spine.rows.c, known.alias("now"), known.alias("then")
    by = [p[name] for name in keys]
    firsts = (
        sa.select(*by, p.series, sa.func.min(p.issued).label("first"))
        .group_by(*by, p.series)
        .subquery()
    )
    start = sa.select(sa.func.min(known.c.period).label("start")).subquery()
    limit: Expression = firsts.c.first
    source = firsts.join(a, _on(firsts, a, keys)).join(
        b, sa.and_(_on(a, b, keys), b.c.period == a.c.period - season)
    )
    if not before:
        source = source.join(start, sa.true())
        limit = start.c.start + max(REFERENCE, 2 * season)
    statement = (
        sa.select(firsts.c.series, sa.func.avg(sa.func.abs(a.c.y - b.c.y)).label("scale"))
        .select_from(source)
        .where(a.c.period < limit)
        .group_by(firsts.c.series)
    )
    return work.run("scale of series", statement)


def _on(left: sa.FromClause, right: sa.FromClause, keys: tuple[str, ...]) -> sa.ColumnElement[bool]:
    return sa.and_(sa.true(), *(left.c[name] == right.c[name] for name in keys))
