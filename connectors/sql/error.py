"""Fact ``error``: errors of the model and of other forecasters on identical rows.

e = actual - forecast. Every forecaster is counted where its own forecast, the model's and the
actual are all known, so a comparison with the model is paired.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import sqlalchemy as sa

from connectors import dialects
from connectors.sql.bins import binned
from connectors.sql.facts import boxed_rows, packed
from connectors.sql.layout import Layout
from connectors.sql.match import Matched
from connectors.sql.segments import Segment
from connectors.sql.spine import Spine, quantiles
from connectors.sql.values import flag, total
from connectors.sql.work import Columns, Expression, Statement, Work

MODEL = "model"
BINS = 40
_KEYS = ("segment", "version", "day", "horizon")
_SUMS = (
    "sum_e", "sum_abs", "sum_sq", "sum_y", "sum_abs_y", "sum_f", "sum_ape", "zeros", "sum_sape",
    "scaled_n", "sum_scaled", "sum_scaled_sq", "over", "under", "cross_abs", "cross_sq",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Compared:
    """Rows with an actual: day, version, horizon, y, scale, f_NAME..., q0..., seg0..."""

    rows: sa.FromClause
    forecasters: tuple[str, ...]
    levels: tuple[float, ...]


def regression(work: Work, spine: Spine, matched: Matched) -> Compared:
    """Predicted numbers with their outcomes: no horizon, no scale."""
    declared = work.model.predictions
    assert declared is not None  # noqa: S101  there is a spine of predictions
    p, m = spine.rows.c, matched.rows.c
    levels = quantiles(declared)
    rows = sa.select(
        p.day,
        p.version,
        sa.literal_column("0").label("horizon"),
        m.y,
        sa.cast(sa.null(), sa.Double()).label("scale"),
        p.forecast.label("f_model"),
        *(p[f"base_{name}"].label(f"f_{name}") for name in declared.baselines),
        *(p[f"q{place}"] for place in range(len(levels))),
        *(p[f"seg{place}"] for place in range(len(declared.segments))),
    ).select_from(spine.rows.join(matched.rows, p.id == m.entry))
    names = (MODEL, *declared.baselines)
    return Compared(rows.subquery("compared"), names, tuple(level for level, _ in levels))


def forecasts(work: Work, rows: sa.FromClause) -> Compared:
    """Forecasts with their actuals and the naive ones."""
    declared = work.model.predictions
    assert declared is not None  # noqa: S101  there is a spine of predictions
    names = (MODEL, "naive", "seasonal_naive", *declared.baselines)
    return Compared(rows, names, tuple(level for level, _ in quantiles(declared)))


def days(work: Work, compared: Compared) -> pd.Series:
    """Rows with the model's error by day."""
    c = compared.rows.c
    known = [c.y.is_not(None), c.f_model.is_not(None)]
    counted = sa.select(c.day, sa.func.count().label("n")).where(*known).group_by(c.day)
    found = work.run("errors by day", counted.order_by(c.day))
    return found.set_index("day")["n"]


def values(compared: Compared) -> Statement:
    """The model's errors with their days, for the layout of their histogram."""
    c = compared.rows.c
    return sa.select((c.y - c.f_model).label("value"), c.day)


def errors(work: Work, compared: Compared, layout: Layout, segment: Segment) -> list[pd.DataFrame]:
    """Sums of errors of every forecaster for one set of segments."""
    return [_one(work, compared, layout, segment, name) for name in compared.forecasters]


def _one(
    work: Work, compared: Compared, layout: Layout, segment: Segment, name: str
) -> pd.DataFrame:
    levels = compared.levels if name == MODEL else ()
    rows = work.run(f"errors of {name}", _statement(work, compared, (layout, segment), name))
    rows["hist"] = rows["n"]
    quantile_sums = [f"{kind}{i}" for kind in ("pinball", "covered") for i in range(len(levels))]
    sums = ["n", *_SUMS, *quantile_sums]
    made = packed(rows, _KEYS, "bin", len(layout.edges), {"hist": "int64"}, sums)
    made = made.merge(_moments(rows), on=list(_KEYS), how="left")
    for kind, dtype in (("pinball", "float64"), ("covered", "int64")):
        columns = [f"{kind}{i}" for i in range(len(levels))]
        made[kind] = boxed_rows(
            made[columns].to_numpy(dtype=dtype).reshape(len(made), len(columns))
        )
    return made.drop(columns=quantile_sums).assign(
        forecaster=name, level="series", layout=layout.id
    )


