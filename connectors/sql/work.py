"""One model's pull in progress: the engine, what is declared, and every statement counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pandas as pd
import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from connectors.base import Engine
from connectors.sql.scope import Slice
from valuekit.errors import Finding, SourceError
from valuekit.source import Progress, Registered
from valuekit.text import cut
from valuekit.workspace.declare import Block, Model, Workspace

Expression = sa.ColumnElement[Any]
Statement = sa.Select[*tuple[Any, ...]]
Columns = ReadOnlyColumnCollection[str, Any]
_FEW = 100  # days of which facts are so few rows that to copy them costs nothing


@dataclass(slots=True)
class Work:
    """What every step of a pull needs.

    Attributes:
        engine: The engine that runs the statements.
        workspace: The whole workspace.
        name: Name of the model.
        registered: What was frozen for this model before.
        progress: Told before each statement.
        expected: How many statements there will be, roughly; only the progress depends on it.
        done: How many there were so far.
        kept: Tables made in the engine, to be freed at the end.
        grids: Tables of :mod:`connectors.sql.bins`, by their edges.
        slice: The days that are computed again; None for a whole pull.
        back: Whether tables are read whole, to look something up for a slice.
        noted: Registrations made in passing.
        crossing: Days on which units appear in another arm than their first.
    """

    engine: Engine
    workspace: Workspace
    name: str
    registered: Sequence[Registered]
    progress: Progress
    expected: int = 20
    done: int = 0
    kept: list[sa.FromClause] = field(default_factory=list)
    grids: dict[tuple[float, ...], sa.FromClause | None] = field(default_factory=dict)
    slice: Slice | None = None
    back: bool = False
    noted: list[Registered] = field(default_factory=list)
    crossing: set[date] = field(default_factory=set)

    @property
    def model(self) -> Model:
        """The declared model."""
        return self.workspace.models[self.name]

    def table(
        self, role: str, block: Block, columns: Sequence[str], *, cells: bool = False
    ) -> sa.Subquery:
        """A table of the model with its types: its rows, or those that a slice reads."""
        within = None
        if self.slice is not None:
            whole = self.slice.everything
            within = whole if self.back else self.slice.within(self.model, role, block)
        return self.engine.table(block.table, columns, within, cells=cells, again=not cells)

    def run(self, name: str, statement: Statement) -> pd.DataFrame:
        """The result of a statement; whole numbers as int64, other numbers as float64."""
        self._tell(name)
        try:
            return _frame(self._run(name, statement))
        except pa.ArrowInvalid as error:
            raise _too_large(f"models.{self.name}, statement {name}", error) from None

    def row(self, name: str, statement: Statement) -> dict[str, Any]:
        """The only row of a statement."""
        self._tell(name)
        rows: list[dict[str, Any]] = self._run(name, statement, few=True).to_pylist()
        return rows[0]

    def rows(self, name: str, statement: Statement) -> list[dict[str, Any]]:
        """The rows of a statement that has few."""
        self._tell(name)
        made: list[dict[str, Any]] = self._run(name, statement, few=True).to_pylist()
        return made

    def keep(self, name: str, statement: Statement, *, rows: int | None = None) -> sa.FromClause:
        """The result of a statement, for use by later ones in the engine.

        Args:
            name: What it is of.
            statement: What to select.
            rows: How many they are at most, where that is known.
        """
        self._tell(name)
        made = self.engine.materialise(name, statement, few=self._few, rows=rows)
        self.kept.append(made)
        return made

    def lookup(self, name: str, rows: pa.Table) -> sa.FromClause | None:
        """Rows of our own in the engine, for use by later statements; None where it takes none."""
        made = self.engine.lookup(name, rows)
        if made is not None:
            self.kept.append(made)
        return made

    def drop(self, made: sa.FromClause) -> None:
        """Free a kept result that no later statement needs."""
        if made in self.kept:
            self.kept.remove(made)
            self.engine.drop(made)

    def clear(self) -> None:
        """Free all kept results."""
        while self.kept:
            self.engine.drop(self.kept.pop())

    def frozen(self, kind: str, name: str) -> Registered | None:
        """The latest registration of this model with a kind and name."""
        found = [
            one
            for one in (*self.registered, *self.noted)
            if (one.model, one.kind, one.name) == (self.name, kind, name)
        ]
        return found[-1] if found else None

    def _run(self, name: str, statement: Statement, *, few: bool = False) -> pa.Table:
        """The result of a statement."""
        return self.engine.run(f"{self.name}: {name}", statement, few=few or self._few)

    @property
    def _few(self) -> bool:
        """Whether every result has few rows: that of a slice of few days."""
        part = self.slice
        return part is not None and (part.last - part.first).days < _FEW

    def _tell(self, what: str) -> None:
        self.progress(what, min(self.done / self.expected, 0.99))
        self.done += 1


def _too_large(place: str, error: Exception) -> SourceError:
    """A sum that no whole number of 64 bits holds."""
    return SourceError(
        Finding(
            place=place,
            value=cut(str(error).strip().splitlines()[0], 120),
            rule="a sum of whole numbers is larger than 64 bits hold",
            remedy="Correct the values in the source; no count or quantity is that large.",
            code="overflow",
        )
    )


def _frame(table: pa.Table) -> pd.DataFrame:
    """An Arrow table as a frame; engines return sums of integers as wide decimals."""
    for place, one in enumerate(table.schema):
        if pa.types.is_decimal(one.type):
            whole = one.type.scale == 0
            kind = pa.int64() if whole else pa.float64()
            table = table.set_column(place, one.name, table.column(place).cast(kind))
    made: pd.DataFrame = table.to_pandas(date_as_object=False)
    return made
