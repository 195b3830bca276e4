"""Text files with commas: their header, their cells, the rows that cannot be split.

Everything is read as text and cast cell by cell, so one bad cell costs one row, which is
counted, and never a file. One dialect is read: double quotes, UTF-8, a header line, and the
separator and decimal sign that the source declares, comma and point unless it does.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa

from connectors.dialects import DuckDialect, to_text, try_cast
from connectors.findings import shown
from connectors.roles import Role
from valuekit.errors import Finding

Kind = Literal[
    "int", "float", "decimal", "bool", "text", "date", "timestamp", "timestamptz", "other"
]
Expression = sa.ColumnElement[Any]

SAMPLE = 20_000  # rows that decide the types
LOOKED = 1_000_000  # rows in which the line of a cell is looked for
USABLE = 0.9  # share of non-blank cells that must fit a type; the others are bad cells

_CASTS: Mapping[Kind, str] = {
    "int": "BIGINT",
    "float": "DOUBLE",
    "bool": "BOOLEAN",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "timestamptz": "TIMESTAMPTZ",
}
_DATE = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_ZONED = ":[0-9]{2}([.][0-9]+)? ?(Z|UTC|[+-][0-9]{2}(:?[0-9]{2})?)$"
_ZEROS = "^[-+]?0[0-9]"
_PART = 1 << 20  # bytes
_QUOTE = DuckDialect().identifier_preparer.quote
_POINT: Expression = sa.literal_column("'.'")


@dataclass(frozen=True, slots=True)
class Marks:
    """How a source writes its text files: what separates columns, and what decimals."""

    separator: str = ","
    decimal: str = "."
    utc: bool = True  # times that name no zone are UTC, or refused: those that name one fit in


#: Files whose header is not that of the first one, and what it is.
Headers = Mapping[Path, tuple[str, ...]]


def in_utc(zone: str | None) -> bool:
    """Whether times without a zone are declared to be UTC."""
    return zone in {"UTC", "Etc/UTC"}


def header(at: str, path: Path, marks: Marks) -> tuple[list[str], list[Finding]]:
    """Column names of a file, and what is wrong with them.

    A name left blank (an exported row index) becomes ``column0`` by its position.
    """
    try:
        with io.TextIOWrapper(_opened(path), encoding="utf-8-sig", newline="") as file:
            names = next(csv.reader(file, delimiter=marks.separator, strict=True), [])
    except UnicodeDecodeError:
        return [], [encoding(at, path)]
    except (csv.Error, OSError, EOFError) as error:
        return [], [_fault(at, shown(str(error)), "the header cannot be read", _EXPORT, "header")]
    names = [name.strip() or f"column{i}" for i, name in enumerate(names)]
    return names, _header_faults(at, names, marks)


def _opened(path: Path) -> gzip.GzipFile | io.BufferedReader:
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")


def _header_faults(at: str, names: Sequence[str], marks: Marks) -> list[Finding]:
    if not names:
        return [_fault(at, "", "the file has no header line", _EXPORT, "empty_file")]
    others = [mark for mark in ",;\t|" if len(names) == 1 and mark in names[0]]
    if others:
        rule = f"columns are separated by {marks.separator!r} unless the source says otherwise"
        remedy = f"Set separator = {json.dumps(others[0])} in the source, or export with commas."
        return [_fault(at, shown(names[0]), rule, remedy, "separator")]
    folded = [name.casefold() for name in names]
    twice = sorted({name for name in names if folded.count(name.casefold()) > 1})
    if twice:
        rule = "two columns have the same name (case does not tell them apart)"
        remedy = "Rename or remove one of them."
        return [_fault(at, shown(", ".join(twice)), rule, remedy, "duplicate_column")]
    if any("\0" in name for name in names):
        return [_fault(at, "NUL byte", "the header is not text", _EXPORT, "header")]
    return []


def encoding(at: str, path: Path) -> Finding:
    """The file is not UTF-8: where its first wrong byte is."""
    found = wrong_byte(path)
    where = "" if found is None else f"byte {found[0]:,} is 0x{found[1]:02x}, line {found[2]:,}"
    remedy = "Save the file as UTF-8."
    return _fault(at, where, "the file is not UTF-8 text", remedy, "encoding")


def wrong_byte(path: Path) -> tuple[int, int, int] | None:
    """Offset from 0, value and line of the first byte that is not UTF-8; None if all are."""
    decoder, before, lines = codecs.getincrementaldecoder("utf-8")(), 0, 1
    with _opened(path) as file:
        while part := file.read(_PART):
            held = len(decoder.getstate()[0])  # bytes of a character cut by the last part
            try:
                decoder.decode(part, final=len(part) < _PART)
            except UnicodeDecodeError as error:
                at = error.start - held
                line = lines + part[: max(at, 0)].count(b"\n")
                return before + at, error.object[error.start], line
            before, lines = before + len(part), lines + part.count(b"\n")
    return None


def other_end(path: Path) -> int | None:
    """The first line that ends in another way (LF, CRLF) than the first line; None if none does."""
    with _opened(path) as file:
        first = None
        for number, line in enumerate(file, 1):
            ended = line.endswith(b"\r\n") if line.endswith(b"\n") else first
            first = ended if first is None else first
            if ended != first:
                return number
    return None


@dataclass(frozen=True, slots=True)
class Unclosed:
    """A row whose quoted cell no quote closes: to the end of the file all is in it.

    Attributes:
        line: Where the row begins.
        alone: Whether no further line is in it: the file was cut there.
        text: The line.
    """

    line: int
    alone: bool
    text: str


def unclosed(path: Path, marks: Marks) -> Unclosed | None:
    """A quote that no other one closes, found without the engine; None if there is none.

    Of more files than it has threads for, DuckDB drops such a row, and the rows in it, without a
    word: what it counts adds up all the same. An odd number of quotes is rare, and a file without
    one needs no closer look; in one with it, quotes within a cell that does not begin with one are
    text.
    """
    quotes = 0
    with _opened(path) as file:
        while part := file.read(_PART):
            quotes += part.count(b'"')
    if quotes % 2 == 0:
        return None
    end = 0
    with io.TextIOWrapper(_opened(path), "utf-8-sig", "replace", newline="") as lines:
        rows = csv.reader(lines, delimiter=marks.separator, strict=True)
        try:
            for _ in rows:
                end = rows.line_num
        except csv.Error as error:
            if not any(word in str(error) for word in ("end of data", "field larger")):
                return None  # the engine says what is wrong there
        else:
            return None
    with io.TextIOWrapper(_opened(path), "utf-8-sig", "replace") as lines:
        left = list(itertools.islice(lines, end, end + 2))
    return Unclosed(end + 1, len(left) == 1, left[0].rstrip("\r\n") if left else "")


def unended(paths: Sequence[Path]) -> list[Path]:
    """Files without a line end at their end, where most others have one: they may be cut."""
    found = open_ended(paths)
    return found if 2 * len(found) < len(paths) else []


def open_ended(paths: Sequence[Path]) -> list[Path]:
    """Files without a line end at their end; those that are compressed do not tell."""
    return [path for path in paths if path.suffix != ".gz" and not _ended(path)]


def _ended(path: Path) -> bool:
    return _last_byte(path) in {b"", b"\n", b"\r"}


def _last_byte(path: Path) -> bytes:
    with path.open("rb") as file:
        if file.seek(0, io.SEEK_END):
            file.seek(-1, io.SEEK_END)
        return file.read(1)


def text_of(path: Path) -> io.TextIOWrapper:
    """The text of a file, with its line ends; bytes that are no text become a sign of their own."""
    return io.TextIOWrapper(_opened(path), "utf-8-sig", "replace", newline="")


def line_of(path: Path, marks: Marks, place: int, cell: str) -> int | None:
    """The line on which the first row begins that has a cell at a place; None if it is not found.

    >>> line_of(Path("none.csv"), Marks(), 0, "x") is None
    True
    """
    began = 1
    try:
        with text_of(path) as file:
            rows = csv.reader(file, delimiter=marks.separator)
            for row in itertools.islice(rows, LOOKED):
                if began > 1 and len(row) > place and row[place] == cell:
                    return began
                began = rows.line_num + 1
    except (csv.Error, OSError, EOFError):  # where the row is stays untold
        return None
    return None


def mixed_ends(at: str, line: int) -> Finding:
    """Lines end in two ways: no reader can tell where the later ones end."""
    rule = "the lines of a text file end in one way, LF or CRLF; from this line on it is the other"
    remedy = "Write the file with one end of line throughout, such as with dos2unix."
    return _fault(f"{at}, line {line:,}", "LF and CRLF", rule, remedy, "mixed_line_ends")


def unsplittable(at: str, rows: int, example: str) -> Finding:
    """Not one row has the columns of the header: the file is in another format."""
    rule = "no row can be split into the columns of the header"
    remedy = (
        "Quote cells that hold the separator, or declare `separator` and `decimal` in the source."
    )
    value = f"{rows:,} rows" + (f", such as {example}" if example else "")
    return Finding(at, value, rule, remedy, "error", "separator", rows)


def open_quote(at: str, line: int) -> Finding:
    """A quote begins a cell and is not closed where the cell ends: further lines are lost in it."""
    rule = (
        "a quote that is opened is closed before the next cell; here it takes other lines with it"
    )
    remedy = "Remove the quote, or close it; write a quote within a quoted cell twice."
    return _fault(f"{at}, line {line:,}", '"', rule, remedy, "open_quote")


def other_header(at: str, names: Sequence[str], first: Sequence[str], of: str) -> Finding:
    """A file of several has other columns than the first, or has them in another order."""
    if not set(names) & set(first):  # rows of people: what is in them is nobody's business
        rule = "the first line is no header: all files of a table need the same one"
        remedy = f"Write the header of {shown(of)} first: {shown(', '.join(first), 300)}."
        return _fault(at, f"{len(names)} cells", rule, remedy, "other_header")
    parts = {
        "missing": [name for name in first if name not in names],
        "more": [name for name in names if name not in first],
    }
    said = [f"{what} {shown(', '.join(some), 120)}" for what, some in parts.items() if some]
    rule = "all files of a table need the columns that a model reads, of the same names"
    if not parts["missing"] and not parts["more"]:
        rule = "all files of a table need the same header"
    remedy = f"Write it with the header of {shown(of)}: {shown(', '.join(first), 300)}."
    by_case = {name.casefold(): name for name in parts["more"]}
    alike = [(by_case[name.casefold()], name) for name in parts["missing"]
             if name.casefold() in by_case]  # fmt: skip
    if alike:
        other, name = alike[0]
        remedy = f"It has {shown(other)!r}: write the name as {shown(name)!r}, as in {shown(of)}."
    return _fault(at, "; ".join(said) or "another order", rule, remedy, "other_header")


def other_case(at: str, name: str, known: str, of: str) -> Finding:
    """A file whose column has the name of another file's in other letters: to engines it is one."""
    return _fault(
        at,
        shown(name),
        f"the name of a column differs only in case from {shown(known)!r} in another file",
        f"Write the name as {shown(known)!r}, as in {shown(of)}.",
        "other_header",
    )


