"""Rows held back as a CSV file that no spreadsheet takes for formulas."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING

from valuekit.quarantine.rules import rule as told
from valuekit.report.csv import to_csv
from valuekit.report.sheet import Kind, Sheet, SheetColumn

if TYPE_CHECKING:
    from valuekit.store.records import HeldRecord

_NEGATIVE = re.compile(r"-[0-9]+(\.[0-9]+)?(?P<exponent>[eE][+-]?[0-9]+)?")
_COLUMNS: tuple[tuple[str, Kind], ...] = (
    ("Model", "text"),
    ("Source", "text"),
    ("Table", "text"),
    ("Rule", "text"),
    ("Row", "text"),
    ("File", "text"),
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
            one.row.file,
            one.row.at,
            one.row.column,
            _number(one.row.value),
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


def _number(text: str) -> str | Decimal | float:
    """A negative number as a number: as a text it would get the mark of a possible formula.

    >>> _number("-3"), _number("-12.50"), _number("-1e308"), _number("-3+cmd"), _number("3 kg")
    (Decimal('-3'), Decimal('-12.50'), -1e+308, '-3+cmd', '3 kg')
    """
    found = _NEGATIVE.fullmatch(text)
    if found is None:
        return text
    return float(text) if found["exponent"] else Decimal(text)
