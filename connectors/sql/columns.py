"""Whether the columns that a model declares are there, and hold what they are needed for."""

from __future__ import annotations

from dataclasses import dataclass

from connectors.base import ColumnType, Engine
from connectors.findings import (
    mixed_zones,
    naive_timestamp,
    no_columns,
    place,
    shown,
    unmapped,
    unusable_column,
)
from connectors.roles import Block, Role, block_roles
from connectors.unlike import Need, Unlike
from valuekit.errors import Finding, SourceError
from valuekit.text import plural
from valuekit.workspace.declare import DailyTable, Model, Predictions

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
    roles = block_roles(model, block)
    missing = [one for one in roles if one not in there and not stands_for_unit(model, block, one)]
    folded = {one.strip().casefold() for one in there}
    spelt = [one for one in missing if one.strip().casefold() in folded]
    if isinstance(block, DailyTable) and not block.columns and len(missing) > 1:
        # A name in other case is what is wrong; of the others most may be left out.
        findings += no_columns(engine, block.table, spelt, there)
        findings += [] if spelt else [unmapped(engine, block.table, missing, there)]
    else:
        findings += no_columns(engine, block.table, missing, there)
    for column, role in roles.items():
        if column not in there:
            continue
        wrong = _Wrong(engine, block.table, column, there[column], _of_unit(model, column))
        fault = _fault(wrong, role)
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


def _of_unit(model: Model, column: str) -> bool:
    """Whether the cells of a column name units: they are masked in messages."""
    p, on = model.predictions, model.outcomes.on if model.outcomes is not None else {}
    units = {one.unit for one in (p, model.assignments) if one is not None}
    things = {p.id, p.series} - units if p is not None else set()
    keys = {name for pair in on.items() if pair[0] not in things for name in pair}
    return column in units | keys


def _fault(wrong: _Wrong, role: Role) -> Finding | None:
    engine, kind = wrong.engine, wrong.kind
    if kind == "other":
        return unusable_column(engine, wrong.table, wrong.column)
    if kind == "timestamp" and engine.source.timezone is None:
        return naive_timestamp(engine, wrong.table, wrong.column)
    if role == "number" and kind not in _NUMBERS:
        return wrong("the column must hold numbers", _NUMBER, "number")
    if role in {"time", "year"} and kind not in _TIMES:
        return _no_time(wrong, kind, role)
    if role == "key" and kind in {"float", "text"}:
        return _no_id(wrong, kind)
    return None


def _no_id(wrong: _Wrong, kind: ColumnType) -> Finding | None:
    rule, remedy = "an id stored as a float", "Store the id as text or as a 64-bit integer"
    files = wrong.engine.floating(wrong.table, wrong.column)
    if not files:
        why = f"{rule} loses digits above 2^53"
        return wrong(why, f"{remedy}.", "other") if kind == "float" else None
    more = f" and {plural(len(files) - 1, 'file')} more" if len(files) > 1 else ""
    return Finding(
        place=place(wrong.engine, wrong.table, wrong.column),
        value=f"floats in {shown(files[-1])}{more}, unlike in other files",
        rule=f"{rule} in some files is another one than in the others (1038119.0), and loses "
        "digits above 2^53",
        remedy=f"{remedy}, as in the others, and write the file again.",
        code="wrong_type",
    )


def _no_time(wrong: _Wrong, kind: ColumnType, role: Role) -> Finding | None:
    if role == "year":
        rule = "the column must hold dates or years"
        numbers = kind in {"int", "float", "decimal"}
        return None if numbers else wrong(rule, _YEAR, "time")
    if kind == "text" and wrong.unlike("time") is None and (seen := wrong.unlike("zoned")):
        return mixed_zones(place(wrong.engine, wrong.table, wrong.column), seen)
    rule = "the column must hold dates or times"
    numbers = kind in _NUMBERS
    return wrong(rule, _EPOCH, "other") if numbers else wrong(rule, _TIME, "time")


_NUMBER = "Write plain numbers with a decimal point, without currency signs or separators."
_TIME = "Write ISO 8601, such as 2026-01-31 or 2026-01-31T14:05:00Z."
_TYPED = {"number": "numbers, such as DOUBLE,", "time": "timestamps or dates"}
_YEAR = "Write years as whole numbers such as 2026, or dates such as 2026-01-01."
_EPOCH = "Convert seconds or milliseconds since 1970 to timestamps when exporting."


@dataclass(frozen=True, slots=True)
class _Wrong:
    """A column of the wrong kind, to be said with how many cells are, and the first of them."""

    engine: Engine
    table: str
    column: str
    kind: ColumnType
    of_unit: bool

    def unlike(self, need: Need) -> Unlike | None:
        """The cells that do not suit a need."""
        return self.engine.unlike(self.table, self.column, need, personal=self.of_unit)

    def __call__(self, rule: str, remedy: str, need: Need) -> Finding:
        seen = self.unlike(need)
        if seen is not None and seen.comma:
            other = "." if self.engine.source.decimal == "," else ","
            remedy = (
                f'If {other!r} is the decimal sign, set decimal = "{other}" in '
                f"[sources.{self.engine.name}]; else export the numbers with "
                f"{self.engine.source.decimal!r}."
            )
        if seen is not None and seen.typed and need in _TYPED:
            some = "in these files, as in the others" if seen.files < seen.of else "in the table"
            wanted = "whole numbers or dates" if remedy == _YEAR else _TYPED[need]
            remedy += f" Its type is {self.kind}: make it {wanted} {some}."
        return Finding(
            place=place(self.engine, self.table, self.column),
            value=f"{self.kind} values" + (f": {seen}" if seen is not None else ""),
            rule=rule,
            remedy=remedy,
            code="wrong_type",
            rows=seen.rows if seen is not None else None,
        )
