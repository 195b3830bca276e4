"""Rows held back: appended once, however many nights they are met; counted for every run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from valuekit.source import Held
from valuekit.store import tables
from valuekit.store.records import HeldRecord, IntakeRecord

if TYPE_CHECKING:
    from valuekit.store.records import ModelOutcome, RunOutcome

Key = tuple[str, str, str]  # source, rule, hash of the row
_CHUNK = 500  # hashes in one statement
# What tells rows apart is stored; where a file lay on one night is kept with that run.
_HELD = tuple(one.name for one in fields(Held) if one.compare)


def add(connection: sa.Connection, outcome: RunOutcome) -> None:
    """Append rows that were not seen before, and what became of all rows by rule."""
    for part in outcome.parts:
        known = _known(connection, part)
        new = {_key(one): one for one in part.held if _key(one) not in known}
        if new:
            rows = [
                {"run": outcome.run, "model": part.model}
                | {name: getattr(one, name) for name in _HELD}
                for one in new.values()
            ]
            connection.execute(sa.insert(tables.quarantine), rows)
            known = _known(connection, part)
        counted = list(_counted(connection, outcome.run, part, known))
        if counted:
            connection.execute(sa.insert(tables.run_intake), counted)


def _key(one: Held) -> Key:
    return one.source, one.rule, one.row_hash


def _known(connection: sa.Connection, part: ModelOutcome) -> dict[Key, int]:
    """Number of each row of a part that is there already."""
    table = tables.quarantine
    hashes = sorted({one.row_hash for one in part.held})
    found: dict[Key, int] = {}
    for start in range(0, len(hashes), _CHUNK):
        query = sa.select(table.c.source, table.c.rule, table.c.row_hash, table.c.id).where(
            table.c.model == part.model, table.c.row_hash.in_(hashes[start : start + _CHUNK])
        )
        found |= {(row[0], row[1], row[2]): row[3] for row in connection.execute(query)}
    return found


def _counted(
    connection: sa.Connection, run: int, part: ModelOutcome, known: Mapping[Key, int]
) -> Iterator[dict[str, object]]:
    """Sums over the stored intake of all days: a run may have written some days only."""
    table, series = tables.fact_tables["intake"], tables.series
    by = (table.c.source, table.c.rule, table.c.fate)
    query = (
        sa.select(
            *by,
            sa.func.sum(table.c.rows).label("rows"),
            sa.func.min(table.c.day).label("first"),
            sa.func.max(table.c.day).label("last"),
        )
        .select_from(table.join(series))
        .where(series.c.model == part.model, series.c.segment == "all", table.c.rows > 0)
        .group_by(*by)
    )
    for row in connection.execute(query).mappings():
        such = [one for one in part.held if (one.source, one.rule) == (row["source"], row["rule"])]
        places = {known[_key(one)]: one.file for one in such}
        yield {
            "run": run,
            "model": part.model,
            **row,
            "rows": int(row["rows"]),
            "examples": sorted(places),
            "places": [places[number] for number in sorted(places)],
        }


def counts(connection: sa.Connection, run: int) -> tuple[IntakeRecord, ...]:
    """What became of the source rows, as it stood after a run."""
    table = tables.run_intake
    names = [one.name for one in fields(IntakeRecord)]
    order = (table.c.model, table.c.source, table.c.rule)
    query = sa.select(*(table.c[name] for name in names)).where(table.c.run == run).order_by(*order)
    return tuple(IntakeRecord(**row) for row in connection.execute(query).mappings())


def read(
    connection: sa.Connection, model: str | None, rule: str | None, *, past: bool
) -> tuple[HeldRecord, ...]:
    """Examples, newest row first; with ``past`` also those that later runs no longer met."""
    table = tables.quarantine
    current = _current(connection, model, rule)
    query = sa.select(table).where(*_where(table, model, rule))
    order = (
        table.c.model,
        table.c.source,
        table.c.rule,
        table.c["at"].desc().nulls_last(),
        table.c.id,
    )
    rows = connection.execute(query.order_by(*order)).mappings()
    made = (_record(row, current) for row in rows)
    return tuple(one for one in made if past or one.current)


def _record(row: Mapping[Any, Any], current: Mapping[int, str]) -> HeldRecord:
    held = Held(**{name: row[name] for name in _HELD}, file=current.get(row["id"], ""))
    if held.file and not held.column and ", line " in held.reference:
        held = replace(held, reference=held.file)  # a broken line has no other name than its place
    return HeldRecord(row["id"], row["run"], row["model"], held, row["id"] in current)


def _current(connection: sa.Connection, model: str | None, rule: str | None) -> dict[int, str]:
    """Numbers of the examples of the last run of each model, and where they were then."""
    table = tables.run_intake
    last = (
        sa.select(table.c.model, sa.func.max(table.c.run).label("run"))
        .where(*_where(table, model, None))
        .group_by(table.c.model)
        .subquery()
    )
    same = sa.and_(table.c.model == last.c.model, table.c.run == last.c.run)
    query = sa.select(table.c.examples, table.c.places).select_from(table.join(last, same))
    found = connection.execute(query.where(*_where(table, None, rule)))
    return {
        int(number): str(place)
        for examples, places in found
        for number, place in zip_longest(examples, places, fillvalue="")
    }


def _where(table: sa.Table, model: str | None, rule: str | None) -> list[sa.ColumnElement[bool]]:
    asked = (("model", model), ("rule", rule))
    return [table.c[name] == value for name, value in asked if value is not None]
