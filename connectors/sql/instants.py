"""A time column judged: missing, never was, in a wrong unit, after the run.

Seconds since 1970 read as milliseconds put every row into January 1970, milliseconds read as
seconds put it tens of thousands of years ahead. Such times are told here, row by row;
:mod:`connectors.sql.suspects` refuses a table in which they are many.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from connectors import dialects
from connectors.base import NO_SUCH_TIME, ColumnType, Engine
from connectors.sql.periods import fixed_day
from connectors.sql.values import any_of
from connectors.sql.work import Columns, Expression

#: Clocks of two machines may differ by this much before a row counts as one of the future.
TOLERANCE = timedelta(minutes=5)
_EPOCH, _EARLIEST, _LATEST = (datetime(year, 1, 1) for year in (1970, 1971, 2200))  # noqa: DTZ001  naive UTC

Rules = list[tuple[sa.ColumnElement[bool], str]]


def rules(engine: Engine, raw: Columns, column: str, kind: ColumnType) -> Rules:
    """What the time of a logged row can break, in order; all of it makes the row unusable."""
    time = raw[column]
    unit = wrong_unit(time, kind)
    return [(time.is_(None), "null_time"), (unit, "time_unit"), *future(engine, time, kind)]


def wrong_unit(time: Expression, kind: ColumnType) -> sa.ColumnElement[bool]:
    """Whether a time was read in another unit than written."""
    return sa.or_(_epoch(time, kind), beyond(time, kind))


def future(engine: Engine, time: Expression, kind: ColumnType) -> Rules:
    """Whether a row lies after the run; no rule where the moment of the run is not known."""
    return [] if engine.now is None else [(_after(engine, time, kind, engine.now), "future")]


def never_was(raw: Columns) -> Rules:
    """Whether some time of the row is one that the source's clocks jumped over."""
    return [(raw[NO_SUCH_TIME].is_not(None), "no_such_time")]


def broken(found: Rules) -> sa.ColumnElement[bool]:
    """Whether a row breaks one of some rules."""
    return any_of([condition for condition, _ in found])


def beyond(time: Expression, kind: ColumnType) -> sa.ColumnElement[bool]:
    """Whether a time lies after 2199: a number read in too coarse a unit."""
    if kind == "date":
        return time >= fixed_day(_LATEST.date())
    return time >= dialects.moment(_LATEST) if kind.startswith("timestamp") else sa.false()


def _epoch(time: Expression, kind: ColumnType) -> sa.ColumnElement[bool]:
    """Whether a timestamp is one of 1970: a number read in too fine a unit, or 0 for missing.

    Dates of 1970 may be meant, and so may the times of a panel; no log of a model starts there.
    """
    if not kind.startswith("timestamp"):
        return sa.false()
    start, end = (dialects.moment(one) for one in (_EPOCH, _EARLIEST))
    return sa.and_(time >= start, time < end)


def day_or_none(day: Expression, time: Expression, kind: ColumnType) -> Expression:
    """The day of a time; NULL beyond 2199, where no calendar of ours reaches."""
    return sa.case((sa.not_(beyond(time, kind)), day))


def _after(
    engine: Engine, time: Expression, kind: ColumnType, now: datetime
) -> sa.ColumnElement[bool]:
    """Whether a time is later than the run, a date than the day of the run in its zone."""
    if kind == "date":
        return time > fixed_day((now + TOLERANCE).astimezone(ZoneInfo(engine.zone)).date())
    if not kind.startswith("timestamp"):
        return sa.false()
    return time > dialects.moment((now + TOLERANCE).astimezone(UTC).replace(tzinfo=None))
