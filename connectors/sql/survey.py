"""Fingerprints of a model's tables by file and day: what tells a refresh where to look.

Files that are the same by size, times and number are not read again. Of the others, the rows of
each day are counted and the hashes of their mapped columns added up, in one statement a table.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from connectors import dialects, zones
from connectors.base import FILE, OPEN, Engine
from connectors.findings import place, shown
from connectors.roles import block_roles, blocks
from connectors.sql.dedupe import ACCEPTED
from connectors.sql.framed import on_units
from connectors.sql.instants import day_or_none
from connectors.sql.keys import prediction_keys
from connectors.sql.panel_rows import day_of
from connectors.sql.ready_rows import day_of_row
from connectors.sql.refuse import refuse
from connectors.sql.spine import read
from connectors.sql.when import when_column
from connectors.sql.work import Expression, Work
from valuekit import __version__
from valuekit.errors import Finding, SourceError
from valuekit.incremental.prints import NO_DAY, Folded, Print
from valuekit.incremental.survey import LINES, Ids, Origin, Part, Survey, Surveyed
from valuekit.ledger.schema import FACTS
from valuekit.workspace.declare import Block, DailyTable, Model, Panel, Predictions, Workspace

# A file may change twice within the resolution of its times: one so young is read again.
SETTLED = 2_000_000_000  # ns
_LONG = 64  # characters of an id that is worth keeping
_FREE = {"title", "owner", "area", "description", "costs", "launched", "retired"}


def survey(engine: Engine, workspace: Workspace, model: str, known: Survey | None) -> Survey:
    """The state of a model's tables.

    Args:
        engine: The engine over the model's source.
        workspace: The whole workspace.
        model: Name of the model.
        known: The last survey; what it says of unchanged files is taken over.

    Raises:
        SourceError: a table is missing or unreadable.
    """
    refuse(engine, workspace, model)
    found = Survey(engine.signature, _declared(engine, workspace, model), {})
    same = known is not None and (known.engine, known.declared) == (found.engine, found.declared)
    before = known.tables if same and known is not None else {}
    tables = {
        role: _surveyed(engine, workspace, model, block, before.get(role))
        for role, block in blocks(workspace.models[model])
    }
    return Survey(found.engine, found.declared, tables)


def _declared(engine: Engine, workspace: Workspace, model: str) -> str:
    """Hash of what facts depend on, apart from the tables."""
    held = [
        workspace.models[model].model_dump(mode="json", exclude=_FREE),
        engine.source.model_dump(mode="json", exclude={"memory_limit", "threads"}),
        [
            zones.changes(one)
            for one in (workspace.workspace.timezone, engine.source.timezone or "UTC")
        ],
        workspace.workspace.max_segment_values,
        [[one.name for one in fact.columns] for fact in FACTS.values()],
        __version__,
    ]
    return hashlib.sha256(json.dumps(held, sort_keys=True, default=str).encode()).hexdigest()


def _surveyed(
    engine: Engine, workspace: Workspace, name: str, block: Block, known: Surveyed | None
) -> Surveyed:
    model = workspace.models[name]
    kinds = engine.columns(block.table)
    wanted = [one for one in _read(model, block) if one in kinds]
    columns = json.dumps({one: kinds[one] for one in wanted})
    stamps = engine.parts(block.table)
    before = known.parts if known is not None and known.columns == columns else {}
    same = {
        file: before[file]
        for file, (stamp, _) in stamps.items()
        if stamp and file in before and before[file].stamp == stamp
    }
    read = tuple(file for file in stamps if file not in same)
    if len(stamps) == 1 and read and _cut(before.get(read[0]), stamps[read[0]][0]):
        raise SourceError(_cut_short(engine, block, read[0]))
    scanned = _scanned(engine, model, block, wanted, read) if read else {}
    parts = dict(same)
    for file in read:
        stamp, size = stamps[file]
        days, ids = scanned.get(file, ({}, None))
        parts[file] = Part(_settled(stamp), size, days, ids)
    broken = engine.quarantined(block.table)
    if broken:
        # Where they are counts as well: lines that moved have other numbers.
        places = [one.place for one in engine.rejected(block.table)]
        told = hashlib.sha256(json.dumps([broken, places], sort_keys=True).encode()).digest()
        lines = Print(sum(broken.values()), int.from_bytes(told[:8]))
        parts[LINES] = Part("", 0, {NO_DAY: lines})
    timed = when_column(model, block) is not None
    if known is not None and not read and same.keys() == known.parts.keys() - {LINES}:
        series = known.series
    else:
        series = _series(engine, workspace, name, block)
    return Surveyed(columns, timed, parts, series, _origin(engine, workspace, model, block))


def _origin(engine: Engine, workspace: Workspace, model: Model, block: Block) -> Origin:
    """Hashes of where the rows of a table lie with what tells their days, and of the zones."""
    source = engine.source.model_dump(mode="json", exclude={"memory_limit", "threads", "timezone"})
    rows = [source, block.table, when_column(model, block)]
    zones_of = [workspace.workspace.timezone, engine.source.timezone]
    both = (json.dumps(one, sort_keys=True, default=str) for one in (rows, zones_of))
    return Origin(*(hashlib.sha256(one.encode()).hexdigest()[:16] for one in both))


def _read(model: Model, block: Block) -> list[str]:
    """Columns that the facts are made from: keys are read wherever they are."""
    if isinstance(block, Predictions):
        block = block.model_copy(update={"features": ()})
    keys = model.outcomes.on if model.outcomes is not None else {}
    return list(dict.fromkeys([*block_roles(model, block), *keys]))


def _settled(stamp: str) -> str:
    """The stamp of a file; empty while the file is so young that it might change unseen."""
    if not stamp:
        return ""
    newest = max(int(one) for one in stamp.split("-")[1:3])
    young = OPEN if stamp.endswith(OPEN) else ""
    return stamp if time.time_ns() - newest > SETTLED else young


def _cut(before: Part | None, stamp: str) -> bool:
    """Whether a text file ended with a line at the last run, and ends within one now."""
    return before is not None and stamp.endswith(OPEN) and not before.stamp.endswith(OPEN)


def _cut_short(engine: Engine, block: Block, file: str) -> Finding:
    """Of several files the others tell whether one is cut: its last row is held back then."""
    return Finding(
        place=place(engine, block.table),
        value=shown(file),
        rule="a text file that ended with a line end at the last run ends within a line: "
        "its last row may be cut, and a number that is cut is a number like any other",
        remedy="Copy the file again; if its last row is whole, end it with a line end.",
        code="cut_file",
    )


def _scanned(
    engine: Engine, model: Model, block: Block, columns: list[str], parts: tuple[str, ...]
) -> dict[str, tuple[Mapping[str, Print], Ids | None]]:
    """Fingerprints of some files by day, and between which ids theirs lie."""
    raw = engine.raw(block.table, parts)
    of_file: Expression = raw.c[FILE] if FILE in raw.c else sa.literal_column("''")
    rows = (
        sa.select(
            of_file.label("file"),
            _day(engine, model, block, parts).label("day"),
            dialects.row_hash([raw.c[one] for one in columns]).label("hash"),
            _id(engine, block, parts, several=FILE in raw.c).label("id"),
        )
        .select_from(raw)
        .subquery()
    )
    c = rows.c
    statement = sa.select(
        c.file, dialects.to_text(c.day).label("day"), sa.func.count().label("rows"),
        dialects.to_text(sa.func.sum(c.hash)).label("hash"),
        sa.func.min(c.id).label("low"), sa.func.max(c.id).label("high"),
    ).group_by(c.file, c.day)  # fmt: skip
    found: dict[str, dict[str, Print]] = {}
    ids: dict[str, list[Any]] = {}
    for row in engine.run(f"fingerprints of {block.table}", statement).to_pylist():
        file = engine.part_of(row["file"])
        day = NO_DAY if row["day"] is None else str(row["day"])
        found.setdefault(file, {})[day] = Print(int(row["rows"]), int(row["hash"] or 0))
        ids.setdefault(file, []).extend(row[end] for end in ("low", "high") if row[end] is not None)
    # In the order of days, whatever that of the groups: what has only grown is compared in columns.
    prints = {file: dict(sorted(days.items())) for file, days in found.items()}
    return {
        file: (Folded.of(days) if len(prints) == 1 else days, _range(ids[file]))
        for file, days in prints.items()
    }


def _id(engine: Engine, block: Block, parts: tuple[str, ...], *, several: bool) -> Expression:
    """Ids of rows that have one, where they are in an order: numbers and texts are."""
    column = getattr(block, "id", None)
    if column is None or not several or engine.kind(block.table, column) not in {"int", "text"}:
        return sa.null()
    value: Expression = engine.typed(block.table, column, parts)
    return value


def _range(ids: list[Any]) -> Ids | None:
    """Least and greatest of some ids; None without any, or when they are too long to keep."""
    if not ids or any(isinstance(one, str) and len(one) > _LONG for one in ids):
        return None
    return min(ids), max(ids)


def _day(engine: Engine, model: Model, block: Block, parts: tuple[str, ...]) -> Expression:
    column = when_column(model, block)
    if column is None:
        return sa.cast(sa.null(), sa.Date())
    value, kind = engine.typed(block.table, column, parts), engine.kind(block.table, column)
    if isinstance(block, DailyTable):
        return day_or_none(day_of_row(engine, value, kind), value, kind)
    panel = isinstance(block, Panel)
    day = day_of(engine, value, kind) if panel else engine.local_day(value)
    return day_or_none(day, value, kind)


def _series(engine: Engine, workspace: Workspace, name: str, block: Block) -> str:
    """Fingerprint of the distinct keys of forecasts: which actuals have a series at all."""
    model = workspace.models[name]
    if model.task != "forecast" or not isinstance(block, Predictions):
        return ""
    work = Work(engine, on_units(workspace, name), name, (), lambda _what, _share: None)
    keys = prediction_keys(work)
    if keys is None:
        return ""
    rows = read(work, block, keys)
    usable = rows.c.rule == ACCEPTED
    each = sa.select(*(rows.c[one] for one in keys.names)).where(usable).distinct().subquery()
    total: Any = sa.func.sum(dialects.row_hash(list(each.c)))
    statement = sa.select(dialects.to_text(total).label("hash"), sa.func.count().label("n"))
    row = engine.run(f"series of {block.table}", statement.select_from(each)).to_pylist()[0]
    return f"{row['n']}-{row['hash']}"
