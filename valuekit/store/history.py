"""Reads of runs, registrations, scorecards, decisions and reports."""

from __future__ import annotations

import zlib
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from valuekit import __version__
from valuekit.scorecard import Decision
from valuekit.source import Registered
from valuekit.store import tables
from valuekit.store.commit import finding
from valuekit.store.records import (
    ReportRecord,
    RestatedRecord,
    RestatementRecord,
    RunModelRecord,
    RunRecord,
)
from valuekit.store.register import RUN


def runs(connection: sa.Connection, limit: int, *, good: bool = False) -> tuple[RunRecord, ...]:
    """The latest runs, newest first; only good ones when ``good``."""
    query = sa.select(tables.runs).order_by(tables.runs.c.id.desc()).limit(limit)
    if good:
        query = query.where(tables.runs.c.status == "ok", tables.runs.c.kind != RUN)
    return tuple(RunRecord(**_found(row)) for row in _mappings(connection, query))


def running(connection: sa.Connection) -> RunRecord | None:
    """The newest run that is marked as running."""
    table = tables.runs
    query = sa.select(table).where(table.c.status == "running").order_by(table.c.id.desc()).limit(1)
    return next((RunRecord(**_found(row)) for row in _mappings(connection, query)), None)


def clock(connection: sa.Connection) -> datetime:
    """Now by the clock of the database, in UTC."""
    if connection.dialect.name != "postgresql":
        return datetime.now(UTC)
    moment: datetime = connection.exec_driver_sql("SELECT clock_timestamp()").scalar_one()
    return moment.astimezone(UTC)


def run_models(connection: sa.Connection, run: int) -> tuple[RunModelRecord, ...]:
    """The models of a run, by name."""
    table = tables.run_models
    query = sa.select(table).where(table.c.run == run).order_by(table.c.model)
    return tuple(RunModelRecord(**_found(row)) for row in _mappings(connection, query))


def last_of(
    connection: sa.Connection, model: str, until: int | None = None
) -> RunModelRecord | None:
    """What the last good run of a model found; of those up to a run where one is given."""
    table, run = tables.run_models, tables.runs
    query = (
        sa.select(table)
        .select_from(table.join(run))
        .where(table.c.model == model, run.c.status == "ok")
        .order_by(table.c.run.desc())
        .limit(1)
    )
    if until is not None:
        query = query.where(table.c.run <= until)
    return next((RunModelRecord(**_found(row)) for row in _mappings(connection, query)), None)


def last_of_each(connection: sa.Connection) -> dict[str, RunModelRecord]:
    """What the last good run of each model found, since the last complete run."""
    table, run = tables.run_models, tables.runs
    base = sa.select(sa.func.max(run.c.id)).where(run.c.status == "ok", run.c.complete)
    query = (
        sa.select(table)
        .select_from(table.join(run))
        .where(run.c.status == "ok", table.c.run >= sa.func.coalesce(base.scalar_subquery(), 0))
        .order_by(table.c.run)
    )
    rows = _mappings(connection, query)
    return {row["model"]: RunModelRecord(**_found(row)) for row in rows}


def restatements(
    connection: sa.Connection, model: str | None, run: int | None, limit: int | None = None
) -> tuple[RestatementRecord, ...]:
    """Restated days, newest run and newest day first."""
    table, runs = tables.restatements, tables.runs
    query = (
        sa.select(*(one for one in table.c if one.name != "id"), _finished().label("at"))
        .select_from(table.join(runs))
        .order_by(table.c.run.desc(), table.c.model, table.c.day.desc(), table.c.id)
        .limit(limit)
    )
    if model is not None:
        query = query.where(table.c.model == model)
    if run is not None:
        query = query.where(table.c.run == run)
    return tuple(RestatementRecord(**row) for row in _mappings(connection, query))


def restated(connection: sa.Connection) -> tuple[RestatedRecord, ...]:
    """How many days each run restated of each model, newest first."""
    table, runs = tables.restatements, tables.runs
    days = sa.func.count(sa.distinct(table.c.day))
    query = (
        sa.select(
            table.c.run,
            _finished().label("at"),
            table.c.model,
            days.label("days"),
            sa.func.min(table.c.day).label("first"),
            sa.func.max(table.c.day).label("last"),
        )
        .select_from(table.join(runs))
        .group_by(table.c.run, runs.c.started, runs.c.finished, table.c.model)
        .order_by(table.c.run.desc(), days.desc(), table.c.model)
    )
    return tuple(RestatedRecord(**row) for row in _mappings(connection, query))


def restated_days(connection: sa.Connection) -> dict[str, int]:
    """Model -> its published days that some run found to be another, each counted once."""
    table = tables.restatements
    days = sa.func.count(sa.distinct(table.c.day))
    query = sa.select(table.c.model, days).group_by(table.c.model)
    return {str(model): int(n) for model, n in connection.execute(query)}


