"""Cells that do not suit what their column is needed for: how many, and where the first one is.

Asked only when a message is written: the whole table is counted, and the first such cell is looked
up in its file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa

from connectors import delimited
from connectors.base import FILE
from connectors.dialects import to_text
from valuekit.errors import SourceError
from valuekit.quarantine.redact import cell as shown_cell

if TYPE_CHECKING:
    from connectors.duckdb import DuckDBConnector
    from connectors.tables import FileTable

# What a cell must be: a number, a time, a time with its zone, of the kind of its column, nothing
# that it is.
Need = Literal["number", "time", "zoned", "kind", "other"]
Test = Callable[[sa.ColumnElement[Any]], sa.ColumnElement[bool]]
_LOST: Mapping[Need, str] = {
    "number": "are no numbers",
    "time": "are no dates or times",
    "zoned": "name no zone",
    "kind": "cannot be read",
    "other": "are of this type",
}
_SUITS: Mapping[Need, Callable[[pa.DataType], bool]] = {
    "number": lambda kind: any(
        test(kind)
        for test in (
            pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal, pa.types.is_boolean,
        )
    ),
    "time": lambda kind: pa.types.is_date(kind) or pa.types.is_timestamp(kind),
    "zoned": lambda kind: not pa.types.is_timestamp(kind) or kind.tz is not None,
    "kind": lambda _kind: True,
    "other": lambda _kind: False,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Unlike:
    """Cells of a column that do not suit a need.

    Attributes:
        rows: How many there are.
        filled: Cells of the column that hold anything.
        files: Files that hold such cells.
        of: Files of the table.
        first: The first of them as it may be shown.
        where: Its file and, where it was found, its line or row.
        comma: Whether nearly all cells are numbers with the other decimal sign.
        need: What they do not suit.
        typed: Whether the type of the column says so, not the text of its cells.
    """

    rows: int
    filled: int
    files: int
    of: int
    first: str
    where: str
    comma: bool
    need: Need
    typed: bool = False

    def __str__(self) -> str:
        """How many of how many, and the first one with its place.

        >>> str(Unlike(6, 40, 1, 2, "n/a", "b.csv, line 2", False, "number"))
        "6 of 40 cells, in 1 of 2 files, are no numbers, the first 'n/a' in b.csv, line 2"
        """
        files = f", in {self.files:,} of {self.of:,} files," if self.of > 1 else ""
        return (
            f"{self.rows:,} of {self.filled:,} cells{files} {_LOST[self.need]}, "
            f"the first {self.first!r} in {self.where}"
        )


def unlike(
    engine: DuckDBConnector, opened: FileTable, column: str, need: Need, *, personal: bool = False
) -> Unlike | None:
    """The cells of a column that do not suit a need; None when there are none to be found.

    Args:
        engine: The engine over the files.
        opened: The table.
        column: One of its columns.
        need: What the cells are needed for.
        personal: Whether they name units, and are masked.
    """
    find = _of_text if opened.files.kind == "csv" else _of_parquet
    try:
        return find(engine, opened, column, need, personal=personal)
    except (SourceError, OSError, pa.ArrowException):
        return None  # what is wrong with the files is another message's


def _of_text(
    engine: DuckDBConnector, opened: FileTable, column: str, need: Need, *, personal: bool
) -> Unlike | None:
    raw, marks = opened.view, opened.marks
    test = _odd(raw.c[column], opened, column, need)
    first = sa.select(raw.c[column].label("cell"), raw.c[FILE].label("file")).where(test)
    found = engine.run(f"first odd cell of {column}", first.limit(sa.literal_column("1")))
    if not found.num_rows:
        return None
    text, file = (str(found.column(name)[0].as_py()) for name in ("cell", "file"))
    place = opened.place(Path(file), column)
    line = None if place is None else delimited.line_of(Path(file), marks, place, text)
    counts = engine.run(f"odd cells of {column}", _counts(opened, column, test)).to_pylist()[0]
    return Unlike(
        rows=counts["rows"],
        filled=counts["filled"],
        files=counts["files"],
        of=len(opened.files.paths),
        first=shown_cell(text, personal=personal),
        where=engine.part_of(file) + (f", line {line:,}" if line is not None else ""),
        comma=need == "number" and counts["comma"] >= delimited.USABLE * counts["filled"],
        need=need,
    )


def first_where(
    engine: DuckDBConnector, opened: FileTable, column: str, test: Test, *, personal: bool = False
) -> str:
    """The first cell whose value meets a test, with its file and line; empty when none does.

    Args:
        engine: The engine over the files.
        opened: The table.
        column: One of its columns.
        test: What is asked of the value, times as they were written.
        personal: Whether the cells name units, and are masked.
    """
    raw = opened.view
    wanted = sa.select(to_text(raw.c[column]).label("cell"), raw.c[FILE].label("file"))
    statement = wanted.where(test(opened.stored(column, raw))).limit(sa.literal_column("1"))
    try:
        found = engine.run(f"first cell of {column}", statement).to_pylist()
    except SourceError:
        return ""
    if not found:
        return ""
    text, file = found[0]["cell"], found[0]["file"]
    where = engine.part_of(file)
    if opened.files.kind == "csv":
        place = opened.place(Path(file), column)
        line = None if place is None else delimited.line_of(Path(file), opened.marks, place, text)
        where += f", line {line:,}" if line is not None else ""
    return f"the first {shown_cell(text, personal=personal)!r} in {where}"


def _counts(
    opened: FileTable, column: str, test: sa.ColumnElement[bool]
) -> sa.Select[*tuple[Any, ...]]:
    """One row: filled cells, odd ones, their files, numbers with the other decimal sign."""
    raw, marks = opened.view, opened.marks
    cell = raw.c[column]
    filled = delimited.filled(cell)
    other = delimited.Marks(marks.separator, "." if marks.decimal == "," else ",")
    cases = {
        "filled": sa.case((filled, 1)),
        "rows": sa.case((test, 1)),
        "files": sa.distinct(sa.case((test, raw.c[FILE]))),
        "comma": sa.case((sa.and_(filled, delimited.fits(cell, "float", other)), 1)),
    }
    counted = [sa.func.count(one).label(name) for name, one in cases.items()]
    return sa.select(*counted).select_from(raw)


def _odd(
    cell: sa.ColumnElement[Any], opened: FileTable, column: str, need: Need
) -> sa.ColumnElement[bool]:
    """Whether a filled cell of a text file does not suit a need."""
    marks = opened.marks
    if need == "kind":
        return delimited.bad(cell, opened.kinds[column], marks)
    kinds: Mapping[Need, Sequence[delimited.Kind]] = {
        "number": ("float", "bool"),
        "time": ("date", "timestamp", "timestamptz"),
        "zoned": ("date", "timestamptz"),
    }
    if need == "time":  # whether some name a zone and others none is asked apart
        marks = replace(marks, utc=True)
    tests = [delimited.fits(cell, one, marks) for one in kinds.get(need, ())]
    suits = sa.func.coalesce(sa.or_(*tests), sa.false()) if tests else sa.false()
    return sa.and_(delimited.filled(cell), sa.not_(suits))


def _of_parquet(
    engine: DuckDBConnector, opened: FileTable, column: str, need: Need, *, personal: bool
) -> Unlike | None:
    """Types hold for a whole file: the files of another type are named."""
    odd = [path for path in opened.files.paths if not suits(path, column, need)]
    count = sa.select(sa.func.count(opened.view.c[column]).label("n")).select_from(opened.view)
    filled = engine.run(f"cells of {column}", count).to_pylist()[0]["n"]
    cells = {path: pq.read_table(path, columns=[column]).column(0) for path in odd}
    there = {path: one for path, one in cells.items() if one.null_count < len(one)}
    if not there:
        return None
    path, first = next(iter(there.items()))
    place = next(place for place, one in enumerate(first) if one.is_valid)
    return Unlike(
        rows=sum(len(one) - one.null_count for one in there.values()),
        filled=filled,
        files=len(there),
        of=len(opened.files.paths),
        first=shown_cell(str(first[place].as_py()), personal=personal),
        where=f"{engine.part_of(str(path))}, row {place + 1:,}",
        comma=False,
        need=need,
        typed=True,
    )


def suits(path: Path, column: str, need: Need) -> bool:
    """Whether a file's column is of a type that suits a need; one that is not there does."""
    schema = pq.read_schema(path)
    return column not in schema.names or _SUITS[need](schema.field(column).type)
