"""Everything that one run writes, as named steps of one transaction."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import sqlalchemy as sa

from valuekit.errors import Finding
from valuekit.store import facts, forget, quarantine, tables
from valuekit.store.records import RunOutcome
from valuekit.store.size import size
from valuekit.store.words import failure

if TYPE_CHECKING:
    from datetime import datetime

    from valuekit.source import Query

Step = Callable[[sa.Connection, RunOutcome], None]


def replace_facts(connection: sa.Connection, outcome: RunOutcome) -> None:
    """Delete the replaced days of every touched model, then insert the new facts."""
    for part in outcome.parts:
        facts.delete(connection, part.model, part.replaced)
    for part in outcome.parts:
        for name, frame in part.facts.items():
            if name in tables.STORED:
                facts.insert(connection, tables.STORED[name], frame)


def add_registrations(connection: sa.Connection, outcome: RunOutcome) -> None:
    """Append what was registered; nothing is ever replaced."""
    rows = [
        {
            "run": outcome.run,
            "model": one.model,
            "kind": one.kind,
            "name": one.name,
            "day": one.day,
            "content": dict(one.content),
        }
        for part in outcome.parts
        for one in part.registered
    ]
    _insert(connection, tables.registrations, rows)


def add_statements(connection: sa.Connection, outcome: RunOutcome) -> None:
    """Keep every statement with its parameters, rows and time."""
    rows: list[dict[str, object]] = [
        {"run": outcome.run, "model": part.model, "content": statements(part.queries)}
        for part in outcome.parts
        if part.queries
    ]
    _insert(connection, tables.statements, rows)


def add_models(connection: sa.Connection, outcome: RunOutcome) -> None:
    """Note what the run found of every model."""
    rows: list[dict[str, object]] = [
        {
            "run": outcome.run,
            "model": part.model,
            "first": part.first,
            "last": part.last,
            "complete_through": part.complete_through,
            "rows": part.rows_read,
            "seconds": part.seconds,
            "findings": [asdict(one) for one in part.findings],
            "scope": part.why,
            "replaced": part.days,
        }
        for part in outcome.parts
    ]
    _insert(connection, tables.run_models, rows)


def add_scorecards(connection: sa.Connection, outcome: RunOutcome) -> None:
    """Keep every scorecard with the run that made it."""
    rows = [
        {"run": outcome.run, "model": part.model, "card": zlib.compress(part.scorecard.encode())}
        for part in outcome.parts
    ]
    _insert(connection, tables.scorecards, rows)


def add_overviews(connection: sa.Connection, outcome: RunOutcome) -> None:
    """Keep what the scorecards add up to; those of the run before follow from its scorecards."""
    connection.execute(sa.delete(tables.overviews))
    rows: list[dict[str, object]] = [
        {"period": period, "run": outcome.run, "content": zlib.compress(content)}
        for period, content in outcome.overviews.items()
    ]
    _insert(connection, tables.overviews, rows)


def add_surveys(connection: sa.Connection, outcome: RunOutcome) -> None:
    """Keep what the sources were, so that the next run knows what has changed."""
    table = tables.surveys
    for part in outcome.parts:
        connection.execute(sa.delete(table).where(table.c.model == part.model))
    rows: list[dict[str, object]] = [
        {"model": part.model, "run": outcome.run, "content": part.survey}
        for part in outcome.parts
        if part.survey
    ]
    _insert(connection, table, rows)


def add_restatements(connection: sa.Connection, outcome: RunOutcome) -> None:
    """Keep published days as they were and as they are now."""
    rows = [
        {
            "run": outcome.run,
            "model": part.model,
            "fact": one.fact,
            "day": one.day,
            "before": dict(one.before),
            "after": dict(one.after),
        }
        for part in outcome.parts
        for one in part.restated
    ]
    _insert(connection, tables.restatements, rows)


def conserve(connection: sa.Connection, outcome: RunOutcome) -> None:
    """See that the stored intake of each model accounts for every row of its sources.

    Raises:
        StoreError: it does not; the transaction is given up.
    """
    intake, series = tables.fact_tables["intake"], tables.series
    for part in outcome.parts:
        if part.total is None:
            continue
        query = (
            sa.select(sa.func.coalesce(sa.func.sum(intake.c.rows), 0))
            .select_from(intake.join(series))
            .where(series.c.model == part.model, series.c.segment == "all")
        )
        counted = int(connection.execute(query).scalar_one())
        if counted != part.total:
            raise failure(
                f"models.{part.model}",
                "conservation",
                "every source row is accepted, quarantined, deduplicated or out of its window",
                "Nothing was stored. Run: valuekit refresh --full; if it comes again, report it.",
                f"{part.total:,} rows in the sources, {counted:,} accounted for",
            )


STEPS: tuple[Step, ...] = (
    replace_facts,
    conserve,
    add_surveys,
    add_restatements,
    add_registrations,
    add_statements,
    add_models,
    add_scorecards,
    add_overviews,
    quarantine.add,
    forget.old,
)


def finish(connection: sa.Connection, outcome: RunOutcome, at: datetime) -> None:
    """Mark the run as good: from here on readers see it."""
    table = tables.runs
    connection.execute(
        sa.update(table)
        .where(table.c.id == outcome.run)
        .values(
            status="ok",
            finished=at,
            complete=outcome.complete,
            seconds=outcome.seconds,
            rows_read=outcome.rows_read,
            fact_rows=outcome.fact_rows,
            findings=[asdict(one) for one in outcome.general],
            days_replaced=outcome.days_replaced,
            store_bytes=size(connection),
        )
    )


def statements(queries: Sequence[Query]) -> bytes:
    """Statements in their stored form."""
    return zlib.compress(json.dumps([asdict(one) for one in queries], default=str).encode())


def finding(stored: dict[str, object]) -> Finding:
    """A finding from its stored form."""
    return Finding(**stored)  # type: ignore[arg-type]  # written by asdict above


def plain(value: object) -> object:
    """JSON-ready parameters: days and Decimals as text."""
    return json.loads(json.dumps(value, default=str))


def _insert(connection: sa.Connection, table: sa.Table, rows: list[dict[str, object]]) -> None:
    if rows:
        connection.execute(sa.insert(table), rows)
