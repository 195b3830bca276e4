"""A report as CSV: UTF-8 with BOM (spreadsheets read it right), RFC 4180, one flat table."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from valuekit.report.sheet import Sheet, Value, safe_text


def to_csv(sheets: Sequence[Sheet]) -> bytes:
    """The first sheet as CSV; numbers are unformatted, unknown is empty, text is escaped.

    Raises:
        ValueError: for more or fewer than one sheet.
    """
    if len(sheets) != 1:
        msg = f"a CSV file holds one table, not {len(sheets)}"
        raise ValueError(msg)
    held = io.StringIO()
    writer = csv.writer(held, lineterminator="\r\n")
    writer.writerow([safe_text(column.title) for column in sheets[0].columns])
    writer.writerows([_text(value) for value in row] for row in sheets[0].rows)
    return b"\xef\xbb\xbf" + held.getvalue().encode()


def _text(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return safe_text(value)
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    # Decimal in plain digits (never 1E+3); floats in the shortest form that reads back exactly.
    return format(value, "f") if isinstance(value, Decimal) else repr(value).lower()
