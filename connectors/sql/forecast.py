"""Forecasts meet actuals: by series and period, with naive and seasonal-naive beside them.

The last actual that a forecaster could know lies in the latest period strictly before the
period of issue. Naive repeats it; seasonal naive repeats the same place of the latest season at
or before it (Hyndman & Athanasopoulos 2021, section 5.2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow as pa
import sqlalchemy as sa

from connectors import dialects
from connectors.sql.dedupe import ACCEPTED
from connectors.sql.history import whole_spine
from connectors.sql.intake import by_rule
from connectors.sql.match import Matched
from connectors.sql.outcomes import Actuals
from connectors.sql.scales import scales
from connectors.sql.spine import Spine, quantiles
from connectors.sql.values import total
from connectors.sql.work import Expression, Statement, Work
from valuekit.source import Registered


@dataclass(frozen=True, slots=True)
class Targets:
    """Forecasts with their actuals.

    Attributes:
        rows: Kept: day, version, horizon, y, scale, f_model, f_naive, f_seasonal_naive,
            f_BASELINE, q0..., seg0...
        matched: Forecasts with their actual, as pairs for the counts of predictions.
        fates: Outcome rows by day and rule.
        scale: The registration of the MASE scales; None when there are none.
        new: Whether this pull made it.
    """

    rows: sa.FromClause
    matched: Matched
    fates: pd.DataFrame
    scale: Registered | None
    new: bool


def targets(work: Work, spine: Spine, actuals: Actuals) -> Targets:
    """Match forecasts to actuals by key and period; no window applies."""
    keys = spine.keys.names if spine.keys is not None else ()
    known = work.keep("actuals", _one_a_period(work, actuals, keys))
    scale, new = scales(work, spine, known, keys)
    rows = work.keep("forecasts", _rows(work, spine, known, keys, scale))
    p, a = spine.rows.c, known.c
    none = sa.cast(sa.null(), sa.String())
    pairs = (
        sa.select(p.id.label("entry"), none.label("label"), a.y)
        .select_from(spine.rows.join(known, _same(spine.rows, known, keys, p.period == a.period)))
        .subquery()
    )
    fates = _fates(work, spine, actuals, known, keys)
    return Targets(rows, Matched(pairs, pairs, pairs, {}), fates, scale, new)


def _same(
    left: sa.FromClause,
    right: sa.FromClause,
    keys: tuple[str, ...],
    *more: Any,  # noqa: ANN401  conditions
) -> sa.ColumnElement[bool]:
    return sa.and_(*(left.c[name] == right.c[name] for name in keys), *more)


def _one_a_period(work: Work, actuals: Actuals, keys: tuple[str, ...]) -> Statement:
    """One actual a series and period: the first, the last, or the sum of its rows."""
    o = work.model.outcomes
    c = actuals.rows.c
    by = [*(c[name] for name in keys), c.period]
    known = c.y.is_not(None)
    if o is not None and o.pick == "sum":
        return sa.select(*by, sa.func.sum(c.y).label("y")).where(known).group_by(*by)
    order: list[Expression] = [c.ts, c.y, c.oid]
    if o is not None and o.pick == "last":
        order = [one.desc() for one in order]
    turn = sa.func.row_number().over(partition_by=by, order_by=order).label("turn")
    ranked = sa.select(*by, c.y, c.oid, turn).where(known).subquery()
    names = [*keys, "period", "y", "oid"]
    return sa.select(*(ranked.c[name] for name in names)).where(ranked.c.turn == 1)


def _last_known(spine: Spine, known: sa.FromClause, keys: tuple[str, ...]) -> sa.Subquery:
    """For each series and period of issue, the latest period before it with an actual.

    Origins and actuals in one line by period, origins first: a running maximum.
    """
    p, a = spine.rows.c, known.c
    origins = sa.select(
        *(p[name] for name in keys),
        p.issued.label("at"),
        sa.literal_column("0").label("kind"),
        sa.cast(sa.null(), sa.BigInteger()).label("seen"),
    ).distinct()
    there = sa.select(
        *(a[name] for name in keys),
        a.period.label("at"),
        sa.literal_column("1").label("kind"),
        a.period.label("seen"),
    )
    line = sa.union_all(origins, there).subquery()
    c = line.c
    by = [c[name] for name in keys]
    running = sa.func.max(c.seen).over(
        partition_by=by or None, order_by=[c["at"], c.kind], rows=(None, 0)
    )
    rows = sa.select(*by, c["at"], c.kind, running.label("last")).subquery()
    r = rows.c
    return (
        sa.select(*(r[name] for name in keys), r["at"].label("issued"), r.last)
        .where(r.kind == 0)
        .subquery()
    )


def _rows(
    work: Work,
    spine: Spine,
    known: sa.FromClause,
    keys: tuple[str, ...],
    scale: Registered | None,
) -> Statement:
    """Forecasts whose actual is known, with the forecasts of others and the scale."""
    declared = work.model.predictions
    assert declared is not None  # noqa: S101  there is a spine of predictions
    p, season = spine.rows.c, declared.season
    last = _last_known(spine, known, keys)
    naive, seasonal = known.alias("naive"), known.alias("seasonal")
    ahead = p.period - last.c.last
    seasons = dialects.to_int(dialects.fdiv(ahead + (season - 1), sa.literal(season)))
    source = (
        spine.rows.join(known, _same(spine.rows, known, keys, p.period == known.c.period))
        .outerjoin(last, _same(spine.rows, last, keys, p.issued == last.c.issued))
        .outerjoin(naive, _same(spine.rows, naive, keys, naive.c.period == last.c.last))
        .outerjoin(
            seasonal,
            _same(
                spine.rows, seasonal, keys, ahead > 0,
                seasonal.c.period == p.period - seasons * season,
            ),
        )
    )  # fmt: skip
    of_series: Expression = sa.cast(sa.null(), sa.Double())
    table = _table_of(work, scale)
    if table is not None:
        source = source.outerjoin(table, table.c.series == p.series)
        of_series = table.c.scale
    return sa.select(
        p.day,
        p.version,
        (p.period - p.issued).label("horizon"),
        known.c.y,
        of_series.label("scale"),
        p.forecast.label("f_model"),
        naive.c.y.label("f_naive"),
        seasonal.c.y.label("f_seasonal_naive"),
        *(p[f"base_{name}"].label(f"f_{name}") for name in declared.baselines),
        *(p[f"q{place}"] for place in range(len(quantiles(declared)))),
        *(p[f"seg{place}"] for place in range(len(declared.segments))),
    ).select_from(source)


def _table_of(work: Work, scale: Registered | None) -> Any:  # noqa: ANN401  SQLAlchemy's values have no common type
    """Series and scale: a lookup where the engine takes one, else values within the statement."""
    content: Any = scale.content if scale is not None else {}
    scales = content.get("scales", {})
    if not scales:
        return None
    names, sizes = list(scales), [float(one) for one in scales.values()]
    rows = pa.table(
        {"series": pa.array(names, pa.string()), "scale": pa.array(sizes, pa.float64())}
    )
    if (there := work.lookup("scales", rows)) is not None:
        return there
    made = sa.values(
        sa.column("series", sa.String()), sa.column("scale", sa.Double()), name="scales"
    )
    return made.data(list(zip(names, sizes, strict=True)))


def _fates(
    work: Work, spine: Spine, actuals: Actuals, known: sa.FromClause, keys: tuple[str, ...]
) -> pd.DataFrame:
    """Actuals of forecast periods are credited; others of known series are history."""
    o, p = actuals.rows.c, spine.rows.c
    by = [p[name] for name in keys]
    wanted = sa.select(*by, p.period).distinct().subquery()
    every = whole_spine(work, spine).rows.c
    names = [every[name] for name in keys]
    series = sa.select(*names, sa.literal_column("1").label("there")).distinct().subquery()
    source: Any = actuals.rows.outerjoin(
        wanted, _same(actuals.rows, wanted, keys, o.period == wanted.c.period)
    ).outerjoin(series, _same(actuals.rows, series, keys, sa.true()))
    credited = [wanted.c.period.is_not(None), o.y.is_not(None)]
    if "oid" in known.c:
        source = source.outerjoin(known, o.oid == known.c.oid)
        credited.append(known.c.oid.is_not(None))
    rank = sa.case((sa.and_(*credited), 0), (series.c.there.is_not(None), 1), else_=4)
    rows = sa.select(o.day, rank.label("rank"), o.amount).select_from(source).subquery()
    c = rows.c
    statement = sa.select(
        c.day,
        c.rank,
        sa.func.count().label("rows"),
        total(sa.case((c.rank == 0, c.amount), else_=0.0)).label("credited"),
        total(sa.case((c.rank == 0, 0.0), else_=c.amount)).label("rest"),
    ).group_by(c.day, c.rank)
    judged = actuals.judged.rules
    held = judged[judged["rule"] != ACCEPTED]
    return pd.concat([held, *by_rule(work.run("fates of outcomes", statement))], ignore_index=True)
