"""Scorecards and statements of old runs that are given up, so that nightly runs fill no disk.

A scorecard weighs more than the facts of a day. Of runs older than the declared time only those
scorecards stay that somebody may come back to: the last of each model and calendar month, those
that a decision or a report rests on, and those that younger runs showed. Statements stay as long
as a scorecard that stays rests on them, though it be of a later run that found nothing new. Runs
themselves, their counts, findings, restatements and rows held back are never given up.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

import sqlalchemy as sa

from valuekit.store import tables
from valuekit.store.reads import rested_on
from valuekit.store.records import RunOutcome

Card = tuple[int, str]  # run and model
_AT_ONCE = 500  # models in one statement: engines bound the number of parameters


@dataclass(frozen=True, slots=True)
class _History:
    """Which scorecards there are.

    Attributes:
        months: Run -> year and month of its start, of all good runs and the one that is open.
        complete: Runs of all declared models, in order.
        of_model: Model -> runs whose scorecard of it is kept, in order.
    """

    months: Mapping[int, tuple[int, int]]
    complete: list[int]
    of_model: Mapping[str, list[int]]

    def shown(self, model: str, upto: int) -> Card | None:
        """The scorecard that was shown of a model when a run was the last one."""
        runs = self.of_model[model]
        place = bisect_right(runs, upto) - 1
        since = bisect_right(self.complete, upto) - 1
        if place < 0 or (since >= 0 and runs[place] < self.complete[since]):
            return None
        return runs[place], model

    def last_of_months(self) -> set[Card]:
        """The last scorecard of each model and calendar month."""
        last = {
            (model, self.months[run]): run for model, runs in self.of_model.items() for run in runs
        }
        return {(run, model) for (model, _), run in last.items()}


def old(connection: sa.Connection, outcome: RunOutcome) -> None:
    """Delete the scorecards and statements of runs that are older than the declared time."""
    if outcome.keep_days is None:
        return
    run, card = tables.runs, tables.scorecards
    began = connection.execute(sa.select(run.c.started).where(run.c.id == outcome.run)).scalar_one()
    before = began - timedelta(days=outcome.keep_days)
    query = sa.select(card.c.run, card.c.model).select_from(card.join(run))
    aged = {(one, model) for one, model in connection.execute(query.where(run.c.started < before))}
    if aged:
        history = _history(connection)
        young = sa.select(sa.func.min(run.c.id)).where(run.c.started >= before)
        oldest = int(connection.execute(young).scalar_one())
        kept = history.last_of_months() | _rested_on(connection, history, oldest)
        _delete(connection, card, aged - kept)
    _old_statements(connection, before)


def _old_statements(connection: sa.Connection, before: datetime) -> None:
    """Delete aged statements that no scorecard rests on which is still there."""
    run, asked, card = tables.runs, tables.statements, tables.scorecards
    query = sa.select(asked.c.run, asked.c.model).select_from(asked.join(run))
    aged = {(one, model) for one, model in connection.execute(query.where(run.c.started < before))}
    if aged:
        found = connection.execute(sa.select(card.c.run, card.c.model))
        cards = [(one, model) for one, model in found]
        _delete(connection, asked, aged - rested_on(connection, cards))


def _history(connection: sa.Connection) -> _History:
    run, card = tables.runs, tables.scorecards
    good = sa.select(run.c.id, run.c.started, run.c.complete).where(run.c.status != "failed")
    found = connection.execute(good.order_by(run.c.id)).all()
    of_model: dict[str, list[int]] = defaultdict(list)
    cards = sa.select(card.c.model, card.c.run).order_by(card.c.run)
    for model, one in connection.execute(cards):
        of_model[model].append(one)
    return _History(
        {one: (started.year, started.month) for one, started, _ in found},
        [one for one, _, complete in found if complete],
        of_model,
    )


def _rested_on(connection: sa.Connection, history: _History, oldest: int) -> set[Card]:
    """Scorecards that were shown when a decision was made, a report built, or at a young run.

    What the oldest of those runs did not show any more, no later one did.
    """
    decided = sa.select(tables.decisions.c.run, tables.decisions.c.model).distinct()
    asked = {(run, model) for run, model in connection.execute(decided)}
    built: Iterable[int] = connection.execute(sa.select(tables.reports.c.run).distinct()).scalars()
    asked |= {(run, model) for run in {*built, oldest} for model in history.of_model}
    found = (history.shown(model, run) for run, model in asked if model in history.of_model)
    return {one for one in found if one is not None}


def _delete(connection: sa.Connection, table: sa.Table, given_up: set[Card]) -> None:
    for run, cards in groupby(sorted(given_up), key=lambda found: found[0]):
        models = [model for _, model in cards]
        for start in range(0, len(models), _AT_ONCE):
            some = models[start : start + _AT_ONCE]
            mine = sa.and_(table.c.run == run, table.c.model.in_(some))
            connection.execute(sa.delete(table).where(mine))