def reader(
    paths: Sequence[Path],
    names: Sequence[str],
    marks: Marks,
    file: str = "",
    *,
    rejects: bool = False,
    headers: Headers | None = None,
) -> str:
    """What the engine reads the files by, as text columns; unsplittable rows are left out.

    With ``file``, a column of that name holds the path of each row's file. Files with a header of
    their own have the same columns by name; those that they lack are NULL.
    """
    groups: dict[Sequence[str], list[Path]] = {}
    for path in paths:
        groups.setdefault((headers or {}).get(path, tuple(names)), []).append(path)
    if list(groups) == [tuple(names)]:
        return _call(paths, names, marks, file, rejects=rejects)
    parts = []
    for own, some in groups.items():
        cells = (
            _QUOTE(one) if one in own else f"CAST(NULL AS VARCHAR) AS {_QUOTE(one)}"
            for one in names
        )
        wanted = ", ".join([*cells, *([_QUOTE(file)] if file else [])])
        call = _call(some, own, marks, file, rejects=rejects)
        parts.append(f"SELECT {wanted} FROM {call}")  # noqa: S608  names and paths are quoted
    return f"({' UNION ALL '.join(parts)})"


def _call(
    paths: Sequence[Path], names: Sequence[str], marks: Marks, file: str, *, rejects: bool
) -> str:
    """The engine's call that reads files of one header."""
    columns = ", ".join(f"{quoted(name)}: 'VARCHAR'" for name in names)
    listed = ", ".join(quoted(str(path)) for path in paths)
    return (
        f"read_csv([{listed}], columns={{{columns}}}, auto_detect=false, header=true, "
        f"delim={quoted(marks.separator)}, quote='\"', escape='\"', ignore_errors=true"
        + (f", filename={quoted(file)}" if file else "")
        + (", store_rejects=true)" if rejects else ")")
    )


