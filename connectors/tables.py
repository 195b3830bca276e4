"""The files of a declared table as a view of the engine, with the kinds of its columns."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa

from connectors import cut as cut_off
from connectors import delimited, files
from connectors.base import FILE
from connectors.dialects import DuckDialect, to_text
from connectors.failures import first_line, in_words, unforeseen
from connectors.findings import duplicate_columns, mixed_zones, place, shown
from connectors.rejects import UNQUOTED, Rejected, broken_lines, open_quotes, rejected, rule_of
from connectors.roles import roles
from connectors.unlike import unlike
from valuekit.errors import Finding, SourceError
from valuekit.quarantine.redact import EXAMPLES

if TYPE_CHECKING:
    from connectors.base import ColumnType
    from connectors.duckdb import DuckDBConnector
    from connectors.rejects import Rejected

_DIALECT = DuckDialect()
_VIEWS = "SELECT view_name FROM duckdb_views() WHERE NOT internal"
_KINDS: Mapping[str, ColumnType] = {
    **dict.fromkeys(("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"), "int"),
    **dict.fromkeys(("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"), "int"),
    **dict.fromkeys(("FLOAT", "DOUBLE"), "float"),
    **dict.fromkeys(("VARCHAR", "UUID", "ENUM"), "text"),
    **dict.fromkeys(("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"), "timestamp"),
    "BOOLEAN": "bool",
    "DATE": "date",
    "DECIMAL": "decimal",
    **dict.fromkeys(("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ", "TIMESTAMPTZ_NS"), "timestamptz"),
}
_RECENT = 8  # files that are looked into for ids of another type
_NEWEST = 32  # files that are looked into for a lost column
_UNTYPED = '"NULL"'
_EMPTY: Mapping[str, sa.types.TypeEngine[Any]] = {
    "text": sa.String(),
    "float": sa.Double(),
    "date": sa.Date(),
}


@dataclass(frozen=True, slots=True)
class FileTable:
    """A declared table: its files, the view on them, its columns, rows that were left out."""

    files: files.Files
    view: sa.TableClause
    kinds: Mapping[str, ColumnType]
    quarantined: Mapping[str, int]
    rejected: tuple[Rejected, ...] = ()
    marks: delimited.Marks = field(default_factory=delimited.Marks)
    untyped: frozenset[str] = frozenset()  # columns of Parquet files that never had a value
    types: Mapping[str, str] = field(default_factory=dict)  # of Parquet columns, as the engine says
    cut: Mapping[Path, cut_off.Cut] = field(default_factory=dict)  # last lines that are left out
    headers: delimited.Headers = field(default_factory=dict)  # of text files that differ

    def place(self, path: Path, column: str) -> int | None:
        """Place of a column in the lines of a text file; None where it has no such column."""
        names = self.headers.get(path, tuple(self.kinds))
        return names.index(column) if column in names else None

    def stored(self, column: str, raw: sa.FromClause) -> sa.ColumnElement[Any]:
        """One column of a view on the files as its kind, times as they were written."""
        cell, kind = raw.c[column], self.kinds[column]
        if self.files.kind == "csv":
            return delimited.value(cell, kind, self.marks)
        if column in self.untyped:
            return sa.cast(sa.null(), _EMPTY[kind])
        if kind == "timestamptz":  # nanoseconds convert to UTC only by way of microseconds
            return sa.cast(cell, sa.DateTime(timezone=True))
        return to_text(cell) if kind == "text" else cell

    def bad_cell(self, columns: Sequence[str], raw: sa.FromClause) -> sa.ColumnElement[Any]:
        """Name of the first of these cells that is not of its kind; NULL for typed files."""
        none = sa.cast(sa.null(), sa.String())
        if self.files.kind != "csv" or not columns:
            return none
        tests = [
            (delimited.bad(raw.c[one], kind, self.marks), sa.literal(one, sa.String()))
            for one, kind in ((one, self.kinds[one]) for one in columns)
        ]
        return sa.case(*tests, else_=none)


def open_table(
    engine: DuckDBConnector, connection: duckdb.DuckDBPyConnection, table: str
) -> FileTable:
    """Find and check the files of a table, and make a view on them.

    Raises:
        SourceError: missing, outside the folder, cut short, of another format, duplicate names.
    """
    at = place(engine, table)
    found = files.find(at, table, engine.root, engine.source.max_file_size)
    read = _csv if found.kind == "csv" else _parquet
    try:
        with connection.cursor() as cursor:
            opened = read(engine, cursor, table, found)
    except (duckdb.Error, pa.ArrowException, OSError) as error:
        faults = [files.cut_short(_file(engine, table, path)) for path in files.torn(found.paths)]
        if unforeseen(error):
            faults += engine.damaged([(table, path) for path in found.paths])
        raise (SourceError(*faults) if faults else in_words(at, error)) from None
    if not delimited.in_utc(engine.source.timezone):
        _one_zone(engine, table, opened)
    return opened


def _one_zone(engine: DuckDBConnector, table: str, opened: FileTable) -> None:
    """Refuse Parquet files of which some name the zone of their times and others do not.

    Read together, those without one would be taken for UTC, whatever the source declares.
    """
    if opened.files.kind == "csv" or len(opened.files.paths) == 1:
        return
    needed = roles(engine.workspace, engine.name, table)
    zoned = [
        name
        for name, role in needed.items()
        if role == "time" and opened.kinds.get(name) == "timestamptz"
    ]
    schemas = [pq.read_schema(path) for path in opened.files.paths] if zoned else []
    for name in zoned:
        types = [schema.field(name).type for schema in schemas if name in schema.names]
        if any(pa.types.is_timestamp(one) and one.tz is None for one in types):
            seen = unlike(engine, opened, name, "zoned")
            raise SourceError(mixed_zones(place(engine, table, name), seen))


def lacking(opened: FileTable, columns: Sequence[str]) -> dict[str, tuple[int, Path]]:
    """Columns that the last Parquet files lack, though others have them: how many in a row.

    Older files may lack a column that was added later. Of the newest ones no more are looked into
    than tell that an export lost it.
    """
    paths = opened.files.paths[-_NEWEST:]
    if opened.files.kind == "csv" or len(opened.files.paths) == 1:
        return {}
    found, left = dict[str, tuple[int, Path]](), set(columns) & set(opened.kinds)
    for path in reversed(paths):
        names = {name.casefold() for name in (*pq.read_schema(path).names, *_partitions(path))}
        left = {name for name in left if name.casefold() not in names}
        if not left:
            break
        found |= {name: (found.get(name, (0, path))[0] + 1, paths[-1]) for name in left}
    return found


def floating(opened: FileTable, column: str) -> list[Path]:
    """The newest Parquet files that hold a column as floats, if others hold it as something else.

    Read together, numbers become floats, and beside texts 1038119 is 1038119.0: another id. Whole
    tables of floats are seen by their kind.
    """
    if opened.files.kind == "csv" or len(opened.files.paths) == 1:
        return []
    paths = {*opened.files.paths[:1], *opened.files.paths[-_RECENT:]}
    schemas = {path: pq.read_schema(path) for path in sorted(paths)}
    there = {path: one.field(column).type for path, one in schemas.items() if column in one.names}
    found = [path for path, kind in there.items() if pa.types.is_floating(kind)]
    others = [kind for kind in there.values() if not pa.types.is_null(kind)]
    return found if len(found) < len(others) else []


def unreadable(probe: duckdb.DuckDBPyConnection, path: Path) -> str | None:
    """What the engine says against a Parquet file, read to its end; None if nothing."""
    try:
        probe.sql(f"FROM {_parquet_reader([path])} t SELECT bit_xor(hash(t))").fetchall()
    except duckdb.Error as error:
        return first_line(str(error))
    return None


def damaged(engine: DuckDBConnector, table: str, path: Path, cause: str) -> Finding:
    """A file that cannot be read to its end."""
    return Finding(
        place=_file(engine, table, path),
        value=cause.replace(f"{engine.root}/", ""),
        rule="the file cannot be read to its end",
        remedy="Copy or export it again; it is damaged.",
        code="damaged_file",
    )


def _parquet(
    engine: DuckDBConnector, cursor: duckdb.DuckDBPyConnection, table: str, found: files.Files
) -> FileTable:
    names = pq.read_schema(found.paths[0]).names
    folded = [name.casefold() for name in names]
    if twice := sorted({name for name in names if folded.count(name.casefold()) > 1}):
        raise SourceError(duplicate_columns(_file(engine, table, found.paths[0]), twice))
    view = _view(cursor, table, _parquet_reader(found.paths))
    described = cursor.execute(f"DESCRIBE {_DIALECT.identifier_preparer.quote(view)}").fetchall()
    kinds = {name: _KINDS.get(kind.partition("(")[0], "other") for name, kind, *_ in described}
    del kinds[FILE]
    needed = roles(engine.workspace, engine.name, table)
    untyped = frozenset(name for name, kind, *_ in described if kind == _UNTYPED)
    kinds |= {name: delimited.without_values(needed.get(name)) for name in untyped}
    table_of = sa.table(view, *map(sa.column, (*kinds, FILE)))
    types = {name: kind for name, kind, *_ in described if name not in {FILE, *untyped}}
    return FileTable(found, table_of, kinds, {}, untyped=untyped, types=types)


def _partitions(path: Path) -> set[str]:
    """Names of the columns that folders of the form ``name=value`` tell."""
    return {name for name, is_there, _ in (one.partition("=") for one in path.parts) if is_there}


def _parquet_reader(paths: Sequence[Path], folders: Mapping[str, str] | None = None) -> str:
    listed = ", ".join(delimited.quoted(str(path)) for path in paths)
    union = "" if len(paths) == 1 else ", union_by_name = true"
    kinds = ", ".join(f"{delimited.quoted(name)}: {kind}" for name, kind in (folders or {}).items())
    told = f", hive_types = {{{kinds}}}" if kinds else ""  # not guessed anew from some folders
    return f"read_parquet([{listed}]{union}{told}, filename = {delimited.quoted(FILE)})"


def _parquet_part(
    cursor: duckdb.DuckDBPyConnection, table: str, opened: FileTable, paths: Sequence[Path]
) -> str:
    """A view on some files with the columns of all: those that they lack are NULL, of their type.

    The engine has their footers from when the table was opened, and a view its columns.
    """
    folders = {name: opened.types[name] for name in _partitions(paths[0]) if name in opened.types}
    reader = _parquet_reader(paths, folders)
    view = _view(cursor, table, reader)
    quote = _DIALECT.identifier_preparer.quote
    described = cursor.execute(f"DESCRIBE {quote(view)}").fetchall()
    there = {name.casefold() for name, *_ in described}
    lacking = [
        f"CAST(NULL AS {opened.types.get(name, _UNTYPED)}) AS {quote(name)}"
        for name in opened.kinds
        if name.casefold() not in there
    ]
    if lacking:
        select = f"FROM {reader} SELECT *, {', '.join(lacking)}"
        cursor.execute(f"CREATE OR REPLACE VIEW {quote(view)} AS {select}")
    return view


def narrowed(
    connection: duckdb.DuckDBPyConnection, table: str, opened: FileTable, paths: Sequence[Path]
) -> sa.TableClause:
    """A view on some files of a table, with the columns of all of them."""
    names = list(opened.kinds)
    with connection.cursor() as cursor:
        if opened.files.kind == "csv":
            left_out = {path: one for path, one in opened.cut.items() if path in paths}
            reading = delimited.reader(paths, names, opened.marks, FILE, headers=opened.headers)
            view = _view(cursor, table, cut_off.without(reading, left_out, FILE))
        else:
            view = _parquet_part(cursor, table, opened, paths)
        return sa.table(view, *map(sa.column, (*names, FILE)))


def _csv(
    engine: DuckDBConnector, cursor: duckdb.DuckDBPyConnection, table: str, found: files.Files
) -> FileTable:
    source = engine.source
    utc = source.timezone is None or delimited.in_utc(source.timezone)
    marks = delimited.Marks(source.separator, source.decimal, utc)
    needed = roles(engine.workspace, engine.name, table)
    names, headers = _headers(engine, table, found, marks, needed)
    ends = cut_off.cut_lines(cursor, found.paths, names, marks, needed, FILE, headers)
    reading = delimited.reader(found.paths, names, marks, FILE, headers=headers)
    name = _view(cursor, table, cut_off.without(reading, ends, FILE))
    view = sa.table(name, *(sa.column(name, sa.String()) for name in (*names, FILE)))
    left_out, cut = _left_out(engine, cursor, table, found, names, marks, headers)
    tallies = delimited.tallies(view, names, marks).compile(dialect=_DIALECT)
    counted = cursor.sql(str(tallies)).to_arrow_table().to_pylist()[0]
    kinds = {
        name: delimited.decide(
            {key.rpartition("_")[0]: n for key, n in counted.items() if key.endswith(f"_{i}")},
            needed.get(name),
        )
        for i, name in enumerate(names)
    }
    width = {str(path): len(own) for path, own in headers.items()}
    lines = rejected(cursor, engine.root, len(names), marks.separator, width) if left_out else ()
    if ends:
        left_out[cut_off.RULE] = len(ends)
    return FileTable(
        found,
        view,
        kinds,
        left_out,
        (*lines, *cut, *_ends(engine, ends)),
        marks,
        cut=ends,
        headers=headers,
    )


def _ends(engine: DuckDBConnector, ends: Mapping[Path, cut_off.Cut]) -> list[Rejected]:
    """Lines that may be cut, as examples of rows that are held back."""
    return [
        Rejected(cut_off.RULE, f"{path.relative_to(engine.root)}, line {one.line}", one.text, "")
        for path, one in list(ends.items())[-EXAMPLES:]
    ]


def _headers(
    engine: DuckDBConnector,
    table: str,
    found: files.Files,
    marks: delimited.Marks,
    needed: Collection[str],
) -> tuple[list[str], delimited.Headers]:
    """The columns of all files of a table, and the headers that are not just these.

    The columns that a model reads are in all of them or in none; of others some files may have more
    or fewer, as when somebody adds one to an export.
    """
    first: list[str] = []
    own = dict[Path, tuple[str, ...]]()
    by_case = dict[str, tuple[str, Path]]()
    for path in found.paths:
        at = _file(engine, table, path)
        names, faults = delimited.header(at, path, marks)
        first = first or names
        read = [{*some} & {*needed} for some in (first, names)]
        if not faults and names != first and (not read[0] or read[0] != read[1]):
            faults = [delimited.other_header(at, names, first, found.paths[0].name)]
        for name in names:
            other, of = by_case.setdefault(name.casefold(), (name, path))
            if other != name and not faults:
                faults = [delimited.other_case(at, name, other, of.name)]
        if faults:
            raise SourceError(*faults)
        own[path] = tuple(names)
    every = list(dict.fromkeys(name for names in own.values() for name in names))
    return every, {path: names for path, names in own.items() if names != tuple(every)}


def _left_out(
    engine: DuckDBConnector,
    cursor: duckdb.DuckDBPyConnection,
    table: str,
    found: files.Files,
    names: list[str],
    marks: delimited.Marks,
    headers: delimited.Headers,
) -> tuple[dict[str, int], tuple[Rejected, ...]]:
    """Rows that cannot be split into columns, by rule, and lines that the engine keeps to itself.

    Text that is not UTF-8 stops here, and a quote that takes other lines with it.
    """
    reader = delimited.reader(found.paths, names, marks, rejects=True, headers=headers)
    try:
        counted = cursor.sql(f"FROM {reader} SELECT count(*), count(COLUMNS(*))").fetchall()
    except duckdb.InvalidInputException:
        # The reader does not say what it stumbled over.
        ends = [(path, delimited.other_end(path)) for path in found.paths]
        faults = [
            delimited.mixed_ends(_file(engine, table, path), line) for path, line in ends if line
        ]
        if not faults:
            raise
        raise SourceError(*faults) from None
    broken = cursor.execute(
        "SELECT error_type::VARCHAR, count(DISTINCT (file_id, line)) "
        "FROM reject_errors GROUP BY 1 ORDER BY 1"
    ).fetchall()
    if "INVALID ENCODING" in {kind for kind, _ in broken}:
        wrong = [path for path in found.paths if delimited.wrong_byte(path) is not None]
        faults = [delimited.encoding(_file(engine, table, path), path) for path in wrong]
        raise SourceError(*faults)
    if torn := open_quotes(cursor):
        faults = [
            delimited.open_quote(_file(engine, table, Path(path)), line) for path, line in torn
        ]
        raise SourceError(*faults)
    left = _unclosed(engine, cursor, table, found, marks)
    lost = sum(rows for _, rows in broken)
    if lost and not counted[0][0]:
        lines = rejected(cursor, engine.root, len(names), marks.separator)
        said = [f"{shown(one.place)} ({one.found})" for one in lines if one.found]
        example = next(iter(said), "")
        raise SourceError(delimited.unsplittable(place(engine, table), lost, example))
    counts = {rule_of(kind): rows for kind, rows in broken}
    if left:
        counts[UNQUOTED] = counts.get(UNQUOTED, 0) + len(left)
    return counts, left


def _unclosed(
    engine: DuckDBConnector,
    cursor: duckdb.DuckDBPyConnection,
    table: str,
    found: files.Files,
    marks: delimited.Marks,
) -> tuple[Rejected, ...]:
    """Last lines cut within a quoted cell that the engine has dropped without a word.

    Raises:
        SourceError: a quote took further lines with it.
    """
    told = broken_lines(cursor)
    seen = ((path, delimited.unclosed(path, marks)) for path in found.paths)
    open_ones = [(path, one) for path, one in seen if one and (str(path), one.text) not in told]
    if torn := [(path, one.line) for path, one in open_ones if not one.alone]:
        raise SourceError(
            *(delimited.open_quote(_file(engine, table, path), line) for path, line in torn)
        )
    return tuple(
        Rejected(UNQUOTED, f"{path.relative_to(engine.root)}, line {one.line}", one.text, "")
        for path, one in open_ones
    )


def _file(engine: DuckDBConnector, table: str, path: Path) -> str:
    """A table and one of its files, for messages."""
    return f"{place(engine, table)} ({shown(str(path.relative_to(engine.root)))})"


def _view(cursor: duckdb.DuckDBPyConnection, table: str, reader: str) -> str:
    """Make a view and give its name; names that differ only in case get a number."""
    taken = {name.casefold() for (name,) in cursor.execute(_VIEWS).fetchall()}
    tries = (f"{table}~{number}" if number else table for number in count())
    name = next(one for one in tries if one.casefold() not in taken)
    cursor.execute(f"CREATE VIEW {_DIALECT.identifier_preparer.quote(name)} AS FROM {reader}")
    return name
