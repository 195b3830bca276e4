"""Columns that are there and hold nothing: an export that lost them, not data.

Rows of the last file show that most columns are filled; the others are read up to their first
value, so whole tables are scanned only where a column has none.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from connectors.base import BAD_CELL, FILE, Engine, Within
from connectors.findings import place, shown
from connectors.roles import Block, block_roles
from valuekit.errors import Finding
from valuekit.quarantine.emptied import EMPTIED
from valuekit.ready.names import KEYS
from valuekit.text import plural
from valuekit.workspace.declare import (
    Assignments,
    DailyTable,
    Model,
    Outcomes,
    Panel,
    Predictions,
)

_FIRST = "2048"  # rows
_BEFORE = 3  # files before those that lack values, which all have a value in a column
_RECENT = 8  # newest files that are looked at
_WEEK = 7  # files: where each is a day, those of one weekday lie so far apart
_FULL = 0.9  # share of their rows that have one
_FEWEST = 5  # rows of a file in which a column without a value is told


def without_values(
    engine: Engine, model: Model, block: Block, kinds: Collection[str]
) -> list[Finding]:
    """A finding for each needed column without any value, or that the newest files lack.

    Args:
        engine: The engine over the table.
        model: The model.
        block: The part of it that declares the table.
        kinds: Columns that are there and of the right type.

    Raises:
        SourceError: the engine failed.
    """
    if not kinds:  # a table that cannot be read: that is said already
        return []
    needed, told = set(_needed(model, block)), set(_told(model, block))
    names = [one for one in block_roles(model, block) if one in needed | told and one in set(kinds)]
    empty = _empty(engine, block.table, names)
    late = _unfilled(engine, block.table, [one for one in names if one in told - needed - {*empty}])
    found = [_finding(engine, block, one, needed=one in needed) for one in empty]
    lost = engine.lacking(block.table, [one for one in block_roles(model, block) if one in kinds])
    cut = engine.unended(block.table)
    zeros = _zeros(model, block)
    new = [_lost(engine, block, one, *of) for one, of in lost.items() if one not in empty]
    new += [_no_value(engine, block, one, *of) for one, of in late.items() if one not in lost]
    at = {place(engine, block.table, one) for one in zeros}
    return [
        *([_cut(engine, block, cut)] if cut else []),
        *found,
        *(replace(one, code=EMPTIED) if one.place in at else one for one in new),
        *_partial(engine, model, block, [one for one in names if one not in empty]),
    ]


def _zeros(model: Model, block: Block) -> set[str | None]:
    """Columns of which an empty cell counts as 0, though nobody declared that."""
    if isinstance(block, Predictions):  # amounts at stake, weights, quantities that are paid for
        return {block.value, block.weight, *block.tokens.values()} - {None}
    if not isinstance(block, Outcomes) or block.absent == "unknown":
        return set()
    unsaid = (one for one in model.unit_metrics.values() if not one.empty_is_zero)
    return {name for one in unsaid for name in (one.column, one.denominator)} - {None}


def _cut(engine: Engine, block: Block, names: Sequence[str]) -> Finding:
    """Files that may have been cut in their last cell, which no reader can see."""
    more = f" and {plural(len(names) - 1, 'file')} more" if len(names) > 1 else ""
    rule = "a text file ends without a line end, unlike the others: its last row may be cut"
    remedy = "Compare its last line with the source, and copy the file again if it is cut."
    at = place(engine, block.table)
    return Finding(at, shown(names[-1]) + more, rule, remedy, "warning", "no_line_end")


def _lost(engine: Engine, block: Block, column: str, files: int, newest: str) -> Finding:
    """The newest files have no such column: its cells are read as empty ones."""
    which = f"the newest {plural(files, 'file')}, the last" if files > 1 else "the newest file"
    rule = "the newest file of a table lacks a declared column, so all its cells there are empty"
    remedy = "See whether the export lost or renamed the column, and write the files again."
    names = (one for one in engine.columns(block.table) if one != column)
    alike = next((one for one in names if one.strip().casefold() == column.strip().casefold()), "")
    if alike:
        remedy = f"It has {shown(alike)!r}: write the name as {shown(column)!r}, as in the others."
    at = place(engine, block.table, column)
    return Finding(at, f"{which} {shown(newest)}", rule, remedy, "warning", "lacking_column")


def _unfilled(engine: Engine, table: str, columns: list[str]) -> dict[str, tuple[int, list[str]]]:
    """Columns that some of the newest files fill far less than the files before each of them.

    Without a value at all, or in less than half of its rows where the three before that do not
    lack any fill nine in ten: an export that lost them goes unseen otherwise, as an empty cell of a
    metric adds nothing. Where such files come and go, or come each week, it is how the table is.

    Returns:
        Column -> rows of those files without a value, and their names.
    """
    files = tuple(engine.parts(table))[-_RECENT - _WEEK - _BEFORE :]
    if not columns or len(files) <= _BEFORE:
        return {}
    counts = list(zip(files, _counts(engine, table, columns, files), strict=True))
    found = dict[str, tuple[int, list[str]]]()
    for number, one in enumerate(columns):
        before, odd = list[tuple[int, int]](), list[int]()
        for at, (_, of) in enumerate(counts):
            rows, filled = of["rows"], of[f"c{number}"]
            if len(before) == _BEFORE and rows >= _FEWEST and _lacks(filled, rows, before):
                odd.append(at)
            else:
                before = [*before, (filled, rows)][-_BEFORE:]
        new = [at for at in odd if at >= len(counts) - _RECENT]
        stretches = sum(at - 1 not in odd for at in new)
        if stretches <= 1 and not all(at - _WEEK in odd for at in new):
            lost = sum(counts[at][1]["rows"] - counts[at][1][f"c{number}"] for at in new)
            found[one] = lost, [counts[at][0] for at in new]
    return found


def _lacks(filled: int, rows: int, before: Sequence[tuple[int, int]]) -> bool:
    """Whether a file lacks values that those before it have; all are values of so many rows."""
    full = all(n >= _FULL * of for n, of in before)
    return (not filled and all(n for n, _ in before)) or (full and 2 * filled < rows)


def _counts(
    engine: Engine, table: str, columns: list[str], files: Sequence[str]
) -> list[dict[str, int]]:
    """Rows of each of some files, and values in each of some columns."""
    raw = engine.raw(table, tuple(files))
    values = [
        sa.func.count(engine.stored(table, one, raw)).label(f"c{at}")
        for at, one in enumerate(columns)
    ]
    each = sa.select(raw.c[FILE].label("file"), sa.func.count().label("rows"), *values)
    by_name = each.group_by(raw.c[FILE])
    found = engine.run(f"values of new files of {table}", by_name, few=True).to_pylist()
    by_file = {engine.part_of(of["file"]): of for of in found}
    none = {"rows": 0, **{f"c{at}": 0 for at in range(len(columns))}}
    return [by_file.get(one, none) for one in files]


def _no_value(engine: Engine, block: Block, column: str, rows: int, files: list[str]) -> Finding:
    """Files that have the column, and nothing in it."""
    at = place(engine, block.table, column)
    more = f" and {plural(len(files) - 1, 'file')} more" if len(files) > 1 else ""
    value = f"no value in {plural(rows, 'row')} of {shown(files[-1])}{more}"
    rule = "a new file has no value, or few, in a column that the files before it fill"
    remedy = "See whether the export lost the values, and write the file again."
    return Finding(at, value, rule, remedy, "warning", "empty_column", rows)


def _partial(engine: Engine, model: Model, block: Block, filled: Sequence[str]) -> list[Finding]:
    """Columns with empty cells in rows that say something else, where such cells add nothing.

    Only rows of the newest files are looked at: tables are read whole for nothing else.
    """
    zeros = _zeros(model, block)
    asked = [one for one in filled if one in zeros]
    told = [one for one in filled if one in set(_told(model, block))]
    if not asked:
        return []
    rows = _newest(engine, block.table, told, _RECENT)
    counted = isinstance(block, Predictions) or any(
        one.column is None for one in model.unit_metrics.values()
    )  # the row says it
    said = sa.true() if counted else sa.or_(*(rows.c[one].is_not(None) for one in told))
    said = sa.and_(said, rows.c[BAD_CELL].is_(None))  # a cell that cannot be read is not empty
    held = [
        sa.func.sum(sa.case((sa.and_(rows.c[one].is_(None), said), 1), else_=0)).label(f"c{place}")
        for place, one in enumerate(asked)
    ]
    counts = sa.select(sa.func.count().label("rows"), *held).select_from(rows)
    seen = engine.run(f"empty cells of {block.table}", counts, few=True).to_pylist()[0]
    found = []
    for number, one in enumerate(asked):
        if n := int(seen[f"c{number}"] or 0):
            at = place(engine, block.table, one)
            value = f"no value in {n:,} of the {plural(seen['rows'], 'row')} looked at"
            rule = "a number is empty in rows that have other values, and counts as 0 there"
            remedy = "Write 0 where it is 0, and the number where it is known."
            if isinstance(block, Outcomes):
                remedy = (
                    "Write 0 where it is 0, or declare `empty_is_zero = true` of the metric; where "
                    'it is not known, declare `absent = "unknown"`.'
                )
            found.append(Finding(at, value, rule, remedy, "warning", "empty_value", n))
    return found


def _newest(engine: Engine, table: str, columns: Sequence[str], files: int = 1) -> sa.Subquery:
    """The first rows of each of the newest files; of a table without files its first rows."""
    names = tuple(engine.parts(table))[-files:]
    parts: list[tuple[str, ...]] = [(one,) for one in names] or [()]
    firsts = []
    for one in parts:
        newest = engine.table(table, columns, Within(parts=one))
        wanted = [newest.c[name] for name in (*columns, BAD_CELL)]
        first = sa.select(*wanted).limit(sa.literal_column(_FIRST))
        firsts.append(sa.select(first.subquery()))
    return sa.union_all(*firsts).subquery()


def _empty(engine: Engine, table: str, columns: list[str]) -> list[str]:
    """Columns of a table with rows in which every cell is missing."""
    if not columns:
        return []
    rows = engine.table(table, columns)
    first = _newest(engine, table, columns)
    counts = [sa.func.count(first.c[one]).label(f"c{place}") for place, one in enumerate(columns)]
    seen = engine.run(f"values of {table}", sa.select(*counts), few=True).to_pylist()[0]
    left = [one for place, one in enumerate(columns) if not seen[f"c{place}"]]
    if not left:
        return []
    some = [_some(rows, None).label("rows")]
    some += [_some(rows, one).label(f"c{place}") for place, one in enumerate(left)]
    found = engine.run(f"further values of {table}", sa.select(*some), few=True).to_pylist()[0]
    if found["rows"] is None:
        return []
    return [one for place, one in enumerate(left) if found[f"c{place}"] is None]


def _some(rows: sa.Subquery, column: str | None) -> sa.ScalarSelect[Any]:
    """1 when some row has a value, NULL when none has."""
    one: sa.Select[Any] = sa.select(sa.literal_column("1")).select_from(rows)
    if column is not None:
        one = one.where(rows.c[column].is_not(None))
    return one.limit(sa.literal_column("1")).scalar_subquery()


def _finding(engine: Engine, block: Block, column: str, *, needed: bool) -> Finding:
    at = place(engine, block.table, column)
    if needed:
        rule = "every cell of a column that the rows are told apart or joined by is empty"
        remedy = "See that the export fills the column, or declare the column that is filled."
        return Finding(at, "no value", rule, remedy, "error", "all_null")
    rule = "every cell of the column is empty, so figures that rest on it are unknown"
    remedy = "See that the export fills the column, or wait for its first values."
    return Finding(at, "no value", rule, remedy, "warning", "all_null")


def _needed(model: Model, block: Block) -> Iterator[str | None]:
    """Columns without which no row can be counted: ids, times, keys, arms of assignments."""
    yield block.time
    if isinstance(block, Predictions):
        yield block.id
        yield from model.outcomes.on if model.outcomes is not None else ()
        yield block.target_time
    elif isinstance(block, Assignments):
        yield from (block.unit, block.arm)
    elif isinstance(block, Outcomes):
        yield block.id
        yield from block.on.values()
    elif isinstance(block, DailyTable):
        keys = KEYS[block.fact]
        yield from (block.mapped.get(name) for name, default in keys.items() if default is None)
    else:
        yield from (block.id, block.group)


def _told(model: Model, block: Block) -> Iterator[str | None]:
    """Columns without which some figures are unknown: scores, labels, amounts, arms."""
    if isinstance(block, Predictions):
        yield from (block.score, block.predicted, block.unit, block.arm, block.acted)
        yield from (block.value, block.weight, block.version, *block.segments, *block.features)
        for named in (block.quantiles, block.baselines, block.tokens):
            yield from named.values()
    elif isinstance(block, Assignments):
        yield from (block.stratum, block.propensity, *block.segments)
    elif isinstance(block, Outcomes):
        yield block.label
        for metric in model.unit_metrics.values():
            yield from (metric.column, metric.denominator)
    elif isinstance(block, DailyTable):
        yield from dict(block.read()).values()
    elif isinstance(block, Panel):
        for metric in model.panel_metrics.values():
            yield metric.column