def _finished() -> sa.ColumnElement[datetime]:
    return sa.func.coalesce(tables.runs.c.finished, tables.runs.c.started)


def registrations(connection: sa.Connection, model: str) -> tuple[Registered, ...]:
    """Everything registered for a model, oldest first."""
    table = tables.registrations
    names = ("model", "kind", "name", "content", "day")
    query = (
        sa.select(*(table.c[name] for name in names))
        .where(table.c.model == model)
        .order_by(table.c.id)
    )
    return tuple(Registered(**row) for row in _mappings(connection, query))


def current_run_of_models(connection: sa.Connection, upto: int | None) -> dict[str, int]:
    """The run whose scorecard each model shows: its last good one since the last complete run."""
    run, part = tables.runs, tables.run_models
    good = run.c.status == "ok"
    if upto is not None:
        good &= run.c.id <= upto
    base = sa.select(sa.func.max(run.c.id)).where(good, run.c.complete).scalar_subquery()
    query = (
        sa.select(part.c.model, sa.func.max(part.c.run))
        .select_from(part.join(run))
        .where(good, part.c.run >= sa.func.coalesce(base, 0))
        .group_by(part.c.model)
        .order_by(part.c.model)
    )
    return {model: last for model, last in connection.execute(query)}  # noqa: C416 (rows to dict)


def scorecards(connection: sa.Connection, upto: int | None) -> dict[str, str]:
    """Model -> scorecard JSON, as of a run or now; without those that were given up."""
    card = tables.scorecards
    current = current_run_of_models(connection, upto)
    found: dict[str, str] = {}
    for run in sorted(set(current.values())):  # one query a run, not one a model
        query = sa.select(card.c.model, card.c.card).where(card.c.run == run)
        for model, content in connection.execute(query):
            if current.get(model) == run:
                found[model] = zlib.decompress(content).decode()
    return {model: found[model] for model in current if model in found}


def overview(connection: sa.Connection, period: str) -> bytes | None:
    """All models of the last good run over a period; None when this version did not make it."""
    table, run = tables.overviews, tables.runs
    last = sa.select(sa.func.max(run.c.id)).where(run.c.status == "ok", run.c.kind != RUN)
    query = (
        sa.select(table.c.content)
        .select_from(table.join(run))
        .where(table.c.period == period, table.c.run == last.scalar_subquery())
        .where(run.c.valuekit_version == __version__)
    )
    content = connection.execute(query).scalar_one_or_none()
    return None if content is None else zlib.decompress(content)


def registered(connection: sa.Connection, kind: str) -> dict[str, tuple[Registered, ...]]:
    """Registrations of one kind by model, oldest first."""
    table = tables.registrations
    names = ("model", "kind", "name", "content", "day")
    query = (
        sa.select(*(table.c[name] for name in names))
        .where(table.c.kind == kind)
        .order_by(table.c.id)
    )
    found: dict[str, tuple[Registered, ...]] = {}
    for row in _mappings(connection, query):
        found[row["model"]] = (*found.get(row["model"], ()), Registered(**row))
    return found


def decisions(connection: sa.Connection, model: str | None) -> tuple[Decision, ...]:
    """Decisions, oldest first; of one model when named."""
    table = tables.decisions
    query = sa.select(*(one for one in table.c if one.name != "id")).order_by(table.c.id)
    if model is not None:
        query = query.where(table.c.model == model)
    return tuple(Decision(**row) for row in _mappings(connection, query))


def reports(connection: sa.Connection) -> tuple[ReportRecord, ...]:
    """Exports, newest first."""
    table = tables.reports
    query = sa.select(table).order_by(table.c.id.desc())
    return tuple(ReportRecord(**row) for row in _mappings(connection, query))


def data_version(connection: sa.Connection) -> str:
    """A text that changes whenever something that a page shows changes."""
    run = tables.runs
    last = sa.select(run.c.id, run.c.status, run.c.finished).order_by(run.c.id.desc()).limit(1)
    row = connection.execute(last).first()
    good = sa.select(sa.func.max(run.c.id)).where(run.c.status == "ok")
    counted = (
        connection.execute(query).scalar()
        for query in (
            good,
            sa.select(sa.func.max(tables.decisions.c.id)),
            sa.select(sa.func.max(tables.reports.c.id)),
        )
    )
    parts = [*(row or ()), *counted]
    return "-".join("" if part is None else str(part).replace(" ", "T") for part in parts)


def _found(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "findings": tuple(finding(one) for one in row["findings"])}


def _mappings(connection: sa.Connection, query: sa.Select[Any]) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.execute(query).mappings()]
