"""What can be wrong with a source, in words: place, value, rule, remedy, stable code."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from valuekit.errors import Finding
from valuekit.places import of_table, shown
from valuekit.text import nearest

if TYPE_CHECKING:
    from connectors.base import Engine
    from connectors.unlike import Unlike

__all__ = [
    "changed_file",
    "duplicate_columns",
    "mixed_zones",
    "naive_timestamp",
    "no_columns",
    "not_a_select",
    "place",
    "shown",
    "unmapped",
    "unusable_column",
    "vanished_file",
]


def place(engine: Engine, table: str, column: str | None = None) -> str:
    """Where something was found: source, table and, where known, column."""
    return of_table(engine.name, table, column)


def no_columns(
    engine: Engine, table: str, missing: Sequence[str], there: Iterable[str]
) -> list[Finding]:
    """A finding for each declared column that the table does not have."""
    names = list(there)
    found = []
    for column in missing:
        close = nearest(column, names)
        remedy = (
            f"Did you mean {shown(close)!r}? Write the name exactly as in the table."
            if close
            else f"The table has: {shown(', '.join(names), 300)}."
        )
        found.append(
            Finding(
                place=place(engine, table, column),
                value=shown(column),
                rule="the table has no such column",
                remedy=remedy,
                code="missing_column",
            )
        )
    return found


def unmapped(engine: Engine, table: str, missing: Sequence[str], there: Iterable[str]) -> Finding:
    """A ready-made table without `columns` that has not the shape of the ledger."""
    key = next((one for one in missing if one not in {"version", "segment"}), missing[0])
    return Finding(
        place=place(engine, table),
        value=shown(", ".join(missing), 200),
        rule="the table lacks these columns: without `columns` it has the shape of the ledger",
        remedy=f'Say which columns hold what: columns = {{ {key} = "...", ... }}; what is '
        f"left out is unknown (docs/ready-made.md). The table has: {shown(', '.join(there), 300)}.",
        code="missing_column",
    )


def unusable_column(engine: Engine, table: str, column: str) -> Finding:
    """A declared column holds lists, structs or another type without a use here."""
    return Finding(
        place=place(engine, table, column),
        value="nested or binary values",
        rule="a column must hold numbers, text, true/false, dates or times",
        remedy="Store the value that is meant in a column of its own.",
        code="wrong_type",
    )


def naive_timestamp(engine: Engine, table: str, column: str) -> Finding:
    """A time column says no zone and the source declares none."""
    seen = engine.unlike(table, column, "zoned")
    return Finding(
        place=place(engine, table, column),
        value="timestamps without a zone" + (f": {seen}" if seen is not None else ""),
        rule="a time without a zone needs the zone it was written in",
        remedy=f'Declare it in the source: [sources.{engine.name}] timezone = "UTC" '
        '(or the IANA name of the zone, such as "Europe/Berlin").',
        code="naive_timestamp",
        rows=seen.rows if seen is not None else None,
    )


def mixed_zones(at: str, seen: Unlike | None) -> Finding:
    """Some times of a column name their zone and others do not: read alike, some would be wrong."""
    return Finding(
        place=at,
        value=str(seen) if seen is not None else "times with and without a zone",
        rule="the times of a column all name their zone, or none does",
        remedy="Write all of them with their zone, such as 2026-01-31T14:05:00Z.",
        code="mixed_zones",
        rows=seen.rows if seen is not None else None,
    )


def not_a_select(engine: Engine) -> Finding:
    """A statement that would do more than read."""
    return Finding(
        place=f"sources.{engine.name}",
        value="a statement that is not one SELECT",
        rule="a source is read, never written or configured",
        remedy="Declare tables and columns only by their names.",
        code="not_allowed",
    )


def changed_file(engine: Engine, table: str, names: Sequence[str]) -> Finding:
    """A file was replaced while it was read: figures would mix two versions."""
    return Finding(
        place=place(engine, table),
        value=f"{shown(', '.join(names))}: another size or time than when it was opened",
        rule="the file changed while it was read",
        remedy="Run again once the export is finished.",
        code="changed_file",
    )


def vanished_file(engine: Engine, table: str, names: Sequence[str]) -> Finding:
    """A file was there when the table was opened, and is not any more."""
    return Finding(
        place=place(engine, table),
        value=shown(", ".join(names)),
        rule="the file vanished while the table was read",
        remedy="Put it back, or declare where the table lies now, then run again.",
        code="vanished_file",
    )


def duplicate_columns(at: str, names: Sequence[str]) -> Finding:
    """Names that differ only in case, or not at all."""
    return Finding(
        place=at,
        value=shown(", ".join(names)),
        rule="two columns have the same name (case does not tell them apart)",
        remedy="Rename or remove one of them.",
        code="duplicate_column",
    )
