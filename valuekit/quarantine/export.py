"""Rows held back as a CSV file that no spreadsheet takes for formulas."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from valuekit.quarantine.rules import rule as told
from valuekit.report.csv import to_csv
from valuekit.report.sheet import Kind, Sheet, SheetColumn

if TYPE_CHECKING:
    from valuekit.store.records import HeldRecord

_COLUMNS: tuple[tuple[str, Kind], ...] = (
    ("Model", "text"),
    ("Source", "text"),
    ("Table", "text"),
    ("Rule", "text"),
    ("Row", "text"),
    ("Time (UTC)", "time"),
    ("Column", "text"),
    ("Value", "text"),
    ("Reason", "text"),
    ("What to do", "text"),
    ("SHA-256 of the row", "text"),
    ("First seen in run", "count"),
    ("Met by the last run", "text"),
)


def to_file(records: Iterable[HeldRecord]) -> bytes:
    """One line a row: model, rule, how to find it, what is wrong, what to do."""
    rows = tuple(
        (
            one.model,
            one.row.source,
            one.row.table,
            one.row.rule,
            one.row.reference,
            one.row.at,
            one.row.column,
            one.row.value,
            one.row.reason,
            told(one.row.rule).remedy,
            one.row.row_hash,
            one.run,
            "yes" if one.current else "no",
        )
        for one in records
    )
    columns = tuple(SheetColumn(title, kind) for title, kind in _COLUMNS)
    return to_csv([Sheet("Quarantine", "Rows held back", columns, rows)])
