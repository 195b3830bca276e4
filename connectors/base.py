"""What every engine offers: typed tables, statements run where the data lies, nothing written.

An engine knows how to *reach* tables; what is asked of them is written once, in
``connectors.sql``, with SQLAlchemy Core and the portable constructs of
:mod:`connectors.dialects`.
"""

from __future__ import annotations

import abc
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa
import sqlalchemy as sa

from connectors import dialects, zones
from connectors.findings import naive_timestamp, no_columns, unusable_column
from connectors.rejects import Rejected
from valuekit.errors import Finding, SourceError
from valuekit.incremental.plan import Plan
from valuekit.incremental.survey import Survey
from valuekit.source import Check, Progress, Pull, Query, Registered
from valuekit.uplift.assignment import Shares
from valuekit.workspace.declare import Source, Workspace

if TYPE_CHECKING:
    import pandas as pd
    from sqlalchemy.engine import Dialect

    from connectors.unlike import Need, Test, Unlike

ColumnType = Literal[
    "int", "float", "decimal", "bool", "text", "date", "timestamp", "timestamptz", "other"
]

Statement = sa.Select[*tuple[Any, ...]]

#: Column of every :meth:`Engine.table`: name of the first column whose cell could not be read as
#: its type (text files), else NULL. Such rows are quarantined by whoever counts rows.
BAD_CELL = "valuekit_bad_cell"

#: Column of every :meth:`Engine.table`: name of the first column with a wall-clock time that never
#: was, because the clocks of the source's zone jumped over it, else NULL. Quarantined likewise.
NO_SUCH_TIME = "valuekit_no_such_time"
#: Column of :meth:`Engine.raw` with the file of a row, where tables are made of files.
OPEN = "-open"  # ends the stamp of a text file whose last line may go on
FILE = "valuekit_file"
#: Columns of :meth:`Engine.table` with ``cells``: this and the place of the column wanted.
CELL = "valuekit_cell_"


@dataclass(frozen=True, slots=True)
class Within:
    """The part of a table that is read: some of its files, a range of days of one column.

    The range is widened by a day at either end, so that it may be compared with times as they
    are stored, whatever their zone: whoever needs exact days cuts the result.
    """

    parts: tuple[str, ...] | None = None
    column: str | None = None
    first: date | None = None
    last: date | None = None
    years: zones.Years | None = None


_TYPES: Mapping[str, sa.types.TypeEngine[Any]] = {
    "int": sa.BigInteger(),
    "float": sa.Double(),
    "decimal": sa.Numeric(),
    "bool": sa.Boolean(),
    "text": sa.String(),
    "date": sa.Date(),
    "timestamp": sa.DateTime(),
    "timestamptz": sa.DateTime(),
}
_NAIVE = _TYPES["timestamp"]


