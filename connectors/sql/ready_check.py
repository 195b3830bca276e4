"""What ``valuekit check`` says of ready-made tables: rows it would hold back, names that miss."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from connectors.base import Engine
from connectors.findings import place
from connectors.sql.expect import absent
from connectors.sql.held import unsplit_lines
from connectors.sql.ready_held import held_at, judged_again
from connectors.sql.ready_rows import counted, rows_of
from connectors.sql.work import Work
from valuekit.errors import Finding
from valuekit.quarantine.limits import State, limit
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
    return [*_held(work, model, table, rows), *_metrics(work, model, table, rows)]


def _held(work: Work, model: Model, table: DailyTable, rows: Judgement) -> list[Finding]:
    """A finding for each rule that some row breaks, with the first of them, by a run's limits."""
    columns = dict(table.read())
    broken = work.engine.quarantined(table.table)
    read = len(rows.rule) + sum(broken.values())
    lines = unsplit_lines(work, role_of(table.fact), table, pd.Index(list(broken)))
    such = {one.rule: f", such as {one.file}" for one in lines}
    made = [
        _over(work, place(work.engine, table.table), (rule, n, read), such.get(rule, ""))
        for rule, n in sorted(broken.items())
    ]
    counts = pd.Series(rows.rule.astype(str)).value_counts().sort_index()
    rules = {str(rule): int(n) for rule, n in counts.items() if rule not in _USED}
    said = {rule: n for rule, n in rules.items() if _state(work, rule, n, read) != "counted"}
    for rule, (name, first) in _firsts(work, model, table, rows, list(said)).items():
        at = place(work.engine, table.table, columns.get(name))
        made.append(_over(work, at, (rule, said[rule], read), first))
    return [one for one in made if one is not None]


def _firsts(
    work: Work, model: Model, table: DailyTable, rows: Judgement, rules: list[str]
) -> dict[str, tuple[str, str]]:
    """What breaks each rule first: the name that the table gives it, and day and place in words."""
    each = pd.DataFrame({"day": rows.rows["day"], "rule": rows.rule.astype(str)})
    days = each[each["rule"].isin(rules)].groupby("rule", sort=True)["day"].min()
    if days.empty:
        return {}
    again = judged_again(work, model, table, rows, set(days.dropna().dt.date))
    day, rule = again.rows["day"], again.rule.astype(str)
    places = [
        int(np.flatnonzero((rule == name) & (day.isna() if pd.isna(first) else day == first))[0])
        for name, first in days.items()
    ]
    held = held_at(work, table, again, places)
    found = {}
    for at, one in zip(places, held, strict=True):
        first = f", first {one.day or 'no day'}" + (f" in {one.file}" if one.file else "")
        found[one.rule] = str(again.column[at]), first
    return found


def _state(work: Work, rule: str, rows: int, read: int) -> State:
    return limit(work.workspace, work.name, rule).state(rows, read)


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
