"""One table at a glance: rows, days, gaps, repeated ids, missing scores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from connectors.base import BAD_CELL, ColumnType, Engine
from connectors.findings import place
from connectors.roles import Block
from connectors.sql import instants as when
from connectors.sql.panel_rows import day_of
from connectors.sql.values import flag, total
from valuekit.errors import Finding, Severity
from valuekit.text import plural
from valuekit.workspace.declare import Assignments, Panel, Predictions


@dataclass(frozen=True, slots=True)
class Profile:
    """A table's rows and days in the workspace's zone, and what is odd about them."""

    rows: int
    first: date | None
    last: date | None
    days: int
    findings: tuple[Finding, ...]

    @property
    def rows_per_day(self) -> float | None:
        """Mean rows of the days that have any."""
        return self.rows / self.days if self.days else None


def profile(engine: Engine, block: Block, kinds: Mapping[str, ColumnType]) -> Profile:
    """Read a table's usable columns once.

    Raises:
        SourceError: the engine failed.
    """
    table = engine.table(block.table, list(kinds))
    at = place(engine, block.table)
    identity = block.unit if isinstance(block, Assignments) else block.id
    known = identity if identity is not None and identity in kinds else None
    counts = engine.run(
        "check counts", sa.select(*_counts(table, block, known, kinds)).select_from(table)
    )
    row = counts.to_pylist()[0]
    time = block.time if block.time is not None and block.time in kinds else None
    days = _days(engine, block, table, time, kinds) if time else []
    on = None if time else block.date if isinstance(block, Predictions | Assignments) else None
    first, last = (days[0], days[-1]) if days else (on, on)
    findings = [
        *_oddities(at, row, block),
        *([] if isinstance(block, Panel) and block.frequency != "day" else _gaps(at, days)),
    ]
    number = len(days) or (1 if on and row["n"] else 0)
    return Profile(row["n"], first, last, number, tuple(findings))


def _counts(
    table: sa.Subquery, block: Block, identity: str | None, kinds: Mapping[str, ColumnType]
) -> list[sa.Label[Any]]:
    made = [
        sa.func.count().label("n"),
    ]
    if identity is not None:
        made.append(sa.func.count(table.c[identity]).label("ids"))
        made.append(sa.func.count(sa.distinct(table.c[identity])).label("distinct_ids"))
    score = block.score if isinstance(block, Predictions) else None
    if score is not None and score in kinds:
        # A cell that cannot be read is another fault than a score that is not there.
        known = sa.or_(table.c[score].is_not(None), table.c[BAD_CELL].is_not(None))
        made.append(total(flag(known)).label("scores"))
    return made


def _days(
    engine: Engine, block: Block, table: sa.Subquery, time: str, kinds: Mapping[str, ColumnType]
) -> list[date]:
    """Days that have rows whose time is one: a single row of 2099 would be a gap of decades."""
    at, kind = table.c[time], kinds[time]
    panel = isinstance(block, Panel)
    odd = when.of_panel(engine, at, kind) if panel else when.rules(engine, table.c, time, kind)
    fit = sa.not_(when.broken(odd))
    day = sa.select(day_of(engine, at, kind).label("day")).where(fit).subquery()
    found = sa.select(day.c.day).where(day.c.day.is_not(None)).distinct().order_by(day.c.day)
    values: list[date] = engine.run("check days", found).column(0).to_pylist()
    return values


def _oddities(at: str, row: Mapping[str, Any], block: Block) -> list[Finding]:
    n = row["n"]
    if n == 0:
        return [_note(at, "0 rows", "the table has no data yet", _EMPTY, "no_data", 0)]
    found = []
    if "ids" in row:
        found += _identity(at, row, block)
    if "scores" in row:
        found += _scores(at, row)
    return found


def _identity(at: str, row: Mapping[str, Any], block: Block) -> list[Finding]:
    found = []
    twice = row["ids"] - row["distinct_ids"]
    if twice:
        what = "units are assigned" if isinstance(block, Assignments) else "ids occur"
        share = f"{twice / row['ids']:.2%} of rows"
        remedy = "Equal rows count once; rows with the same id that differ are held back."
        found.append(_note(at, share, f"{what} more than once", remedy, "duplicate_id", twice))
    return found


def _scores(at: str, row: Mapping[str, Any]) -> list[Finding]:
    missing = int(row["n"] - row["scores"])
    if not missing:
        return []
    rule = "rows have no score: they count as served, and in no figure of scores"
    remedy = "Nothing to do, if the model gave none; otherwise correct them at the source."
    return [_note(at, "", rule, remedy, "no_score", missing, "info")]


def _gaps(at: str, days: list[date]) -> list[Finding]:
    if not days:
        return []
    missing = (days[-1] - days[0]).days + 1 - len(days)
    if not missing:
        return []
    gaps = plural(missing, "day")
    rule = f"{gaps} between {days[0]} and {days[-1]} {'has' if missing == 1 else 'have'} no rows"
    remedy = "If data are missing, load them; otherwise nothing: gaps are shown, not filled."
    return [_note(at, gaps, rule, remedy, "missing_days", None, "info")]


_EMPTY = "Nothing to do, if it is meant to be empty; figures say “no data” until then."


def _note(
    at: str,
    value: str,
    rule: str,
    remedy: str,
    code: str,
    rows: int | None,
    severity: Severity = "warning",
) -> Finding:
    shown = f"{rows:,} rows" if not value and rows is not None else value
    return Finding(at, shown, rule, remedy, severity, code, rows)
