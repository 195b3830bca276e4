"""Examples of ready-made rows that were held back, with their cells as they were written."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time

import numpy as np
import pandas as pd

from connectors.base import BAD_CELL, CELL, FILE, NO_SUCH_TIME
from connectors.sql.held import unsplit_lines
from connectors.sql.intake import FATES
from connectors.sql.ready import Handed
from connectors.sql.ready_rows import columns_of, rows_of
from connectors.sql.work import Work
from valuekit.quarantine.redact import EXAMPLES, cell, escaped, row_hash
from valuekit.quarantine.rules import rule as told
from valuekit.ready.judge import Judgement, judged
from valuekit.ready.names import KEYS
from valuekit.source import Held
from valuekit.workspace.declare import DailyTable, Model

_OF_DAY = frozenset({"null_time", "time_unit", "no_such_time", "future"})


def ready_examples(work: Work, model: Model, handed: list[Handed]) -> list[Held]:
    """Examples of every rule that holds rows of a ready-made table back.

    The rows of the days that are needed are read again, with their cells, and judged again: all
    that a rule looks at is of one day, so each example breaks the rule that it stands for.
    """
    found: list[Held] = []
    for one in handed:
        unsplit = work.engine.quarantined(one.table.table) if work.slice is None else {}
        found += unsplit_lines(work, one.role, one.table, pd.Index(list(unsplit)))
        days = _days(one.judged)
        if days is None:
            continue
        rows = rows_of(work, one.table, cells=True, days=days)
        again = judged(model, one.table, rows, one.judged.edges)
        held = np.flatnonzero([rule not in FATES for rule in again.rule])
        found += [
            _in_file(work, again, int(place), _held(one, again, int(place))) for place in held
        ]
    return found


def _days(found: Judgement) -> set[date] | None:
    """Days of the newest rows of each rule; None where no row is held back."""
    each = pd.DataFrame({"day": found.rows["day"], "rule": found.rule.astype(str)})
    held = each[~each["rule"].isin(list(FATES))]
    if held.empty:
        return None
    newest = held.sort_values("day", ascending=False).groupby("rule").head(EXAMPLES)
    return set(newest["day"].dropna().dt.date)


def _held(one: Handed, found: Judgement, place: int) -> Held:
    table, row, rule = one.table, found.rows.iloc[place], str(found.rule[place])
    columns = columns_of(table)
    cells = {name: _text(row[f"{CELL}{at}"]) for at, name in enumerate(columns)}
    broken = _broken(table, row, rule, str(found.column[place]))
    day = None if pd.isna(row["day"]) else row["day"].date()
    meaning = told(rule).meaning
    shown = escaped(", ".join(broken))
    return Held(
        one.role,
        table.table,
        rule,
        _reference(table, cells),
        shown,
        ", ".join(cell(cells[name], personal=False) for name in broken),
        f"{shown}: {meaning}" if broken else meaning,
        None if day is None else datetime.combine(day, time(), UTC),
        day,
        row_hash(cells),
    )


def _in_file(work: Work, found: Judgement, place: int, made: Held) -> Held:
    """The same with the file of its row, where tables are made of files."""
    row = found.rows.iloc[place]
    return replace(made, file=escaped(work.engine.part_of(row[FILE]))) if FILE in row else made


def _broken(table: DailyTable, row: pd.Series, rule: str, name: str) -> list[str]:
    """Columns that break the rule."""
    told_by = {"bad_cell": row[BAD_CELL], "no_such_time": row[NO_SUCH_TIME]}.get(rule)
    if told_by:
        return [str(told_by)]
    if rule in _OF_DAY:
        return [table.day]
    read = dict(table.read())
    return [read[one] for one in name.split(", ") if one in read]


def _reference(table: DailyTable, cells: dict[str, str | None]) -> str:
    """The day and keys of a row: what finds it in its table."""
    keys = [column for name, column in table.read() if name in {*KEYS[table.fact], "bin", "low"}]
    named = dict.fromkeys([table.day, *keys, *table.segments])
    return ", ".join(f"{escaped(one)} {cell(cells[one], personal=False)}" for one in named)


def _text(value: object) -> str | None:
    return None if value is None or value is pd.NA or value != value else str(value)  # noqa: PLR0124  NaN