def quoted(text: str) -> str:
    """A text literal of the engine."""
    return "'" + text.replace("'", "''") + "'"


def tallies(raw: sa.FromClause, names: Sequence[str], marks: Marks) -> sa.Select[*tuple[Any, ...]]:
    """One row: for each column how many of the first cells are of which kind."""
    sample = sa.select(*raw.c).limit(sa.literal_column(str(SAMPLE))).subquery()
    counts = []
    for i, name in enumerate(names):
        cell = sample.c[name]
        tests: dict[str, Expression] = {
            "n": filled(cell),
            "zeros": sa.and_(filled(cell), _matches(cell, _ZEROS)),
            **{kind: sa.and_(filled(cell), fits(cell, kind, marks)) for kind in _CASTS},
        }
        counts += [
            sa.func.count(sa.case((test, sa.literal_column("1")))).label(f"{key}_{i}")
            for key, test in tests.items()
        ]
    return sa.select(*counts)


def decide(counts: Mapping[str, int], role: Role | None) -> Kind:
    """The kind of a column from the tallies of its cells and what it is needed for.

    A column without values takes the kind that its role needs. Numbers written with leading
    zeros are text: they are names, and would lose their zeros.
    """
    n = counts["n"]
    if n == 0:
        return without_values(role)
    enough = USABLE * n
    if counts["float"] >= enough and not counts["zeros"]:
        return "int" if counts["int"] == counts["float"] else "float"
    if counts["bool"] == n:
        return "bool"
    ordered: tuple[Kind, ...] = ("timestamptz", "date", "timestamp")
    return next((kind for kind in ordered if counts[kind] >= enough), "text")


