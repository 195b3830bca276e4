"""DuckDB in this process over Parquet and CSV files below one folder, read-only."""

from __future__ import annotations

import threading
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import sqlalchemy as sa

from connectors import cut, delimited, dialects, files, tables, zones
from connectors.base import OPEN, ColumnType, Engine, Statement, Within
from connectors.failures import in_words, unforeseen
from connectors.findings import changed_file, not_a_select, vanished_file
from connectors.located import located
from connectors.mistyped import mistyped
from connectors.rejects import Rejected
from connectors.roles import blocks, roles
from connectors.unlike import Need, Test, Unlike, first_where, unlike
from valuekit.errors import Finding, SourceError, ValuekitError
from valuekit.running import running
from valuekit.scratch import Scratch
from valuekit.source import Query
from valuekit.workspace.declare import Source, Workspace

_SMALL = 4_000_000  # bytes of Parquet files that take longer to open than to read
# Meant: DuckDB warns of the copy that few rows are read by.
_COPIED = "Arrow output on a DB-API result makes an extra copy"
warnings.filterwarnings("ignore", _COPIED, UserWarning, r"connectors\.duckdb")
MADE = "made"  # schema of materialised results, apart from the views on the files
KEPT = "kept"  # those of large sources: a database on disk, whose rows are packed and read by need
_LARGE = 3  # times the bytes of its files that a large source has more of than there is memory
_TEXT = 32  # bytes of a text
_BYTES: Mapping[type[sa.types.TypeEngine[Any]], int] = {
    sa.SmallInteger: 2,
    sa.Integer: 4,
    sa.Date: 4,
    sa.BigInteger: 8,
    sa.Double: 8,
    sa.DateTime: 8,
}
_ARROW: Mapping[pa.DataType, sa.types.TypeEngine[Any]] = {
    pa.int64(): sa.BigInteger(),
    pa.float64(): sa.Double(),
    pa.string(): sa.String(),
}