def _moments(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean and M2 of the actuals of a key, merged over its bins (Chan et al. 1983)."""
    parts = rows[[*_KEYS, "n", "mean_y", "c_yy"]].assign(weighted=rows["n"] * rows["mean_y"])
    whole = parts.groupby(list(_KEYS), as_index=False)[["n", "weighted"]].sum()
    whole["mean"] = whole["weighted"] / whole["n"]
    both = parts.merge(whole[[*_KEYS, "mean"]], on=list(_KEYS))
    both["m2"] = both["c_yy"] + both["n"] * (both["mean_y"] - both["mean"]) ** 2
    second = both.groupby(list(_KEYS), as_index=False)["m2"].sum()
    merged = whole[[*_KEYS, "mean"]].merge(second, on=list(_KEYS))
    return merged.rename(columns={"mean": "mean_y", "m2": "c_yy"})


def _statement(work: Work, compared: Compared, by: tuple[Layout, Segment], name: str) -> Statement:
    layout, segment = by
    levels = compared.levels if name == MODEL else ()
    c = compared.rows.c
    f = c[f"f_{name}"]
    source, place = binned(work, compared.rows, c.y - f, layout.edges)
    known = [one.is_not(None) for one in (c.y, f, c.f_model)]
    inner = (
        sa.select(
            segment.of(compared.rows).label("segment"),
            c.version,
            c.day,
            c.horizon,
            c.y,
            f.label("f"),
            (c.y - f).label("e"),
            (c.y - c.f_model).label("em"),
            c.scale,
            place.label("bin"),
            *(c[f"q{place}"] for place in range(len(levels))),
        )
        .select_from(source)
        .where(*known)
        .subquery()
    )
    r = inner.c
    keys = [*(r[name] for name in _KEYS), r.bin]
    n = sa.func.count()
    return sa.select(
        *keys,
        n.label("n"),
        sa.func.avg(r.y).label("mean_y"),
        (dialects.var_pop(r.y) * n).label("c_yy"),
        *(total(value).label(key) for key, value in _terms(r).items()),
        *_quantiles(r, levels),
    ).group_by(*keys)


def _terms(r: Columns) -> dict[str, Expression]:
    """What is added up, by the name of the sum."""
    e, y, f, scale = r.e, r.y, r.f, r.scale
    size, both = sa.func.abs(e), sa.func.abs(y) + sa.func.abs(f)
    nothing: Expression = sa.literal_column("0.0")
    scaled = dialects.fdiv(size, scale)
    terms = (
        e, size, e * e, y, sa.func.abs(y), f,
        sa.case((y != 0, dialects.fdiv(size, sa.func.abs(y))), else_=nothing),
        flag(y == 0),
        sa.case((both != 0, dialects.fdiv(2.0 * size, both)), else_=nothing),
        flag(scaled.is_not(None)),
        scaled,
        scaled * scaled,
        sa.case((f > y, f - y), else_=nothing),
        sa.case((y > f, y - f), else_=nothing),
        size * sa.func.abs(r.em),
        e * e * r.em * r.em,
    )  # fmt: skip
    return dict(zip(_SUMS, terms, strict=True))


def _quantiles(r: Columns, levels: Sequence[float]) -> list[Expression]:
    """Pinball loss 2t(y - q)+ + 2(1 - t)(q - y)+ and actuals at or below, by quantile."""
    made: list[Expression] = []
    for place, level in enumerate(levels):
        q, y = r[f"q{place}"], r.y
        loss = sa.case((y >= q, 2.0 * level * (y - q)), (y < q, 2.0 * (1.0 - level) * (q - y)))
        made.append(total(loss).label(f"pinball{place}"))
        made.append(total(flag(y <= q)).label(f"covered{place}"))
    return made
