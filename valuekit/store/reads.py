"""Which runs last read the sources of a model: a newer one that found nothing new read nothing.

A model's facts come from its last whole pull and from the runs of some days after it. Of these the
latest is told, with the whole pull before it: their statements are the same but for the days.
"""

from __future__ import annotations

import json
import zlib
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

import sqlalchemy as sa

from valuekit.scope import idle, whole
from valuekit.source import Query
from valuekit.store import tables
from valuekit.store.records import SourceRead

Card = tuple[int, str]  # run and model


def reads(connection: sa.Connection, model: str, upto: int | None = None) -> tuple[SourceRead, ...]:
    """The last run that read the sources of a model, and its last whole pull; newest first.

    One of them where they are the same run; as of a run when ``upto`` is given.
    """
    found = _read(connection, model, upto)
    last = found[:1]
    full = next((one for one in found if one.whole), None)
    if full is not None and full not in last:
        last.append(full)
    return tuple(_with_queries(connection, one) for one in last)


def _read(connection: sa.Connection, model: str, upto: int | None) -> list[SourceRead]:
    """Good runs that read the sources, newest first, back to the last whole pull."""
    part, run = tables.run_models, tables.runs
    names = ("run", "model", "rows", "seconds", "scope", "replaced")
    query = (
        sa.select(*(part.c[name] for name in names), run.c.started, run.c.finished)
        .select_from(part.join(run))
        .where(part.c.model == model, run.c.status == "ok")
        .order_by(part.c.run.desc())
    )
    if upto is not None:
        query = query.where(part.c.run <= upto)
    found: list[SourceRead] = []
    for row in connection.execute(query):
        if idle(row.scope):
            continue
        found.append(
            SourceRead(
                run=row.run,
                model=model,
                at=row.finished or row.started,
                scope=row.scope,
                whole=whole(row.scope),
                days=row.replaced,
                rows=row.rows,
                seconds=row.seconds,
                after=len(found),
            )
        )
        if found[-1].whole:
            break
    return found


def _with_queries(connection: sa.Connection, one: SourceRead) -> SourceRead:
    return replace(one, queries=queries(connection, one.run, one.model))


def queries(connection: sa.Connection, run: int, model: str) -> tuple[Query, ...]:
    """The statements that a run ran for a model, in order."""
    table = tables.statements
    query = sa.select(table.c.content).where(table.c.run == run, table.c.model == model)
    content = connection.execute(query).scalar_one_or_none()
    held = [] if content is None else json.loads(zlib.decompress(content))
    return tuple(Query(**one) for one in held)


def rested_on(connection: sa.Connection, cards: Iterable[Card]) -> set[Card]:
    """The runs whose statements the given scorecards rest on, as :func:`reads` tells them.

    Told from the statements that are there: what was given up cannot be kept.
    """
    table, part, run = tables.statements, tables.run_models, tables.runs
    query = (
        sa.select(part.c.model, part.c.run, part.c.scope)
        .select_from(part.join(table, _same(part, table)).join(run, part.c.run == run.c.id))
        .where(run.c.status != "failed")
        .order_by(part.c.run)
    )
    every: dict[str, list[int]] = defaultdict(list)
    wholes: dict[str, list[int]] = defaultdict(list)
    for model, one, scope in connection.execute(query):
        if not idle(scope):
            every[model].append(one)
        if whole(scope):
            wholes[model].append(one)
    return {
        (held[place - 1], model)
        for one, model in cards
        for held in (every[model], wholes[model])
        if (place := bisect_right(held, one))
    }


def _same(part: sa.Table, table: sa.Table) -> sa.ColumnElement[bool]:
    return sa.and_(part.c.run == table.c.run, part.c.model == table.c.model)
