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
from valuekit.quarantine.limits import limit
from valuekit.quarantine.rules import rule as told
from valuekit.ready.judge import ACCEPTED, Judgement, judged
from valuekit.workspace.declare import DailyTable, Model, Workspace
from valuekit.workspace.ready import ReadyEffect, ReadyScore, role_of

if TYPE_CHECKING:
    from connectors.sql.columns import Usable

_USED = frozenset({ACCEPTED, "duplicate"})


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
    """A finding for each rule that some row breaks, with the first of them, by a run's limits."""
    columns = dict(table.read())
    each = pd.DataFrame({"day": rows.rows["day"], "rule": rows.rule, "name": rows.column})
    broken = work.engine.quarantined(table.table)
    read = len(each) + sum(broken.values())
    made = [
        _over(work, place(work.engine, table.table), (rule, n, read), "")
        for rule, n in sorted(broken.items())
    ]
    for rule, of in each[~each["rule"].isin(list(_USED))].groupby("rule", sort=True):
        first = of.sort_values("day").iloc[0]
        day = "no day" if pd.isna(first["day"]) else str(first["day"].date())
        at = place(work.engine, table.table, columns.get(str(first["name"])))
        made.append(_over(work, at, (str(rule), len(of), read), f", first {day}"))
    return [one for one in made if one is not None]


def _over(work: Work, at: str, counts: tuple[str, int, int], first: str) -> Finding | None:
    """A rule, the rows that it holds back and the rows read; None where so many pass unsaid."""
    rule, rows, read = counts
    allowed = limit(work.workspace, work.name, rule)
    state = allowed.state(rows, read)
    if state == "counted":
        return None
    refused = f"; more than {allowed.allowed} are refused" if state == "failed" else ""
    return Finding(
        at,
        f"{rows:,} of {read:,} rows{first}",
        f"{told(rule).meaning}{refused}",
        told(rule).remedy,
        "error" if state == "failed" else "warning",
        rule,
        rows,
    )


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
