"""Whether the columns that a model declares are there, and hold what they are needed for."""

from __future__ import annotations

from dataclasses import dataclass

from connectors.base import ColumnType, Engine
from connectors.findings import naive_timestamp, no_columns, place, unusable_column
from connectors.roles import Block, Role, block_roles
from valuekit.errors import Finding, SourceError
from valuekit.workspace.declare import Model, Predictions

_NUMBERS = {"int", "float", "decimal", "bool"}
_TIMES = {"date", "timestamp", "timestamptz"}


@dataclass(frozen=True, slots=True)
class Usable:
    """The columns of a block that can be read, and what is wrong with the others."""

    kinds: dict[str, ColumnType]
    findings: tuple[Finding, ...]


def usable(engine: Engine, model: Model, block: Block) -> Usable:
    """Check all declared columns of a block against the real table; nothing is raised."""
    try:
        there = engine.columns(block.table)
    except SourceError as error:
        return Usable({}, error.findings)
    kinds: dict[str, ColumnType] = {}
    findings: list[Finding] = []
    for column, role in block_roles(model, block).items():
        if column not in there and stands_for_unit(model, block, column):
            continue
        if column not in there:
            findings += no_columns(engine, block.table, [column], there)
            continue
        fault = _fault(engine, block.table, column, there[column], role)
        if fault is None or fault.severity != "error":
            kinds[column] = there[column]
        if fault is not None:
            findings.append(fault)
    return Usable(kinds, tuple(findings))


def stands_for_unit(model: Model, block: Block, column: str) -> bool:
    """Whether a missing key is the other table's unit: this table's own unit stands for it."""
    if model.outcomes is None or column not in model.outcomes.on:
        return False
    entries = (model.predictions, model.assignments)
    others = {one.unit for one in entries if one is not None and one is not block}
    return isinstance(block, Predictions) and block.unit is not None and column in others


def _fault(engine: Engine, table: str, column: str, kind: ColumnType, role: Role) -> Finding | None:
    if kind == "other":
        return unusable_column(engine, table, column)
    if kind == "timestamp" and engine.source.timezone is None:
        return naive_timestamp(engine, table, column)
    at = place(engine, table, column)
    if role == "number" and kind not in _NUMBERS:
        return _wrong(at, kind, "the column must hold numbers", _NUMBER)
    if role in {"time", "year"} and kind not in _TIMES:
        return _no_time(at, kind, role)
    if role == "key" and kind == "float":
        rule = "an id stored as a float loses digits above 2^53"
        return _wrong(at, kind, rule, "Store the id as text or as a 64-bit integer.")
    return None


def _no_time(at: str, kind: ColumnType, role: Role) -> Finding | None:
    if role == "year":
        rule = "the column must hold dates or years"
        return None if kind in {"int", "float", "decimal"} else _wrong(at, kind, rule, _YEAR)
    remedy = _EPOCH if kind in _NUMBERS else _TIME
    return _wrong(at, kind, "the column must hold dates or times", remedy)


_NUMBER = "Write plain numbers with a decimal point, without currency signs or separators."
_TIME = "Write ISO 8601, such as 2026-01-31 or 2026-01-31T14:05:00Z."
_YEAR = "Write years as whole numbers such as 2026, or dates such as 2026-01-01."
_EPOCH = "Convert seconds or milliseconds since 1970 to timestamps when exporting."


def _wrong(at: str, kind: ColumnType, rule: str, remedy: str) -> Finding:
    return Finding(place=at, value=f"{kind} values", rule=rule, remedy=remedy, code="wrong_type")
