"""Where some rows stand in their files: the line of a text file, the row of a Parquet file."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import sqlalchemy as sa

from connectors import delimited
from connectors.dialects import DuckDialect, to_text

if TYPE_CHECKING:
    from connectors.tables import FileTable

Cells = Mapping[str, str | None]
_DIALECT = DuckDialect()
# Bytes of files that are searched: of larger ones the search would be felt in the time of a run.
LARGEST = {"csv": 32_000_000, "parquet": 128_000_000}


def located(
    cursor: duckdb.DuckDBPyConnection, opened: FileTable, path: Path, rows: Sequence[Cells]
) -> list[str]:
    """What finds each of some rows in their file, such as ``line 4``; empty where that is unknown.

    Args:
        cursor: A cursor of the engine.
        opened: The table.
        path: The file of these rows.
        rows: Their cells as they were written, all of the same columns.
    """
    if path.stat().st_size > LARGEST[opened.files.kind]:
        return [""] * len(rows)
    wanted = [tuple(cell or "" for cell in row.values()) for row in rows]
    columns = list(rows[0]) if rows else []
    if opened.files.kind == "csv":
        found = _lines(path, opened, columns, set(wanted))
        return [f"line {found[one]:,}" if one in found else "" for one in wanted]
    try:
        numbers = _numbers(cursor, path, _texts(cursor, path, opened, columns), set(wanted))
    except duckdb.Error:  # what it holds cannot be made what the whole table holds
        numbers = {}
    return [f"row {numbers[one]:,}" if one in numbers else "" for one in wanted]


def _lines(
    path: Path, opened: FileTable, columns: list[str], wanted: set[tuple[str, ...]]
) -> dict[tuple[str, ...], int]:
    """The line on which the first row with these cells begins."""
    places = [opened.place(path, one) for one in columns]
    found: dict[tuple[str, ...], int] = {}
    began = 1
    try:
        with delimited.text_of(path) as file:
            rows = csv.reader(file, delimiter=opened.marks.separator)
            for row in itertools.islice(rows, delimited.LOOKED):
                cells = tuple(
                    row[one] if one is not None and one < len(row) else "" for one in places
                )
                if began > 1 and cells in wanted:
                    found.setdefault(cells, began)
                    if len(found) == len(wanted):
                        break
                began = rows.line_num + 1
    except (csv.Error, OSError, EOFError):  # where the others are stays untold
        pass
    return found


def _texts(
    cursor: duckdb.DuckDBPyConnection, path: Path, opened: FileTable, columns: list[str]
) -> list[str]:
    """The cells of a file as those of the whole table are written, empty where it lacks a column.

    An export with a missing count holds 5.0 where the others hold 5.
    """
    reader = f"read_parquet([{delimited.quoted(str(path))}])"
    described = cursor.execute(f"DESCRIBE FROM {reader}").fetchall()
    own = {str(name).casefold(): kind for name, kind, *_ in described}
    made = []
    for one in columns:
        kind = opened.types.get(one, own.get(one.casefold()))
        if one.casefold() not in own or kind is None:
            made.append("''")
            continue
        cell: sa.ColumnElement[Any] = sa.column(one)
        if own[one.casefold()] != kind:
            name = _DIALECT.identifier_preparer.quote(one)
            cell = sa.literal_column(f"CAST({name} AS {kind})")
        text = sa.func.coalesce(to_text(cell), "")
        made.append(str(text.compile(dialect=_DIALECT, compile_kwargs={"literal_binds": True})))
    return made


def _numbers(
    cursor: duckdb.DuckDBPyConnection,
    path: Path,
    texts: list[str],
    wanted: set[tuple[str, ...]],
) -> dict[tuple[str, ...], int]:
    """The number of the first row with these cells, from 1."""
    given = sorted(wanted)
    asked = ", ".join(f"({', '.join('?' * len(texts))})" for _ in given)
    names = ", ".join(f"t{place}" for place in range(len(texts)))
    read = ", ".join(f"{one} AS t{place}" for place, one in enumerate(texts))
    statement = (
        f"SELECT {names}, min(n) FROM (SELECT {read}, file_row_number + 1 AS n FROM "  # noqa: S608  names are quoted, values bound
        f"read_parquet([{delimited.quoted(str(path))}], file_row_number = true)) "
        f"WHERE ({names}) IN (SELECT * FROM (VALUES {asked})) GROUP BY ALL"
    )
    rows = cursor.execute(statement, [cell for one in given for cell in one]).fetchall()
    return {tuple(map(str, cells)): int(n) for *cells, n in rows}
