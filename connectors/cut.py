"""Last lines that a copy may have cut: the last cell of one is not known to be whole.

A file whose lines all end but the last, among files that end with a line end, looks like a copy
that broke off: "1234" cut to "12" is a number like any other. Such a line is held back as a line
that cannot be read, unless its last cell is closed by a quote, no model reads that cell, or the
file has the very same line once more.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from connectors.delimited import Headers, Marks, quoted, reader, unended
from connectors.dialects import DuckDialect

RULE = "cut_line"
_PART = 1 << 16  # bytes at the end in which a last line is looked for
_QUOTE = DuckDialect().identifier_preparer.quote


@dataclass(frozen=True, slots=True)
class Cut:
    """A last line without an end.

    Attributes:
        line: Its number.
        text: What is there.
        cells: The same, split.
        names: Columns of its file.
    """

    line: int
    text: str
    cells: tuple[str, ...]
    names: tuple[str, ...]

    def same(self, path: Path, file: str) -> str:
        """The test of the engine for a row that reads like it, in its file."""
        cells = (
            f"coalesce({_QUOTE(name)}, '') = {quoted(cell)}"
            for name, cell in zip(self.names, self.cells, strict=True)
        )
        return " AND ".join((f"{_QUOTE(file)} = {quoted(str(path))}", *cells))


def cut_lines(
    cursor: duckdb.DuckDBPyConnection,
    paths: Sequence[Path],
    names: Sequence[str],
    marks: Marks,
    read: Collection[str],
    file: str,
    headers: Headers,
) -> dict[Path, Cut]:
    """The last line of each file that may be cut in a cell that is read.

    Args:
        cursor: A cursor of the engine.
        paths: All files of the table.
        names: Columns of the header.
        marks: How lines are split.
        read: Columns that a model reads.
        file: Name for the column of each row's file.
        headers: Files with other columns.
    """
    own = {path: headers.get(path, tuple(names)) for path in paths}
    if all(one[-1] not in read for one in {*own.values()}):
        return {}
    there = [path for path in unended(paths) if own[path][-1] in read]
    found = {path: _last(path, own[path], marks) for path in there}
    return {
        path: one
        for path, one in found.items()
        if one is not None and _once(cursor, path, marks, one, file)
    }


def without(reading: str, cut: Mapping[Path, Cut], file: str) -> str:
    """A read of files without the lines that may be cut."""
    tests = [f"NOT ({one.same(path, file)})" for path, one in cut.items()]
    return f"{reading} WHERE {' AND '.join(tests)}" if tests else reading


def _once(
    cursor: duckdb.DuckDBPyConnection,
    path: Path,
    marks: Marks,
    one: Cut,
    file: str,
) -> bool:
    """Whether the line is a row of its file, and the only one: a copy shows that it is whole."""
    asked = f"FROM {reader([path], one.names, marks, file)} SELECT count(*)"
    found = cursor.execute(f"{asked} WHERE {one.same(path, file)}").fetchall()
    return bool(found[0][0] == 1)


def may_be_cut(path: Path, columns: int, marks: Marks) -> bool:
    """Whether the last line has all columns, and nothing says that its last cell is whole."""
    return _cells(path, columns, marks) is not None


def _last(path: Path, names: tuple[str, ...], marks: Marks) -> Cut | None:
    """The last line, where it has all columns and its last cell is not closed by a quote."""
    found = _cells(path, len(names), marks)
    if found is None:
        return None
    with path.open("rb") as file:
        lines = sum(part.count(b"\n") for part in iter(lambda: file.read(1 << 20), b""))
    return Cut(lines + 1, *found, names)


def _cells(path: Path, columns: int, marks: Marks) -> tuple[str, tuple[str, ...]] | None:
    """The text of the last line and its cells."""
    text = _tail(path)
    if text is None or "\0" in text or text.endswith('"'):
        return None
    cells = next(csv.reader(io.StringIO(text, newline=""), delimiter=marks.separator), [])
    if text.count('"') % 2 or len(cells) != columns:
        return None  # it began on an earlier line, or is held back as too short
    return text, tuple(cells)


def _tail(path: Path) -> str | None:
    """The last line of a file; None when it is the header, endless or no text."""
    with path.open("rb") as file:
        end = file.seek(0, io.SEEK_END)
        file.seek(max(0, end - _PART))
        before, found, line = file.read().rpartition(b"\n")
    if not found or not before:
        return None
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:  # that is refused elsewhere
        return None
