"""A time column judged: missing, never was, in another age, after the run.

Seconds since 1970 read as milliseconds put every row into January 1970, milliseconds read as
seconds put it tens of thousands of years ahead. Where a time is missing, systems write their least
one: 0001-01-01 (.NET), 1753-01-01 and 1900-01-01 (SQL Server), 1899-12-30 (spreadsheets), 1970.
Such times are told here, row by row; :mod:`connectors.sql.suspects` refuses a table in which they
are many.
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
#: What calendars of ours reach, in whose days a row can be counted (nanoseconds: 1678 to 2261).
_FIRST, _LATEST = (datetime(year, 1, 1) for year in (1700, 2200))  # noqa: DTZ001  naive UTC
_MEANT = datetime(1900, 1, 2)  # noqa: DTZ001  days before it stand for missing ones
_LOGGED = datetime(1971, 1, 1)  # noqa: DTZ001  no log of a model has a time before it

Rules = list[tuple[sa.ColumnElement[bool], str]]


def rules(engine: Engine, raw: Columns, column: str, kind: ColumnType) -> Rules:
    """What the time of a logged row can break, in order; all of it makes the row unusable."""
    time = raw[column]
    unit = wrong_unit(time, kind)
    return [(time.is_(None), "null_time"), (unit, "time_unit"), *_future(engine, time, kind)]


def of_panel(engine: Engine, time: Expression, kind: ColumnType) -> Rules:
    """What the time of a panel's row can break when it is there: series may begin early."""
    return [(other_age(time, kind), "time_unit"), *_future(engine, time, kind)]


def wrong_unit(time: Expression, kind: ColumnType) -> sa.ColumnElement[bool]:
    """Whether a logged time was read in another unit than written, or stands for a missing one.

    Of timestamps those before 1971 and after 2199. Dates up to 1970 may be meant, so of them as
    :func:`other_age`.
    """
    return _outside(time, kind, _MEANT if kind == "date" else _LOGGED)


def other_age(time: Expression, kind: ColumnType) -> sa.ColumnElement[bool]:
    """Whether a time is up to 1900-01-01 or after 2199: of a panel, or what a forecast is for.

    They may lie before any log of a model.
    """
    return _outside(time, kind, _MEANT)


def _future(engine: Engine, time: Expression, kind: ColumnType) -> Rules:
    """Whether a row lies after the run; no rule where the moment of the run is not known."""
    return [] if engine.now is None else [(_after(engine, time, kind, engine.now), "future")]


def never_was(raw: Columns) -> Rules:
    """Whether some time of the row is one that the source's clocks jumped over."""
    return [(raw[NO_SUCH_TIME].is_not(None), "no_such_time")]


def broken(found: Rules) -> sa.ColumnElement[bool]:
    """Whether a row breaks one of some rules."""
    return any_of([condition for condition, _ in found])


def day_or_none(day: Expression, time: Expression, kind: ColumnType) -> Expression:
    """The day of a time; NULL before 1700 and after 2199, where no calendar of ours reaches."""
    return sa.case((sa.not_(_outside(time, kind, _FIRST)), day))


def _outside(time: Expression, kind: ColumnType, first: datetime) -> sa.ColumnElement[bool]:
    """Whether a time lies before a moment or after 2199."""
    if kind == "date":
        return sa.or_(time < fixed_day(first.date()), time >= fixed_day(_LATEST.date()))
    if not kind.startswith("timestamp"):
        return sa.false()
    return sa.or_(time < dialects.moment(first), time >= dialects.moment(_LATEST))


def _after(
    engine: Engine, time: Expression, kind: ColumnType, now: datetime
) -> sa.ColumnElement[bool]:
    """Whether a time is later than the run, a date than the day of the run in its zone."""
    if kind == "date":
        return time > fixed_day((now + TOLERANCE).astimezone(ZoneInfo(engine.zone)).date())
    if not kind.startswith("timestamp"):
        return sa.false()
    return time > dialects.moment((now + TOLERANCE).astimezone(UTC).replace(tzinfo=None))
