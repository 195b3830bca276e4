"""A sheet: named columns and rows of plain values, the common ground of all formats."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

Value = str | int | float | Decimal | date | datetime | bool | None
Kind = Literal["text", "money", "number", "share", "count", "day", "time"]

_RISKY = ("=", "+", "-", "@", "\t", "\r", "\n")
_CELL_LIMIT = 32_767  # characters in a cell of a workbook


@dataclass(frozen=True, slots=True)
class SheetColumn:
    """Heading and kind of a column; the kind decides the number format."""

    title: str
    kind: Kind = "text"


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table of a report.

    Attributes:
        name: Tab name, at most 31 characters.
        title: The finding or the subject, shown above the table.
        columns: Columns in order.
        rows: Rows of plain values, one per column; None where unknown.
        note: A sentence below the title: period, units, source.
        alert: What a reader must not miss, between the note and the headings; most often nothing.
    """

    name: str
    title: str
    columns: tuple[SheetColumn, ...]
    rows: tuple[tuple[Value, ...], ...]
    note: str = ""
    alert: str = ""


def safe_text(text: str) -> str:
    """Text that no spreadsheet takes for a formula: a leading ``= + - @`` tab or CR gets ``'``.

    Control characters that a workbook cannot hold are shown escaped, and text beyond a cell's
    limit is cut with an ellipsis.

    >>> safe_text("=HYPERLINK(1)")
    "'=HYPERLINK(1)"
    >>> safe_text("a-b")
    'a-b'
    """
    shown = "".join(
        sign if sign in "\t\n\r" or sign.isprintable() else f"\\x{ord(sign):02x}" for sign in text
    )
    if shown.startswith(_RISKY):
        shown = "'" + shown
    return shown if len(shown) <= _CELL_LIMIT else shown[: _CELL_LIMIT - 1] + "…"
