"""The columns of each table as they were seen, so that the next run can tell what is new.

They are registered with the model. A column more, one less that nothing declares, or a column of
another type is a warning; what is declared and missing, or of a useless type, is an error
elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

from connectors.base import ColumnType
from connectors.findings import place, shown
from connectors.roles import blocks
from connectors.sql.work import Work
from valuekit.errors import Finding, Severity
from valuekit.source import Registered

KIND = "columns"


def shape(work: Work, day: date) -> tuple[list[Finding], list[Registered]]:
    """What changed in the tables of a model, and the registrations of what is there now.

    Args:
        work: The pull.
        day: Day of registration.
    """
    findings: list[Finding] = []
    made: list[Registered] = []
    for name, block in blocks(work.model):
        now = work.engine.columns(block.table)
        content = {"table": block.table, "columns": dict(now)}
        before = work.frozen(KIND, name)
        if before is not None and before.content == content:
            continue
        made.append(Registered(work.name, KIND, name, content, day))
        if before is not None and before.content.get("table") == block.table:
            columns = before.content["columns"]
            assert isinstance(columns, Mapping)  # noqa: S101  written above
            findings += _changes(work, block.table, columns, now)
    return findings, made


def _changes(
    work: Work, table: str, before: Mapping[str, str], now: Mapping[str, ColumnType]
) -> Iterator[Finding]:
    at = place(work.engine, table)
    if new := [one for one in now if one not in before]:
        rule = "the table has columns that it did not have at the last run"
        yield _note(at, new, rule, "Nothing, unless they are meant to be declared.", "new_column")
    if gone := [one for one in before if one not in now]:
        rule = "the table lost columns that nothing declares"
        yield _note(at, gone, rule, "Nothing, unless the export is cut.", "lost_column")
    changed = [one for one in now if one in before and before[one] != now[one]]
    for one in changed:
        value = f"{before[one]} before, {now[one]} now"
        rule = "the column holds another type than at the last run"
        remedy = "See that the export means it; values are read by the new type."
        here = place(work.engine, table, one)
        yield Finding(here, value, rule, remedy, "warning", "changed_type")


def _note(at: str, names: list[str], rule: str, remedy: str, code: str) -> Finding:
    severity: Severity = "warning"
    return Finding(at, shown(", ".join(names), 200), rule, remedy, severity, code)