def without_values(role: Role | None) -> Kind:
    """The kind of a column that holds nothing: the one that its role needs."""
    kinds: Mapping[str | None, Kind] = {"number": "float", "label": "float", "time": "date"}
    return kinds.get(role, "text")


def filled(cell: Expression) -> Expression:
    """Whether there is anything but spaces in a cell."""
    return sa.func.trim(cell) != sa.literal_column("''")


def fits(cell: Expression, kind: Kind, marks: Marks) -> Expression:
    """Whether a cell can be read as a kind without loss."""
    value = cast(cell, kind, marks)
    if kind == "float" and marks.decimal != ".":  # a point would separate thousands
        return sa.and_(value.is_not(None), sa.not_(sa.func.contains(cell, _POINT)))
    if kind == "int":
        return to_text(value) == cell
    if kind in {"date", "timestamptz"}:
        written = _matches(cell, _DATE if kind == "date" else _ZONED)
        return sa.and_(written, value.is_not(None))
    if kind == "bool":
        return _matches(sa.func.lower(cell), "^(true|false)$")
    if kind != "timestamp" or marks.utc:
        return value.is_not(None)
    return sa.and_(value.is_not(None), sa.not_(_matches(cell, _ZONED)))  # it would lose its zone


def cast(cell: Expression, kind: Kind, marks: Marks) -> Expression:
    """A cell as its kind; NULL where it cannot be."""
    if kind == "float" and marks.decimal != ".":
        comma: Expression = sa.literal_column(quoted(marks.decimal))
        cell = sa.func.replace(cell, comma, _POINT)
    return cell if kind == "text" else try_cast(cell, _CASTS[kind])


def value(cell: Expression, kind: Kind, marks: Marks) -> Expression:
    """A cell as its kind; NULL where it does not fit."""
    return cell if kind == "text" else sa.case((fits(cell, kind, marks), cast(cell, kind, marks)))


def bad(cell: Expression, kind: Kind, marks: Marks) -> Expression:
    """Whether a cell is filled and does not fit its kind, or holds a NUL byte."""
    nul = sa.func.contains(cell, sa.func.chr(sa.literal_column("0")))
    if kind == "text":
        return nul
    return sa.and_(filled(cell), sa.not_(sa.func.coalesce(fits(cell, kind, marks), sa.false())))


def _matches(cell: Expression, pattern: str) -> Expression:
    return sa.func.regexp_matches(cell, sa.literal_column(quoted(pattern)), type_=sa.Boolean())


_EXPORT = "Export it as comma-separated UTF-8 text with one header line and decimal points."


def _fault(at: str, found: str, rule: str, remedy: str, code: str) -> Finding:
    return Finding(place=at, value=found, rule=rule, remedy=remedy, code=code)
