"""Fact ``effect``: moments of every metric by arm, epoch and day of first exposure.

Centred in two steps: the means of each group first, then sums of products of deviations from
them (Chan, Golub & LeVeque 1983); raw sums of squares would lose all digits at large means.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations_with_replacement

import pandas as pd
import sqlalchemy as sa

from connectors.sql.segments import Segment
from connectors.sql.values import flag, total
from connectors.sql.work import Columns, Expression, Statement, Work
from valuekit.ledger.schema import MOMENT_AXES

_KEYS = ("segment", "version", "day", "arm", "epoch", "stratum")
_COUNTS = ("units", "acted", "crossed")


def effect(work: Work, measured: sa.FromClause, segment: Segment) -> pd.DataFrame:
    """One row a metric and group, with counts, means, co-moments and the third moment of y."""
    rows = _rows(measured, segment).subquery()
    c = rows.c
    axes = _axes(work, measured)
    groups = sa.select(
        *(c[name] for name in _KEYS),
        sa.func.count().label("units"),
        *(total(c[name]).label(name) for name in ("matched", "acted", "crossed")),
        *(total(c[f"k_{name}"]).label(f"n_{name}") for name in axes if f"k_{name}" in c),
        *(_mean(c, name, column).label(f"mean_{column}") for name, column in _all(axes)),
    ).group_by(*(c[name] for name in _KEYS))
    means = work.keep("unit_means", groups)
    found = work.run("effect", _centred(rows, means, axes))
    work.drop(means)
    return pd.concat([_one(found, name, one) for name, one in axes.items()], ignore_index=True)


def _rows(measured: sa.FromClause, segment: Segment) -> Statement:
    """Units with the key of their segment."""
    rest = [one for one in measured.c if not one.name.startswith(("key", "seg"))]
    return sa.select(segment.of(measured).label("segment"), *rest)


def _axes(work: Work, measured: sa.FromClause) -> dict[str, dict[str, str]]:
    """Axes in use by metric: y, d, x, e, z -> column."""
    there = {one.name for one in measured.c}
    made = {}
    for name, metric in work.model.metrics.items():
        used = {"y": f"y_{name}"}
        if metric.denominator is not None:
            used["d"] = f"d_{name}"
        used |= {axis: f"{axis}_{name}" for axis in ("x", "e", "z") if f"{axis}_{name}" in there}
        made[name] = used
    return made


def _all(axes: Mapping[str, Mapping[str, str]]) -> list[tuple[str, str]]:
    """Metric and column of every axis in use."""
    return [(name, column) for name, used in axes.items() for column in used.values()]


def _mean(c: Columns, name: str, column: str) -> Expression:
    return sa.func.coalesce(sa.func.avg(_counted(c, name, c[column])), 0.0)


def _counted(c: Columns, name: str, value: Expression) -> Expression:
    """A value of a unit that is in the moments of a metric, else NULL, which no sum takes in."""
    return sa.case((c[f"k_{name}"] == 1, value)) if f"k_{name}" in c else value


def _centred(
    rows: sa.FromClause, means: sa.FromClause, axes: Mapping[str, Mapping[str, str]]
) -> Statement:
    """Sums of products of deviations from the means of the group."""
    c, m = rows.c, means.c
    on = sa.and_(*(c[name] == m[name] for name in _KEYS))
    inner = [
        _counted(c, name, c[column] - m[f"mean_{column}"]).label(column)
        for name, column in _all(axes)
    ]
    nonzero = [
        _counted(c, name, flag(c[used["y"]] != 0)).label(f"nonzero_{name}")
        for name, used in axes.items()
    ]
    centred = (
        sa.select(*(m[name] for name in _KEYS), *inner, *nonzero)
        .select_from(rows.join(means, on))
        .subquery()
    )
    d = centred.c
    sums: list[Expression] = []
    for name, used in axes.items():
        for a, b in combinations_with_replacement([x for x in MOMENT_AXES if x in used], 2):
            sums.append(sa.func.sum(d[used[a]] * d[used[b]]).label(f"c_{a}{b}_{name}"))
        y = d[used["y"]]
        sums.append(sa.func.sum(y * y * y).label(f"m3_y_{name}"))
        if "z" in used:
            sums.append(sa.func.sum(d[used["z"]] * d[used["z"]]).label(f"c_zz_{name}"))
        sums.append(sa.func.sum(d[f"nonzero_{name}"]).label(f"nonzero_{name}"))
    second = (
        sa.select(*(d[name] for name in _KEYS), *sums)
        .group_by(*(d[name] for name in _KEYS))
        .subquery()
    )
    both = sa.and_(*(m[name] == second.c[name] for name in _KEYS))
    more = [one for one in second.c if one.name not in _KEYS]
    return sa.select(means, *more).select_from(means.outerjoin(second, both))


def _one(found: pd.DataFrame, name: str, used: Mapping[str, str]) -> pd.DataFrame:
    """The rows of one metric, under the names of the schema."""
    made = found[[*_KEYS, *_COUNTS]].assign(metric=name)
    known = found.get(f"n_{name}")
    made["matched"] = found["matched"] if known is None else known
    made["n"] = found["units"] if known is None else known
    for axis in MOMENT_AXES:
        made[f"mean_{axis}"] = found[f"mean_{used[axis]}"] if axis in used else 0.0
    for a, b in combinations_with_replacement(MOMENT_AXES, 2):
        key = f"c_{a}{b}_{name}"
        made[f"c_{a}{b}"] = found.get(key, 0.0)
    made["m3_y"] = found[f"m3_y_{name}"]
    capped = "z" in used
    made["mean_z"] = found[f"mean_{used['z']}"] if capped else made["mean_y"]
    made["c_zz"] = found[f"c_zz_{name}"] if capped else made["c_yy"]
    made["nonzero"] = found[f"nonzero_{name}"]
    return made
