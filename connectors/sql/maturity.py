"""Fact ``maturity``: how old outcomes are when they happen and when they arrive."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import sqlalchemy as sa

from connectors.sql.facts import packed
from connectors.sql.match import Matched
from connectors.sql.measured import Gained
from connectors.sql.units import Units
from connectors.sql.values import total, zero
from connectors.sql.work import Work

LABEL = "label"  # name of the metric in the maturity of predictions
_KEYS = ("segment", "version", "day", "arm")
_VECTORS = {"n": "int64", "sum_y": "float64"}


def of_units(work: Work, units: Units, effects: pd.DataFrame, gained: Gained) -> list[pd.DataFrame]:
    """Ages of the outcomes of units, by metric; all units are counted in their effects."""
    u, g = units.rows.c, gained.pairs.c
    pairs = (
        sa.select(u.version, u.day, u.arm, *gained.pairs.c)
        .select_from(gained.pairs.join(units.rows, g.entry == u.entry))
        .subquery()
    )
    values = {name: pairs.c[f"m_{name}"] for name in work.model.metrics}
    one = effects[effects["metric"] == next(iter(work.model.metrics))]
    entries = one.groupby(list(_KEYS))["units"].sum().rename("entries").reset_index()
    return _ages(work, pairs, values, entries)


def of_predictions(work: Work, volume: pd.DataFrame, matched: Matched) -> list[pd.DataFrame]:
    """Ages of the labels of predictions, which are counted in their volume by arm."""
    entries = volume[[*_KEYS, "predictions"]].rename(columns={"predictions": "entries"})
    c = matched.pairs.c
    pairs = sa.select(c.version, c.day, c.arm, c.age, c.delay, (c.y * c.weight).label("y"))
    rows = pairs.where(c.picked == 1).subquery()
    return _ages(work, rows, {LABEL: rows.c.y}, entries)


def _ages(
    work: Work, pairs: sa.Subquery, values: Mapping[str, Any], entries: pd.DataFrame
) -> list[pd.DataFrame]:
    o = work.model.outcomes
    if o is None or o.time is None:
        return []
    bases = {"event": ("age", o.window)}
    if o.arrived is not None:
        bases["arrival"] = ("delay", o.window + o.allowance)
    return [
        one
        for basis, (column, last) in bases.items()
        for one in _of_basis(work, pairs, values, entries, (basis, column, last))
    ]


def _of_basis(
    work: Work,
    pairs: sa.Subquery,
    values: Mapping[str, Any],
    entries: pd.DataFrame,
    by: tuple[str, str, int],
) -> list[pd.DataFrame]:
    """Outcomes and value by age in days 0 to ``last``; later ones are in the last place."""
    basis, column, last = by
    age = pairs.c[column]
    clamped = sa.case((age > last, last), (age < 0, 0), else_=age)
    names = list(values)
    columns = [zero(value).label(f"v{i}") for i, value in enumerate(values.values())]
    keys = [pairs.c.version, pairs.c.day, pairs.c.arm]
    inner = sa.select(*keys, clamped.label("age"), *columns).where(age.is_not(None)).subquery()
    c = inner.c
    by_age = [c.version, c.day, c.arm, c.age]
    sums = [total(c[f"v{i}"]).label(f"v{i}") for i in range(len(names))]
    rows = work.run(
        f"ages by {basis}",
        sa.select(*by_age, sa.func.count().label("n"), *sums).group_by(*by_age),
    ).assign(segment="all")
    made = []
    for i, name in enumerate(names):
        long = pd.concat(
            [
                rows[[*_KEYS, "age", "n"]].assign(sum_y=rows[f"v{i}"], entries=0),
                entries[[*_KEYS, "entries"]].assign(age=np.nan, n=0, sum_y=0.0),
            ],
            ignore_index=True,
        )
        one = packed(long, _KEYS, "age", last + 1, _VECTORS, ("entries",))
        made.append(one.assign(metric=name, basis=basis, layout=f"days-{last}"))
    return made
