"""A report as a workbook: numbers are numbers, dates are dates, text is never a formula."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from valuekit.report.sheet import Kind, Sheet, Value, safe_text

_FORMATS: dict[Kind, str] = {
    "money": "#,##0.00;[Red]-#,##0.00",
    # Two places always: with none, a whole number would end in a lone decimal point.
    "number": "#,##0.00####",
    "share": "0.0%",
    "count": "#,##0",
    "day": "yyyy-mm-dd",
    "time": "yyyy-mm-dd hh:mm:ss",
}
_WIDTHS: dict[Kind, int] = {
    "money": 15,
    "number": 14,
    "share": 9,
    "count": 12,
    "day": 12,
    "time": 20,
}
_HEAD_ROW = 3  # title, note, alert or blank, then the headings


def to_xlsx(sheets: Sequence[Sheet]) -> bytes:
    """A workbook with one tab per sheet: title, note, frozen headings, filters, fitted columns.

    Formulas and links are never made from text (``strings_to_formulas`` and ``strings_to_urls``
    are off, and leading formula signs are escaped besides).
    """
    held = io.BytesIO()
    book = xlsxwriter.Workbook(
        held,
        {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "remove_timezone": True,
        },
    )
    styles = _styles(book)
    for sheet in sheets:
        _write(book.add_worksheet(sheet.name), sheet, styles)
    book.close()
    return held.getvalue()


def _styles(book: Workbook) -> dict[str, Format]:
    styles: dict[str, Format] = {
        kind: book.add_format({"num_format": text}) for kind, text in _FORMATS.items()
    }
    styles["text"] = book.add_format({"valign": "top"})
    styles["title"] = book.add_format({"bold": True, "font_size": 14})
    styles["note"] = book.add_format({"font_color": "#56636F"})
    styles["alert"] = book.add_format({"bold": True, "font_color": "#9A4A00"})
    styles["head"] = book.add_format(
        {
            "bold": True,
            "bg_color": "#F4F6F8",
            "bottom": 1,
            "text_wrap": True,
            "valign": "top",
        }
    )
    return styles


def _write(tab: Worksheet, sheet: Sheet, styles: dict[str, Format]) -> None:
    tab.write_string(0, 0, safe_text(sheet.title), styles["title"])
    tab.write_string(1, 0, safe_text(sheet.note), styles["note"])
    if sheet.alert:
        tab.write_string(2, 0, safe_text(sheet.alert), styles["alert"])
    for at, column in enumerate(sheet.columns):
        tab.write_string(_HEAD_ROW, at, column.title, styles["head"])
        width = _WIDTHS.get(column.kind) or _text_width(sheet, at)
        tab.set_column(at, at, max(width, min(len(column.title) + 2, 22)))
    unit = next((at for at, one in enumerate(sheet.columns) if one.title == "Unit"), None)
    for down, row in enumerate(sheet.rows, _HEAD_ROW + 1):
        in_unit = _kind_of(row[unit]) if unit is not None else "number"
        for at, (value, column) in enumerate(zip(row, sheet.columns, strict=True)):
            kind = in_unit if column.kind == "number" else column.kind
            _cell(tab, down, at, value, kind, styles)
    tab.freeze_panes(_HEAD_ROW + 1, 1)
    _for_paper(tab)
    if sheet.rows:
        tab.autofilter(_HEAD_ROW, 0, _HEAD_ROW + len(sheet.rows), len(sheet.columns) - 1)


def _kind_of(unit: Value) -> Kind:
    """How numbers of a row's unit are written: money to the cent, shares as percent."""
    shown = str(unit or "")
    if len(shown) == 3 and shown.isupper():
        return "money"
    return "share" if shown == "share" else "number"


def _for_paper(tab: Worksheet) -> None:
    """A page as wide as the table, headings repeated, so that a print can be read."""
    tab.set_landscape()
    tab.set_paper(9)  # A4
    tab.fit_to_pages(1, 0)
    tab.repeat_rows(_HEAD_ROW)
    tab.set_footer("&L&F, &A&RPage &P of &N")


def _text_width(sheet: Sheet, at: int) -> int:
    longest = max((len(str(row[at] or "")) for row in sheet.rows), default=0)
    return min(max(longest + 2, 8), 60)


def _cell(
    tab: Worksheet,
    row: int,
    at: int,
    value: Value,
    kind: Kind,
    styles: dict[str, Format],
) -> None:
    style = styles[kind]
    if value is None:
        tab.write_blank(row, at, None, style)
    elif isinstance(value, bool):
        tab.write_boolean(row, at, value, style)
    elif isinstance(value, datetime):
        moment = value.astimezone(UTC) if value.tzinfo else value
        tab.write_datetime(row, at, moment, styles["time"])
    elif isinstance(value, date):
        tab.write_datetime(row, at, value, styles["day"])
    elif isinstance(value, int | float | Decimal):
        tab.write_number(row, at, float(value), style)
    else:
        tab.write_string(row, at, safe_text(value), styles["text"])