class Engine(abc.ABC):
    """One engine over one declared source, read-only.

    Attributes:
        name: Name of the source in the workspace.
        source: Its declaration.
        workspace: The whole workspace.
        zone: Reporting zone; days are cut in it.
        queries: Every statement that was run, in order.
        now: The moment of the run: rows after it are held back. None: no row is too late.
        told: Model -> what its tables are warned of, where they have been looked at.
        dialect: SQLAlchemy dialect that statements are compiled for.
        can_materialise: Whether :meth:`materialise` makes a real table (else a CTE).
    """

    dialect: Dialect
    can_materialise: bool

    def __init__(self, name: str, source: Source, folder: Path, workspace: Workspace) -> None:
        """Remember the declaration; subclasses connect.

        Args:
            name: Name of the source.
            source: Its declaration.
            folder: Folder of the workspace file, where relative paths start.
            workspace: The whole workspace.
        """
        self.name = name
        self.source = source
        self.folder = folder
        self.workspace = workspace
        self.zone = workspace.workspace.timezone
        self.queries: list[Query] = []
        self.now: datetime | None = None
        self.told: dict[str, tuple[Finding, ...]] = {}
        self._from = source.timezone or "UTC"
        self._years: zones.Years | None = None

    @abc.abstractmethod
    def columns(self, table: str) -> dict[str, ColumnType]:
        """Columns of a table and what each holds, in the table's order.

        Raises:
            SourceError: the table is missing, unreadable or against a rule.
        """

    @property
    def signature(self) -> str:
        """Engine and version: row hashes of two signatures are not comparable."""
        return self.dialect.name

    def parts(self, table: str) -> Mapping[str, tuple[str, int]]:
        """Files of a table with what tells that each is unchanged, and its bytes.

        An engine without files has one part without a name, a stamp and a size.
        """
        del table
        return {"": ("", 0)}

    def part_of(self, file: str) -> str:
        """Name in :meth:`parts` of a value of the column :data:`FILE`."""
        return file

    @abc.abstractmethod
    def raw(self, table: str, parts: Sequence[str] | None = None) -> sa.FromClause:
        """The table as the engine sees it, untyped: all columns, nothing converted.

        Args:
            table: Name as declared.
            parts: Files to read, of :meth:`parts`; None for all.
        """

    @abc.abstractmethod
    def run(self, name: str, statement: Statement, *, few: bool = False) -> pa.Table:
        """Run a statement and keep its text, parameters, row count and time in ``queries``.

        Args:
            name: What it is for.
            statement: What to select.
            few: Whether its rows are few: an engine may plan them sooner and copy them once more.

        Raises:
            SourceError: the engine refused or failed, with the cause in words.
        """

    def materialise(
        self, name: str, statement: Statement, *, few: bool = False, rows: int | None = None
    ) -> sa.TableClause | sa.CTE:
        """The result of a statement for reuse: a table of the engine's own, else a CTE.

        Args:
            name: What it is of.
            statement: What to select.
            few: Whether its rows are few, however large the source is.
            rows: How many they are at most, where that is known.
        """
        del few, rows
        return statement.cte(name)

    def lookup(self, name: str, rows: pa.Table) -> sa.TableClause | None:
        """Rows of our own as a table to join with; None where an engine takes none from us."""
        del name, rows
        return None

    def reading(self) -> AbstractContextManager[None]:
        """What the statements within read is the same for all of them, else it is refused.

        Raises:
            SourceError: at its end, a table is not what it was when it was opened.
        """
        return nullcontext()

    def drop(self, table: sa.FromClause) -> None:
        """Forget a materialised result; nothing to do for a CTE."""
        del table

    def quarantined(self, table: str) -> Mapping[str, int]:
        """Rows of the file that could not be split into columns, by rule.

        They are in no :meth:`table`; whoever counts rows adds them to read and quarantined.
        """
        del table
        return {}

    def rejected(self, table: str) -> Sequence[Rejected]:
        """Examples of these rows, at most 20 a rule."""
        del table
        return ()

    def unlike(
        self, table: str, column: str, need: Need, *, personal: bool = False
    ) -> Unlike | None:
        """Cells of a column that do not suit a need, for a message; None where none can be told."""
        del table, column, need, personal
        return None

    def lacking(self, table: str, columns: Sequence[str]) -> Mapping[str, tuple[int, str]]:
        """Columns that the newest files of a table lack: how many in a row, and the newest."""
        del table, columns
        return {}

    def floating(self, table: str, column: str) -> Sequence[str]:
        """Newest files of a table that hold a column as floats, where others of them do not."""
        del table, column
        return ()

    def unended(self, table: str) -> Sequence[str]:
        """Text files of a table that end within a line, unlike the others."""
        del table
        return ()

    def first_where(self, table: str, column: str, test: Test) -> str:
        """The first cell that meets a test, with its file, for a message; empty where unknown."""
        del table, column, test
        return ""

    def located(
        self, table: str, rows: Sequence[tuple[str, Mapping[str, str | None]]]
    ) -> list[str]:
        """File and, where it can be told, line or row of some rows of files.

        Args:
            table: Name as declared.
            rows: The file of each row, as in :data:`FILE`, and its cells as they were written.
        """
        del table
        return [self.part_of(file) for file, _ in rows]

    @abc.abstractmethod
    def close(self) -> None:
        """Release the connection and all that it made."""

    def kind(self, table: str, column: str) -> ColumnType:
        """What a column holds.

        Raises:
            SourceError: there is no such column.
        """
        return self._known(table, [column])[column]

    def table(
        self,
        table: str,
        columns: Sequence[str] | None = None,
        within: Within | None = None,
        *,
        cells: bool = False,
        again: bool = False,
    ) -> sa.Subquery:
        """A declared table with its types: only the given columns are read.

        Points in time come as naive UTC ``DateTime`` (converted from the column's own zone, or
        the zone declared for the source), dates as ``Date``, everything else as stored. Two
        extra columns, :data:`BAD_CELL` and :data:`NO_SUCH_TIME`, name the first cell of a row
        that cannot be read, or the first time that never was, else NULL.

        Args:
            table: Name as declared in the workspace.
            columns: Columns wanted; None for all usable ones.
            within: The part that is read; None for all.
            cells: Whether each column also comes as the text that was written, for examples of
                rows that are held back.
            again: Whether the rows will be read more than once: an engine may keep them.

        Raises:
            SourceError: a column is missing, of an unusable type, or a naive timestamp in a
                source without a declared zone. All of them are reported at once.
        """
        del again
        kinds = self._known(table, columns)
        findings = [
            *(unusable_column(self, table, c) for c, kind in kinds.items() if kind == "other"),
            *(
                naive_timestamp(self, table, c)
                for c, kind in kinds.items()
                if kind == "timestamp" and self.source.timezone is None
            ),
        ]
        if findings:
            raise SourceError(*findings)
        within = within or Within()
        self._widen(table, kinds, within.years)
        raw = self.raw(table, within.parts)
        typed = [self._utc(self.stored(table, c, raw), k).label(c) for c, k in kinds.items()]
        bad = self.bad_cell(table, list(kinds), raw).label(BAD_CELL)
        never = self._no_such_time(table, kinds, raw).label(NO_SUCH_TIME)
        texts: list[sa.ColumnElement[Any]] = [
            dialects.to_text(raw.c[column]).label(f"{CELL}{place}")
            for place, column in enumerate(kinds if cells else ())
        ]
        if cells and FILE in raw.c:
            texts.append(raw.c[FILE])
        found = sa.select(*typed, bad, never, *texts).select_from(raw)
        return found.where(*self._range(table, within, raw)).subquery()

    def typed(
        self, table: str, column: str, parts: Sequence[str] | None = None
    ) -> sa.ColumnElement[Any]:
        """One column of :meth:`raw` with its type, times as naive UTC."""
        kinds = self._known(table, [column])
        self._widen(table, kinds, None)
        return self._utc(self.stored(table, column, self.raw(table, parts)), kinds[column])

    def stored(self, table: str, column: str, raw: sa.FromClause) -> sa.ColumnElement[Any]:
        """One column of a :meth:`raw` table as its kind, times as they were written."""
        del table
        return raw.c[column]

    def bad_cell(
        self, table: str, columns: Sequence[str], raw: sa.FromClause
    ) -> sa.ColumnElement[Any]:
        """Name of the first of these cells of a row that is not of its kind; NULL if none is."""
        del table, columns, raw
        return sa.cast(sa.null(), sa.String())

    def _no_such_time(
        self, table: str, kinds: Mapping[str, ColumnType], raw: sa.FromClause
    ) -> sa.ColumnElement[Any]:
        naive = [c for c, kind in kinds.items() if kind == "timestamp"]
        none = sa.cast(sa.null(), sa.String())
        if not naive or not zones.changes(self._from):
            return none
        stored = {c: sa.type_coerce(self.stored(table, c, raw), _NAIVE) for c in naive}
        times = {c: dialects.instant(value) for c, value in stored.items()}
        tests = [
            (zones.skipped(time, self._from, self.years), sa.literal(c, sa.String()))
            for c, time in times.items()
        ]
        return sa.case(*tests, else_=none)

    def _range(
        self, table: str, within: Within, raw: sa.FromClause
    ) -> list[sa.ColumnElement[bool]]:
        """A range of days on the stored column itself: files and pages are skipped by it."""
        if within.column is None or within.first is None or within.last is None:
            return []
        value = self.stored(table, within.column, raw)
        first, last = within.first - timedelta(days=1), within.last + timedelta(days=2)
        ends = [dialects.moment(datetime.combine(one, time())) for one in (first, last)]
        if self.kind(table, within.column) == "date":
            ends = [dialects.day(one) for one in ends]
        return [value >= ends[0], value < ends[1]]

    def _utc(self, stored: sa.ColumnElement[Any], kind: ColumnType) -> sa.ColumnElement[Any]:
        typed = sa.type_coerce(stored, _TYPES[kind])
        if kind == "timestamptz":
            return dialects.instant(typed)
        if kind == "timestamp":
            return zones.to_utc(dialects.instant(typed), self._from, self.years)
        return typed

    def local_day(self, time: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
        """Day of a point in time (naive UTC) or date, in the workspace's zone."""
        return zones.local_day(time, self.zone, self.years)

    @property
    def plain_days(self) -> bool:
        """Whether :meth:`local_day` costs next to nothing, in a zone that keeps its offset."""
        return not zones.changes(self.zone)

    @property
    def years(self) -> zones.Years:
        """Years that the times of all tables opened so far lie in."""
        return self._years or zones.ALL_YEARS

    def years_of(self, table: str, columns: Sequence[str]) -> zones.Years:
        """Years that these times lie in; engines that can tell cheaply make SQL shorter."""
        del table, columns
        return zones.ALL_YEARS

    def _widen(
        self, table: str, kinds: Mapping[str, ColumnType], known: zones.Years | None
    ) -> None:
        times = [column for column, kind in kinds.items() if kind.startswith("timestamp")]
        if times and any(zones.changes(zone) for zone in (self.zone, self._from)):
            new = known or self.years_of(table, times)
            old = self._years or new
            self._years = min(old[0], new[0]), max(old[1], new[1])

    def size(self, workspace: Workspace, model: str) -> int:
        """How much there is to read of a model, in bytes; 0 when it is not known beforehand.

        Only the progress of a run depends on it.
        """
        del workspace, model
        return 0

    def survey(self, workspace: Workspace, model: str, known: Survey | None) -> Survey:
        """Fingerprints of a model's tables by file and day; unchanged files are not read."""
        from connectors.sql.survey import survey

        with self.reading():
            return survey(self, workspace, model, known)

    def suspect(
        self, workspace: Workspace, model: str, counts: Mapping[str, Mapping[str, int]]
    ) -> None:
        """Refuse tables of which too many rows break one rule, by the counts of all days.

        Raises:
            SourceError: times in a wrong unit, scores that are percentages.
        """
        from connectors.sql.suspects import suspects
        from connectors.sql.work import Work

        suspects(Work(self, workspace, model, (), lambda _what, _share: None, 1), counts)

    def shape(
        self, workspace: Workspace, model: str, registered: Sequence[Registered], day: date
    ) -> tuple[tuple[Finding, ...], tuple[Registered, ...]]:
        """What to warn of in a model's tables, and what changed in their columns since then."""
        from connectors.sql.refuse import refuse
        from connectors.sql.shape import shape
        from connectors.sql.work import Work

        work = Work(self, workspace, model, registered, lambda _what, _share: None)
        findings, made = shape(work, day)
        return (*refuse(self, workspace, model), *findings), tuple(made)

    def check(self, workspace: Workspace, model: str) -> Check:
        """Validate a model's declarations against the real tables; nothing is stored."""
        from connectors.sql.check import check

        with self.reading():
            return check(self, workspace, model)

    def pull(
        self,
        workspace: Workspace,
        model: str,
        registered: Sequence[Registered],
        progress: Progress,
        plan: Plan | None = None,
    ) -> Pull:
        """Compute the facts of a model where the data lies: all of them, or those of a plan."""
        from connectors.sql import pull

        with self.reading():
            return pull(self, workspace, model, registered, progress, plan)

    def split(
        self,
        workspace: Workspace,
        model: str,
        registered: Sequence[Registered],
        *,
        metric: str,
        salt: str,
        shares: Shares,
    ) -> pd.DataFrame:
        """A metric of past units by the arm that a salt would give them, for an A/A check."""
        from connectors.sql.split import split

        with self.reading():
            return split(
                self, workspace, model, registered, metric=metric, salt=salt, shares=shares
            )

    def _known(self, table: str, columns: Sequence[str] | None) -> dict[str, ColumnType]:
        there = self.columns(table)
        if columns is None:
            naive = self.source.timezone is None
            skip = {"other", "timestamp"} if naive else {"other"}
            return {c: kind for c, kind in there.items() if kind not in skip}
        missing = [column for column in columns if column not in there]
        if missing:
            raise SourceError(*no_columns(self, table, missing, there))
        return {column: there[column] for column in dict.fromkeys(columns)}