class DuckDBConnector(Engine):
    """Parquet and CSV files below ``path``; results leave as Arrow tables.

    The connection sees only the declared folder and a private folder for temporary files, loads
    no extensions, and its settings are locked. Each statement runs on a cursor of its own, so
    threads may share the connector.
    """

    can_materialise = True

    def __init__(self, name: str, source: Source, folder: Path, workspace: Workspace) -> None:
        """Open an empty database in memory, confined to the declared folder.

        Raises:
            SourceError: the folder does not exist.
        """
        super().__init__(name, source, folder, workspace)
        self.dialect = dialects.DuckDialect()
        self.root = files.root(name, source.path, folder)
        self._scratch = Scratch()
        self._temporary = self._scratch.path
        self._memory = files.size(source.memory_limit)
        self._tables: dict[str, tables.FileTable] = {}
        self._open: dict[str, Sequence[Path]] = {}
        self._narrow: dict[tuple[str, tuple[Path, ...]], sa.TableClause] = {}
        self._years_of: dict[tuple[str, tuple[str, ...]], zones.Years] = {}
        self._typed: dict[tuple[str, tuple[str, ...], Within | None], sa.TableClause] = {}
        self._made = 0
        self._held: dict[str, int] = {}  # bytes in memory of results of a large source
        self._readers = 0
        self._on_disk = False
        self._lock = threading.RLock()
        self._connection = self._connect(self._temporary / "kept.db")

    def columns(self, table: str) -> dict[str, ColumnType]:
        """Columns of a table and what each holds; see :meth:`Engine.columns`."""
        return dict(self._opened(table).kinds)

    @property
    def signature(self) -> str:
        """DuckDB and its version; see :meth:`Engine.signature`."""
        return f"duckdb {duckdb.__version__}"

    def raw(self, table: str, parts: Sequence[str] | None = None) -> sa.TableClause:
        """The view on the files of a table, or on some of them."""
        opened = self._opened(table)
        if parts is None or len(parts) == len(opened.files.paths):
            return opened.view
        chosen = tuple(self.root / one for one in parts)
        with self._lock:
            if (table, chosen) not in self._narrow:
                made = tables.narrowed(self._connection, table, opened, chosen)
                self._narrow[table, chosen] = made
            return self._narrow[table, chosen]

    def parts(self, table: str) -> Mapping[str, tuple[str, int]]:
        """Files below the root with size, times and number; see :meth:`Engine.parts`."""
        opened = self._opened(table)
        found = opened.files.parts(self.root)
        # Whether a last line counts depends on the other files as well.
        marks = {**self._alone(table, opened), **dict.fromkeys(opened.cut, "-cut")}
        for path, mark in marks.items():
            name = self.part_of(str(path))
            stamp, size = found[name]
            found[name] = stamp + mark, size
        return found

    def _alone(self, table: str, opened: tables.FileTable) -> dict[Path, str]:
        """The only text file of a table, where its last line may be cut in a cell that is read."""
        paths, names = self._open_ended(table), list(opened.kinds)
        if len(opened.files.paths) > 1 or names[-1] not in roles(self.workspace, self.name, table):
            return {}
        return {one: OPEN for one in paths if cut.may_be_cut(one, len(names), opened.marks)}

    def _open_ended(self, table: str) -> Sequence[Path]:
        """Text files that end within a line, looked for once: a file that changes is refused."""
        with self._lock:
            if table not in self._open:
                opened = self._opened(table).files
                of_text = opened.paths if opened.kind == "csv" else ()
                self._open[table] = delimited.open_ended(of_text)
            return self._open[table]

    def part_of(self, file: str) -> str:
        """Path below the root."""
        return files.below(file, self.root)

    def quarantined(self, table: str) -> Mapping[str, int]:
        """Rows of text files that could not be split into columns, by rule."""
        return self._opened(table).quarantined

    def rejected(self, table: str) -> Sequence[Rejected]:
        """Examples of these rows; see :meth:`Engine.rejected`."""
        return self._opened(table).rejected

    def stored(self, table: str, column: str, raw: sa.FromClause) -> sa.ColumnElement[Any]:
        """One column as its kind; cells of text files are cast one by one."""
        return self._opened(table).stored(column, raw)

    def bad_cell(
        self, table: str, columns: Sequence[str], raw: sa.FromClause
    ) -> sa.ColumnElement[Any]:
        """Name of the first cell of a text file's row that is not of its kind."""
        return self._opened(table).bad_cell(columns, raw)

    def unlike(
        self, table: str, column: str, need: Need, *, personal: bool = False
    ) -> Unlike | None:
        """Cells that do not suit a need, with file and line; see :meth:`Engine.unlike`."""
        return unlike(self, self._opened(table), column, need, personal=personal)

    def lacking(self, table: str, columns: Sequence[str]) -> Mapping[str, tuple[int, str]]:
        """Columns that the newest Parquet files lack; see :meth:`Engine.lacking`."""
        found = tables.lacking(self._opened(table), columns)
        return {name: (n, self.part_of(str(path))) for name, (n, path) in found.items()}

    def floating(self, table: str, column: str) -> Sequence[str]:
        """Newest Parquet files with a column of floats; see :meth:`Engine.floating`."""
        return [self.part_of(str(one)) for one in tables.floating(self._opened(table), column)]

    def unended(self, table: str) -> Sequence[str]:
        """Text files that end within a line; see :meth:`Engine.unended`."""
        found = self._open_ended(table)
        few = 2 * len(found) < len(self._opened(table).files.paths)
        return [self.part_of(str(path)) for path in found] if few else []

    def located(
        self, table: str, rows: Sequence[tuple[str, Mapping[str, str | None]]]
    ) -> list[str]:
        """File and line or row of some rows; see :meth:`Engine.located`."""
        opened, found = self._opened(table), dict[int, str]()
        for file in dict.fromkeys(file for file, _ in rows):
            mine = [place for place, (other, _) in enumerate(rows) if other == file]
            with self._connection.cursor() as cursor:
                told = located(cursor, opened, Path(file), [rows[place][1] for place in mine])
            for place, one in zip(mine, told, strict=True):
                found[place] = ", ".join(filter(None, (self.part_of(file), one)))
        return [found[place] for place in range(len(rows))]

    def first_where(self, table: str, column: str, test: Test) -> str:
        """The first cell that meets a test; see :meth:`Engine.first_where`."""
        return first_where(self, self._opened(table), column, test)

    def years_of(self, table: str, columns: Sequence[str]) -> zones.Years:
        """First and last year of some times, clamped to the years whose offsets are known.

        Read once: the files of an opened table do not change, or the pull is refused.
        """
        key = (table, tuple(columns))
        with self._lock:
            known = self._years_of.get(key)
        if known is None:
            known = self._first_and_last_year(table, columns)
            with self._lock:
                self._years_of[key] = known
        return known

    def _first_and_last_year(self, table: str, columns: Sequence[str]) -> zones.Years:
        raw = self.raw(table)
        ends = [
            made(sa.extract("year", self.stored(table, column, raw)))
            for column in columns
            for made in (sa.func.min, sa.func.max)
        ]
        statement = sa.select(*ends).select_from(raw)
        found = [
            min(max(int(column[0].as_py()), zones.FIRST_YEAR), zones.LAST_YEAR)
            for column in self._execute(f"years of {table}", *self._compiled(statement)).columns
            if column[0].as_py() is not None
        ]
        return (min(found), max(found)) if found else zones.ALL_YEARS

    def table(
        self,
        table: str,
        columns: Sequence[str] | None = None,
        within: Within | None = None,
        *,
        cells: bool = False,
        again: bool = False,
    ) -> sa.Subquery:
        """A declared table with its types; see :meth:`Engine.table`.

        What every statement of a pull would do anew is done once, and its result kept: text is
        split and cast, many small Parquet files are opened.
        """
        rows = super().table(table, columns, within, cells=cells)
        parts = within.parts if within is not None else None
        if not (again and self._readers and self._costs_more_than_rows(table, parts)):
            return rows
        key = (table, tuple(rows.c.keys()), within)
        with self._lock:
            if key not in self._typed:
                typed = sa.select(rows)
                self._typed[key] = self.materialise(f"typed_{table}", typed, few=bool(parts))
            return sa.select(self._typed[key]).subquery()

    def size(self, workspace: Workspace, model: str) -> int:
        """Bytes of the files of a model's tables, not opened; see :meth:`Engine.size`."""
        read = {block.table for _, block in blocks(workspace.models[model])}
        return sum(files.stored(one, self.root) for one in read)

    def _costs_more_than_rows(self, table: str, parts: Sequence[str] | None) -> bool:
        """Whether to open the files of a table costs more than to keep their rows."""
        opened = self._opened(table).files
        if opened.kind == "csv":
            return True
        chosen = None if parts is None else {self.root / one for one in parts}
        sizes = [
            size
            for path, (size, _) in zip(opened.paths, opened.stamps, strict=True)
            if chosen is None or path in chosen
        ]
        return len(sizes) > 1 and sum(sizes) <= _SMALL

    def run(self, name: str, statement: Statement, *, few: bool = False) -> pa.Table:
        """Run a statement; see :meth:`Engine.run`."""
        started = time.perf_counter()
        text, values = self._compiled(statement)
        result = self._execute(name, text, values, few=few)
        seconds = time.perf_counter() - started
        self.queries.append(Query(name, text, values, result.num_rows, seconds))
        return result

    def materialise(
        self, name: str, statement: Statement, *, few: bool = False, rows: int | None = None
    ) -> sa.TableClause:
        """The result of a statement as a table in memory; of a large source, in a temporary file.

        There its rows are packed, and leave memory without being written once more: a pull of 100
        million predictions is a sixth faster than with tables in memory that spill. But to pack
        them takes a third of the time of a join: rows that half of the memory holds stay in it.
        """
        started = time.perf_counter()
        columns = [sa.column(key, one.type) for key, one in statement.selected_columns.items()]
        large = not few and self._is_large()
        held = rows * _width(columns) if large and rows is not None else 0
        fits = held > 0 and 2 * (held + sum(self._held.values())) <= self._memory
        made = self._new(name, columns, KEPT if large and not fits else MADE)
        if fits:
            self._held[made.name] = held
        text, values = self._compiled(statement)
        created = self._execute(name, text, values, f"CREATE TABLE {self._quoted(made)} AS ")
        rows = int(created.column(0)[0].as_py())
        seconds = time.perf_counter() - started
        self.queries.append(Query(name, text, values, rows, seconds))
        return made

    def lookup(self, name: str, rows: pa.Table) -> sa.TableClause | None:
        """Rows of our own as a table in memory; see :meth:`Engine.lookup`."""
        if not self.can_materialise:
            return None
        started = time.perf_counter()
        made = self._new(name, [sa.column(one.name, _ARROW[one.type]) for one in rows.schema])
        with self._connection.cursor() as cursor:
            cursor.register(f"rows_of_{made.name}", rows)
            cursor.execute(f'CREATE TABLE {self._quoted(made)} AS FROM "rows_of_{made.name}"')
            cursor.unregister(f"rows_of_{made.name}")
        columns = ", ".join(rows.column_names)
        note = f"-- {self._quoted(made)}: rows of the connector's own, {columns}"
        seconds = time.perf_counter() - started
        self.queries.append(Query(name, note, {}, rows.num_rows, seconds))
        return made

    def drop(self, table: sa.FromClause) -> None:
        """Free a materialised result."""
        if isinstance(table, sa.TableClause) and table.schema in {MADE, KEPT}:
            self._held.pop(table.name, None)
            with self._connection.cursor() as cursor:
                cursor.execute(f"DROP TABLE IF EXISTS {self._quoted(table)}")

    def close(self) -> None:
        """Close the database and remove its temporary files; may be called twice."""
        self._connection.close()
        self._scratch.remove()

    def _is_large(self) -> bool:
        """Whether the files that were opened are many for the memory there is."""
        with self._lock:
            stamps = [size for one in self._tables.values() for size, _ in one.files.stamps]
        return self._on_disk and _LARGE * sum(stamps) > self._memory

    def _connect(self, kept: Path | None = None) -> duckdb.DuckDBPyConnection:
        connection = duckdb.connect(
            ":memory:",
            config={
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
                "allow_community_extensions": "false",
                "python_enable_replacements": "false",
                "memory_limit": self.source.memory_limit,
                "temp_directory": str(self._temporary),
                "max_temp_directory_size": "50GB",
            },
        )
        if self.source.threads is not None:
            connection.execute(f"SET GLOBAL threads = {self.source.threads}")
        connection.execute("SET GLOBAL TimeZone = 'UTC'")
        # Every statement would open each of a thousand files to learn their columns again; a file
        # that changes meanwhile is noticed by its time.
        connection.execute("SET GLOBAL parquet_metadata_cache = true")
        connection.execute(f"CREATE SCHEMA {MADE}")
        if kept is not None:
            self._on_disk = _attached(connection, kept)
        connection.execute(f"SET GLOBAL allowed_directories = [{delimited.quoted(str(self.root))}]")
        connection.execute("SET GLOBAL enable_external_access = false")
        connection.execute("SET GLOBAL lock_configuration = true")
        return connection

    def _opened(self, table: str) -> tables.FileTable:
        with self._lock:
            if table not in self._tables:
                self._tables[table] = tables.open_table(self, self._connection, table)
            return self._tables[table]

    def _new(
        self, name: str, columns: Sequence[sa.ColumnClause[Any]], schema: str = MADE
    ) -> sa.TableClause:
        """Name of a table to be made, with a number of its own."""
        with self._lock:
            self._made += 1
            return sa.table(f"{name}_{self._made}", *columns, schema=schema)

    def _compiled(self, statement: Statement) -> tuple[str, dict[str, Any]]:
        compiled = statement.compile(
            dialect=self.dialect, compile_kwargs={"render_postcompile": True}
        )
        values = compiled.construct_params()
        order = getattr(compiled, "positiontup", None) or []
        return str(compiled), {key: values[key] for key in order}

    def _quoted(self, table: sa.TableClause) -> str:
        return self.dialect.identifier_preparer.format_table(table)

    def _execute(
        self, name: str, text: str, values: dict[str, Any], prefix: str = "", *, few: bool = False
    ) -> pa.Table:
        """Run one SELECT, optionally into a table, and see that no file changed meanwhile.

        Within :meth:`reading` that is seen at its end, once for all statements. A statement whose
        rows are few is planned once and they are copied; of many rows a copy is what costs.
        """
        place = f"sources.{self.name}, statement {name}"
        try:
            with self._connection.cursor() as cursor, running(cursor.interrupt):
                # Text is parsed as seldom as can be: of short statements it is a fifth of the time.
                parsed = cursor.extract_statements(prefix + text)
                wanted = duckdb.StatementType.CREATE if prefix else duckdb.StatementType.SELECT
                if [one.type for one in parsed] != [wanted]:
                    raise SourceError(not_a_select(self))
                given = list(values.values()) or None
                if prefix:
                    rows = cursor.execute(parsed[0], given).fetchall()
                    result = pa.table({"rows": [rows[0][0]]})
                elif few:
                    result = cursor.execute(parsed[0], given).to_arrow_table()
                else:
                    result = cursor.sql(parsed[0], params=given).to_arrow_table()
        except duckdb.Error as error:
            self._same_files()  # a file that changed explains more than the engine's own words
            if odd := [one for name in self._tables for one in self._mistyped(error, name)]:
                raise SourceError(*odd) from None
            read = [(name, path) for name, one in self._tables.items() for path in one.files.paths]
            damaged = self.damaged(read) if unforeseen(error) else []
            raise (SourceError(*damaged) if damaged else in_words(place, error)) from None
        if not self._readers:
            self._same_files()
        return result

    def _mistyped(self, error: duckdb.Error, table: str) -> list[Finding]:
        """Columns of another type in some Parquet files, where that is what failed."""
        failed = isinstance(error, duckdb.ConversionException | duckdb.InvalidInputException)
        return mistyped(self, table, self._tables[table]) if failed else []

    def damaged(self, read: Sequence[tuple[str, Path]]) -> list[Finding]:
        """Parquet files that cannot be read to their end, of those of some tables."""
        there = [(table, path) for table, path in read if path.suffix == ".parquet"]
        probe = self._connect()  # the engine's own may be of no use any more
        causes = [tables.unreadable(probe, path) for _, path in there]
        probe.close()
        return [
            tables.damaged(self, table, path, cause)
            for (table, path), cause in zip(there, causes, strict=True)
            if cause is not None
        ]

    @contextmanager
    def reading(self) -> Iterator[None]:
        """All statements within read the same files; see :meth:`Engine.reading`."""
        with self._lock:
            self._readers += 1
        try:
            yield
        except ValuekitError:
            self._same_files()  # a file that changed explains more than what came of it
            raise
        finally:
            with self._lock:
                self._readers -= 1
                within = bool(self._readers)
                while self._typed and not within:
                    self.drop(self._typed.popitem()[1])
        if not within:  # else whoever reads on sees to it at the end
            self._same_files()

    def _same_files(self) -> None:
        """See that the files of all opened tables are as they were when opened.

        Raises:
            SourceError: some changed or vanished.
        """
        found = []
        for table, one in self._tables.items():
            if one.files.unchanged():
                continue
            if gone := one.files.gone():
                names = [str(path.relative_to(self.root)) for path in gone]
                found.append(vanished_file(self, table, names))
            else:
                names = [str(path.relative_to(self.root)) for path in one.files.changed()]
                found.append(changed_file(self, table, names))
        if found:
            raise SourceError(*found)


def _width(columns: Sequence[sa.ColumnClause[Any]]) -> int:
    """Bytes of a row in memory, of text as much as most names and ids have."""
    return sum(_BYTES.get(type(one.type), _TEXT) for one in columns)


def _attached(connection: duckdb.DuckDBPyConnection, path: Path) -> bool:
    """Whether there is a database for results on disk; where it has no room they stay in memory."""
    try:
        connection.execute(f"ATTACH {delimited.quoted(str(path))} AS {KEPT}")
    except duckdb.IOException:
        return False
    return True
