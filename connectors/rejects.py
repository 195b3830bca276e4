"""Lines of text files that could not be split into columns: examples with file and line."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from connectors import delimited
from valuekit.quarantine.redact import EXAMPLES

if TYPE_CHECKING:
    import duckdb


_PART = 1 << 20  # bytes that are read at once
UNQUOTED = "unquoted_value"  # rule of a quote that is not closed in its line


@dataclass(frozen=True, slots=True)
class Rejected:
    """A line that is in no table.

    Attributes:
        rule: What is wrong with it, as counted by :meth:`Engine.quarantined`.
        place: File below the source's folder, and line.
        text: The line as it stands there.
        found: What is odd about it, without its content; empty when nothing short says it.
    """

    rule: str
    place: str
    text: str
    found: str


def rejected(
    cursor: duckdb.DuckDBPyConnection,
    root: Path,
    columns: int,
    separator: str = ",",
    others: Mapping[str, int] | None = None,
) -> tuple[Rejected, ...]:
    """The last lines of each rule that the scan just made has left out.

    Args:
        cursor: The cursor of the scan; its rejects are in a table of its own.
        root: Folder of the source.
        columns: Columns of the header.
        separator: What separates them.
        others: Files with another number of them.
    """
    rows = cursor.execute(
        "SELECT * FROM (SELECT DISTINCT ON (error_type, file_id, line) "
        "error_type::VARCHAR AS kind, file_path, line, coalesce(line_byte_position, 0), "
        "coalesce(csv_line, '') FROM reject_errors JOIN reject_scans USING (scan_id, file_id)) "
        "QUALIFY row_number() OVER (PARTITION BY kind ORDER BY file_path DESC, line DESC) <= $1 "
        "ORDER BY ALL",
        [EXAMPLES],
    ).fetchall()
    lines = _numbers({(path, byte): line for _, path, line, byte, _ in rows})
    return tuple(
        Rejected(
            rule_of(kind),
            f"{Path(path).relative_to(root)}, line {lines[path, byte]}",
            text.rstrip("\r\n"),
            _found(kind, text, (others or {}).get(path, columns), separator),
        )
        for kind, path, _, byte, text in rows
    )


def open_quotes(cursor: duckdb.DuckDBPyConnection) -> list[tuple[str, int]]:
    """File and line of quotes that take further lines with them, after a scan that kept rejects.

    Everything from such a quote to the next one, or to the end of the file, is one broken line to
    the engine: nobody can say how many rows are lost in it.
    """
    found = cursor.execute(
        "SELECT DISTINCT file_path, line, coalesce(line_byte_position, 0) FROM reject_errors "
        "JOIN reject_scans USING (scan_id, file_id) WHERE error_type::VARCHAR = 'UNQUOTED VALUE' "
        "AND contains(rtrim(csv_line, chr(10) || chr(13)), chr(10)) ORDER BY ALL LIMIT 5"
    ).fetchall()
    lines = _numbers({(path, byte): line for path, line, byte in found})
    return [(path, line) for (path, _), line in lines.items()]


def _numbers(told: Mapping[tuple[str, int], int]) -> dict[tuple[str, int], int]:
    """Lines by file and byte, counted in the file itself.

    The engine counts rows, of which one may take several lines.

    Args:
        told: File and byte, from 1, where a line begins (0: unknown) -> its number to the engine.
    """
    found = dict(told)
    for path in dict.fromkeys(path for path, _ in told):
        with delimited.text_of(Path(path)) as file:
            read, ends = 0, {b"\n": 0, b"\r": 0}
            for byte in sorted(byte for of, byte in told if of == path and byte):
                while part := bytes(file.buffer.read(max(0, min(_PART, byte - 1 - read)))):
                    read += len(part)
                    for end in ends:
                        ends[end] += part.count(end)
                # To the engine, ends of empty lines before a line may belong to it.
                while (one := bytes(file.buffer.read(1))) in ends:
                    read += 1
                    ends[one] += 1
                read += len(one)
                found[path, byte] = 1 + (ends[b"\n"] or ends[b"\r"])
    return found


def broken_lines(cursor: duckdb.DuckDBPyConnection) -> set[tuple[str, str]]:
    """File and text of the unclosed lines that the scan just made has left out.

    Not their numbers: the engine counts rows, of which one may take several lines.
    """
    rows = cursor.execute(
        "SELECT DISTINCT file_path, coalesce(csv_line, '') FROM reject_errors "
        "JOIN reject_scans USING (scan_id, file_id) WHERE error_type::VARCHAR = 'UNQUOTED VALUE'"
    ).fetchall()
    return {(str(path), str(text).rstrip("\r\n")) for path, text in rows}


def rule_of(kind: str) -> str:
    """The engine's word for a broken line as the name of a rule."""
    return kind.lower().replace(" ", "_")


def _found(kind: str, text: str, columns: int, separator: str) -> str:
    if not kind.endswith("COLUMNS"):
        return ""
    # As a file: a line's own end, and line breaks within quotes, are the reader's to understand.
    line = io.StringIO(text.replace("\0", "").strip("\r\n"), newline="")
    cells = next(csv.reader(line, delimiter=separator), [])
    return f"{len(cells)} cells, {columns} columns"
