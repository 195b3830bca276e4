"""A slice of a model's days: which source rows are read so that the facts of its days are right.

A slice runs the statements of a whole pull over fewer rows. What a row depends on lies within the
plan's reach, apart from what is looked up by key in all days: the first exposure of units, earlier
predictions of a key, ids that come again. Where even that does not do, :class:`Unbounded` is raised
and the model is pulled whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd

from connectors.base import Within
from connectors.sql.when import when_column
from valuekit.incremental.plan import SLACK, Plan
from valuekit.incremental.prints import NO_DAY
from valuekit.incremental.survey import span
from valuekit.workspace.declare import Block, Model

_MARGIN = 5  # years around all known days in which offsets of zones are exact


class Unbounded(Exception):  # noqa: N818  a turn of the road, not an error
    """Days outside the slice depend on what changed; the message says why."""


@dataclass(frozen=True, slots=True)
class Slice:
    """Days whose facts are computed again.

    Attributes:
        first: First of them.
        last: Last of them.
        plan: The plan that they belong to.
    """

    first: date
    last: date
    plan: Plan

    @property
    def read(self) -> tuple[date, date]:
        """Days of which predictions and outcomes are read."""
        wide = timedelta(days=self.plan.reach)
        return self.first - wide, self.last + wide

    @property
    def everything(self) -> Within:
        """All rows of a table."""
        days = [day for table in self.plan.survey.tables.values() for day in table.days]
        ends = span(days)
        if ends is None:
            return Within()
        return Within(years=(ends[0].year - _MARGIN, ends[1].year + _MARGIN))

    def within(self, model: Model, role: str, block: Block) -> Within:
        """The part of a table that is read."""
        whole, column = self.everything, when_column(model, block)
        lags = role == "outcomes" and model.task == "forecast"
        if role in {"assignments", "panel"} or lags or column is None:
            return whole
        first, last = self.read
        if role == "outcomes" and self.plan.undisputed:
            # No two outcomes ever were of one prediction: one of an earlier day takes the credit
            # of no later one, and is of a prediction whose facts are not wanted.
            first = self.first - timedelta(days=SLACK)
        return self.between(role, column, first, last)

    def between(self, role: str, column: str, first: date, last: date) -> Within:
        """The rows of some days of a table, in the files that have any."""
        parts = self._parts(role, first - timedelta(days=1), last + timedelta(days=1))
        return Within(parts or None, column, first, last, self.everything.years)

    def changed(self, role: str) -> frozenset[date]:
        """Days of a table that changed."""
        return self.plan.changed.get(role, frozenset())

    def cut(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Rows of the days that are computed again."""
        day = frame["day"]
        inside = (day >= pd.Timestamp(self.first)) & (day <= pd.Timestamp(self.last))
        return frame if bool(inside.all()) else frame[inside].reset_index(drop=True)

    def _parts(self, role: str, first: date, last: date) -> tuple[str, ...]:
        table = self.plan.survey.tables[role]
        low, high = first.isoformat(), last.isoformat()
        return tuple(
            name
            for name, part in table.parts.items()
            if part.stamp + name and any(low <= day <= high for day in part.days if day != NO_DAY)
        )
