"""Fact frames into tables and back: scalars typed and narrow, vectors packed beside them."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, Any

import pandas as pd
import sqlalchemy as sa

from valuekit.facts import in_order
from valuekit.ledger.frame import DTYPES, empty
from valuekit.ledger.pack import pack_rows
from valuekit.ledger.ragged import boxed
from valuekit.ledger.unpack import unpack
from valuekit.store import bulk, tables

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import date

    import numpy as np

    from valuekit.ledger.schema import Fact

SERIES = ["model", "version", "segment"]
_LOT = 500


def delete(
    connection: sa.Connection, model: str, days: Mapping[str, Collection[date]] | None
) -> None:
    """Delete all facts of a model, or of each named fact those of some days."""
    ids = sa.select(tables.series.c.id).where(tables.series.c.model == model)
    if days is None:
        for table in (*tables.fact_tables.values(), tables.vectors):
            connection.execute(sa.delete(table).where(table.c.series_id.in_(ids)))
        return
    vectors = tables.vectors
    for name, chosen in days.items():
        table = tables.fact_tables[name]
        for some in _some(sorted(chosen)):
            here = [table.c.series_id.in_(ids), table.c.day.in_(some)]
            connection.execute(sa.delete(table).where(*here))
            if tables.STORED[name].vectors:
                there = [vectors.c.series_id.in_(ids), vectors.c.day.in_(some)]
                connection.execute(sa.delete(vectors).where(vectors.c.fact == name, *there))


def _some(days: Sequence[date]) -> Iterator[Sequence[date]]:
    """Days in lots that every database takes as parameters."""
    for start in range(0, len(days), _LOT):
        yield days[start : start + _LOT]


def insert(connection: sa.Connection, fact: Fact, frame: pd.DataFrame) -> None:
    """Insert the rows of a conformed frame, in the order of their keys."""
    if frame.empty:
        return
    frame = in_order(frame, fact.key_names)
    ids = _series_ids(connection, frame)
    place: dict[str, Sequence[object]] = {
        "series_id": ids,
        "day": _days(frame["day"]),
        "line": _lines(ids, frame["day"].to_numpy()),
    }
    scalars = {one.name: _values(frame[one.name]) for one in (*fact.keys, *fact.scalars)}
    bulk.insert(connection, tables.fact_tables[fact.name], place | scalars)
    if fact.vectors:
        packed: dict[str, Sequence[object]] = {
            "fact": [fact.name] * len(frame),
            "payload": pack_rows([frame[one.name].tolist() for one in fact.vectors]),
        }
        bulk.insert(connection, tables.vectors, place | packed)


def read(
    connection: sa.Connection,
    fact: Fact,
    model: str,
    days: tuple[date | None, date | None],
    segment: str | None,
) -> pd.DataFrame:
    """The stored rows of a model's fact as a conformed frame, ordered by series, day and keys."""
    names = [one.name for one in (*fact.keys, *fact.scalars)]
    bounds = {"model": model, "segment": segment, "first": days[0], "last": days[1]}
    given = {name: value for name, value in bounds.items() if value is not None}
    rows = connection.execute(_scalars(fact.name, frozenset(given)), given).all()
    if not rows:
        return empty(fact)
    columns: dict[str, Sequence[object]] = dict(
        zip([*SERIES, "day", *names], zip(*rows, strict=True), strict=True)
    )
    if fact.vectors:
        columns |= _vectors(connection, fact, given)
    return pd.DataFrame(
        {
            one.name: pd.Series(boxed(columns[one.name]), dtype=DTYPES[one.dtype])
            if DTYPES[one.dtype] == "object"
            else pd.Series(columns[one.name], dtype=DTYPES[one.dtype])
            for one in fact.columns
        }
    )


# A run reads every fact of every model, most of them empty: built anew each time, the statements
# would take longer than the database.
@cache
def _scalars(name: str, bounds: frozenset[str]) -> sa.Select[Any]:
    """The rows of a fact within bounds that are given as parameters."""
    table, series, fact = tables.fact_tables[name], tables.series, tables.STORED[name]
    names = ["day", *(one.name for one in (*fact.keys, *fact.scalars))]
    chosen = sa.select(*(series.c[one] for one in SERIES), *(table.c[one] for one in names))
    return _within(chosen, table, bounds)


@cache
def _payloads(name: str, bounds: frozenset[str]) -> sa.Select[Any]:
    """The packed vectors of a fact's rows, in the order of the rows."""
    table = tables.vectors
    return _within(sa.select(table.c.payload), table, bounds).where(table.c.fact == name)


def _within(query: sa.Select[Any], table: sa.Table, bounds: frozenset[str]) -> sa.Select[Any]:
    """Rows of a model, of one segment or in a stretch of days if these are given."""
    series = tables.series
    wanted = {
        "model": series.c.model == sa.bindparam("model"),
        "segment": series.c.segment == sa.bindparam("segment"),
        "first": table.c.day >= sa.bindparam("first"),
        "last": table.c.day <= sa.bindparam("last"),
    }
    return (
        query.select_from(table.join(series))
        .where(*(rule for bound, rule in wanted.items() if bound in bounds))
        .order_by(series.c.version, series.c.segment, table.c.day, table.c.line)
    )


def _vectors(
    connection: sa.Connection, fact: Fact, given: Mapping[str, object]
) -> dict[str, Sequence[np.ndarray]]:
    query = _payloads(fact.name, frozenset(given))
    dtypes = [one.dtype for one in fact.vectors]
    found = [unpack(payload, dtypes) for payload in connection.execute(query, given).scalars()]
    names = [one.name for one in fact.vectors]
    return dict(zip(names, zip(*found, strict=True), strict=True))


def _series_ids(connection: sa.Connection, frame: pd.DataFrame) -> list[int]:
    """The id of each row's series; series that are new get one."""
    table = tables.series
    keys = list(zip(*(frame[name].tolist() for name in SERIES), strict=True))
    wanted = list(dict.fromkeys(keys))
    models = sorted({key[0] for key in wanted})
    query = sa.select(*(table.c[name] for name in SERIES), table.c.id).where(
        table.c.model.in_(models)
    )

    def known() -> dict[tuple[str, str, str], int]:
        return {(row[0], row[1], row[2]): row[3] for row in connection.execute(query)}

    held = known()
    new = [dict(zip(SERIES, key, strict=True)) for key in wanted if key not in held]
    if new:
        connection.execute(sa.insert(table), new)
        held = known()
    return [held[key] for key in keys]


def _lines(ids: Sequence[int], days: np.ndarray) -> list[int]:
    """How many rows of the same series and day come before each."""
    seen: Counter[tuple[int, int]] = Counter()
    made = []
    for key in zip(ids, days.astype("int64").tolist(), strict=True):
        made.append(seen[key])
        seen[key] += 1
    return made


def _days(series: pd.Series) -> list[date]:
    codes, days = pd.factorize(series)
    found = [one.date() for one in days]
    return [found[code] for code in codes.tolist()]


def _values(series: pd.Series) -> list[Any]:
    return _days(series) if series.dtype.kind == "M" else series.tolist()
