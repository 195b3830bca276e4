"""Rows of a ready-made table as they are: day, keys as text, numbers, and what the engine sees."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import sqlalchemy as sa

from connectors import zones
from connectors.base import BAD_CELL, ColumnType, Engine
from connectors.findings import place
from connectors.sql import instants as when
from connectors.sql.periods import fixed_day
from connectors.sql.values import class_name, number, text, total
from connectors.sql.work import Columns, Expression, Statement, Work
from connectors.sql.written import cells_of
from valuekit.errors import Finding, SourceError
from valuekit.ready.names import COMMON, KEYS
from valuekit.workspace.declare import DailyTable
from valuekit.workspace.ready import role_of

MOST_ROWS = 2_000_000  # five years of 200 bins and 5 labels or arms a day, in about 2 GB


def day_of_row(engine: Engine, time: Expression, kind: ColumnType) -> Expression:
    """The day of a row: as it is written, where it says no zone.

    Midnight without a zone is how exports write a day; turned into another zone it would be the
    day before.
    """
    if kind == "timestamp":
        written = engine.source.timezone or "UTC"
        return zones.local_day(time, written, engine.years)
    return engine.local_day(time)


def counted(work: Work, table: DailyTable) -> int:
    """Rows of the table, counted on their own.

    Raises:
        SourceError: there are more than any table of daily sums has.
    """
    raw = work.table(role_of(table.fact), table, [table.day])
    one: Any = sa.literal_column("1")
    statement = sa.select(total(one).label("n")).select_from(raw)
    n = int(work.row(f"rows of {table.fact}", statement)["n"])
    if n > MOST_ROWS:
        raise SourceError(
            Finding(
                place(work.engine, table.table),
                f"{n:,} rows",
                f"a ready-made table holds sums by day, at most {MOST_ROWS:,} rows of them",
                "Add the rows up by day and key before they are handed in, or declare the rows "
                "themselves as [predictions], [assignments] and [outcomes].",
                code="too_many_rows",
                rows=n,
            )
        )
    return n


def rows_of(
    work: Work, table: DailyTable, *, cells: bool = False, days: set[date] | None = None
) -> pd.DataFrame:
    """Rows with day, rule, and a column for each name that the table is read for.

    Args:
        work: The pull.
        table: The table.
        cells: Whether each cell also comes as it was written.
        days: Rows of these days and of none only; None for all.
    """
    statement = _statement(work, table, cells=cells, days=days)
    found = work.run(f"rows of {table.fact}" + (" that are held back" if cells else ""), statement)
    found["day"] = pd.to_datetime(found["day"]).astype("datetime64[s]")
    keys = {*COMMON, *KEYS[table.fact]}
    for name, _ in table.read():
        if name in keys or name.startswith("seg"):
            found[name] = found[name].astype("object")
        else:
            found[name] = pd.to_numeric(found[name]).astype(np.float64)
    return found


def columns_of(table: DailyTable) -> list[str]:
    """Columns that are read, each once, the day first."""
    return list(dict.fromkeys([table.day, *(column for _, column in table.read())]))


def _statement(work: Work, table: DailyTable, *, cells: bool, days: set[date] | None) -> Statement:
    engine = work.engine
    raw = work.table(role_of(table.fact), table, columns_of(table), cells=cells)
    kinds = engine.columns(table.table)
    c = raw.c
    time, kind = c[table.day], kinds[table.day]
    day = when.day_or_none(day_of_row(engine, time, kind), time, kind)
    rule = sa.case(
        (c[BAD_CELL].is_not(None), "bad_cell"),
        *when.never_was(c),
        *when.rules(engine, c, table.day, kind),
        else_="",
    )
    made = [
        _value(table, name, c, column, kinds[column]).label(name) for name, column in table.read()
    ]
    more = [one.label(name) for name, one in cells_of(raw).items()]
    inner = sa.select(day.label("day"), rule.label("rule"), *made, *more).select_from(raw)
    if days is None:
        return inner
    rows = inner.subquery()
    held = [rows.c.day.is_(None), *(rows.c.day == fixed_day(one) for one in sorted(days))]
    return sa.select(rows).where(sa.or_(*held))


def _value(table: DailyTable, name: str, c: Columns, column: str, kind: ColumnType) -> Expression:
    value = c[column]
    if name in {"label", "predicted"}:
        return class_name(value, kind, getattr(table, "positive", None))
    if name in {*COMMON, *KEYS[table.fact]} or name.startswith("seg"):
        return text(value, kind)
    return number(value, kind)
