"""What ``valuekit check`` says of ready-made tables: rows it would hold back, names that miss."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from connectors.base import Engine
from connectors.findings import place
from connectors.sql.expect import absent
from connectors.sql.ready_rows import counted, rows_of
from connectors.sql.work import Work
from valuekit.errors import Finding
from valuekit.quarantine.rules import rule as told
from valuekit.ready.judge import ACCEPTED, Judgement, judged
from valuekit.workspace.declare import DailyTable, Model, Workspace
from valuekit.workspace.ready import ReadyEffect, ReadyScore, role_of

if TYPE_CHECKING:
    from connectors.sql.columns import Usable

_SAID = frozenset({ACCEPTED, "duplicate", "bad_cell", "null_time"})  # the profile tells these


def check_ready(
    engine: Engine, workspace: Workspace, name: str, known: dict[str, Usable]
) -> list[Finding]:
    """Findings of all ready-made tables whose columns are there.

    Raises:
        SourceError: a table is no table of daily sums, or the engine failed.
    """
    model = workspace.models[name]
    work = Work(engine, workspace, name, (), lambda _what, _share: None)
    found: list[Finding] = []
    for fact, table in (model.facts.tables if model.facts is not None else {}).items():
        usable = known.get(role_of(fact))
        needed = {table.day, *(column for _, column in table.read())}
        if usable is not None and needed <= set(usable.kinds):
            found += _of_table(work, model, table)
    return found


def _of_table(work: Work, model: Model, table: DailyTable) -> list[Finding]:
    counted(work, table)
    edges = tuple(float(one) for one in table.edges) if isinstance(table, ReadyScore) else ()
    rows = judged(model, table, rows_of(work, table), edges)
    return [*_held(work, table, rows), *_metrics(work, model, table, rows)]


def _held(work: Work, table: DailyTable, rows: Judgement) -> list[Finding]:
    """A warning for each rule that some row breaks, with the first of them."""
    columns = dict(table.read())
    each = pd.DataFrame({"day": rows.rows["day"], "rule": rows.rule, "name": rows.column})
    made = []
    for rule, of in each[~each["rule"].isin(list(_SAID))].groupby("rule", sort=True):
        first = of.sort_values("day").iloc[0]
        column = columns.get(str(first["name"]))
        day = "no day" if pd.isna(first["day"]) else str(first["day"].date())
        meaning = told(str(rule))
        value = f"{len(of):,} of {len(each):,} rows, first {day}"
        at = place(work.engine, table.table, column)
        made.append(
            Finding(at, value, meaning.meaning, meaning.remedy, "warning", str(rule), len(of))
        )
    return made


def _metrics(work: Work, model: Model, table: DailyTable, rows: Judgement) -> list[Finding]:
    """Declared metrics that a long table never names."""
    if not isinstance(table, ReadyEffect) or "metric" not in table.mapped or rows.rows.empty:
        return []
    there = set(rows.keys["metric"])
    written = sorted({str(one) for one in rows.rows["metric"].dropna()})
    at = place(work.engine, table.table, table.mapped["metric"])
    return [
        absent(at, f"metrics.{name}", table.named.get(name, name), written)
        for name in model.handed_metrics
        if name not in there
    ]
