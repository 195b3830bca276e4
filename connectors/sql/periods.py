"""Periods of a frequency as whole numbers, so that lags are subtractions."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import sqlalchemy as sa

from connectors import dialects
from connectors.sql.work import Expression, Work
from valuekit.workspace.declare import Frequency

_EPOCH, _MONDAY = date(1970, 1, 1), date(1969, 12, 29)


def moment_of(day: date) -> Expression:
    """Midnight at the start of a fixed day."""
    return dialects.moment(datetime.combine(day, time()))


def fixed_day(day: date) -> Expression:
    """A fixed day."""
    return dialects.day(moment_of(day))


def around(time: Expression, first: date, last: date) -> list[sa.ColumnElement[bool]]:
    """Times that may lie on some days, whatever the zone: what files can be left out by."""
    edge = timedelta(days=1)
    return [time >= moment_of(first - edge), time < moment_of(last + 2 * edge)]


def wanted(work: Work, day: Expression) -> list[sa.ColumnElement[bool]]:
    """The days whose facts are computed, of all those that are read; none for a whole pull."""
    if work.slice is None:
        return []
    return [day >= fixed_day(work.slice.first), day <= fixed_day(work.slice.last)]


def period(day: Expression, frequency: Frequency) -> Expression:
    """Number of the day, Monday week, month or quarter that a day is in; consecutive integers."""
    if frequency == "day":
        return dialects.days_between(fixed_day(_EPOCH), day)
    if frequency == "week":
        since = dialects.days_between(fixed_day(_MONDAY), day)
        return dialects.to_int(dialects.fdiv(since, sa.literal_column("7")))
    year, month = sa.extract("year", day), sa.extract("month", day)
    if frequency == "month":
        return year * 12 + month - 1
    quarter = dialects.to_int(dialects.fdiv(month - 1, sa.literal_column("3")))
    return year * 4 + quarter
