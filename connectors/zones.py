"""Time zones without the engine's own: a zone is its list of offset changes, written as CASE.

Every engine brings another version of the zone data, and some bring none. Here Python's
``zoneinfo`` says when the offset changes, and the statement holds the few changes that matter,
so a day is the same day everywhere.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from connectors import dialects

Change = tuple[datetime, int, int]  # instant in UTC (naive), seconds east of UTC before, after

FIRST_YEAR, LAST_YEAR = 1990, 2045  # changes outside are taken as the nearest known offset


_START = datetime(FIRST_YEAR, 1, 1)  # noqa: DTZ001  naive UTC, as in the statements
Years = tuple[int, int]  # first and last year for which offsets are exact
ALL_YEARS: Years = (FIRST_YEAR, LAST_YEAR)


def local_day(
    time: sa.ColumnElement[Any], zone: str, years: Years = ALL_YEARS
) -> sa.ColumnElement[Any]:
    """Calendar day of a naive UTC time in a zone; a ``Date`` is its own day.

    Args:
        time: Naive UTC time, or a date.
        zone: IANA name of the zone.
        years: Years that the times lie in: fewer years make a shorter statement.
    """
    if isinstance(time.type, sa.Date):
        return time
    return dialects.day(from_utc(time, zone, years))


def from_utc(
    time: sa.ColumnElement[Any], zone: str, years: Years = ALL_YEARS
) -> sa.ColumnElement[Any]:
    """A naive UTC time as wall-clock time of a zone."""
    first, found = _within(zone, years)
    return _shifted(time, [(None, first), *((at, after) for at, _, after in found)], 1)


def to_utc(
    time: sa.ColumnElement[Any], zone: str, years: Years = ALL_YEARS
) -> sa.ColumnElement[Any]:
    """Wall-clock time of a zone as naive UTC.

    The hour that occurs twice is taken as its first occurrence, a time inside the missing hour
    as if the clock had not been changed (fold = 0 of PEP 495).
    """
    first, found = _within(zone, years)
    steps = [(at + timedelta(seconds=max(before, after)), after) for at, before, after in found]
    return _shifted(time, [(None, first), *steps], -1)


def skipped(
    time: sa.ColumnElement[Any], zone: str, years: Years = ALL_YEARS
) -> sa.ColumnElement[bool]:
    """Whether a wall-clock time lies in an hour that the zone's clocks jumped over."""
    _, found = _within(zone, years)
    gaps = [
        (at + timedelta(seconds=before), at + timedelta(seconds=after))
        for at, before, after in found
        if after > before
    ]
    inside = [
        sa.and_(time >= dialects.moment(start), time < dialects.moment(end)) for start, end in gaps
    ]
    return sa.or_(sa.false(), *inside)


def _within(zone: str, years: Years) -> tuple[int, list[Change]]:
    """Offset before the first change of some years (one more at each end), and the changes."""
    every = changes(zone)
    earlier = [after for at, _, after in every if at.year < years[0] - 1]
    kept = [one for one in every if years[0] - 1 <= one[0].year <= years[1] + 1]
    return earlier[-1] if earlier else _offset(_START, zone), kept


@lru_cache(maxsize=64)
def changes(zone: str) -> tuple[Change, ...]:
    """All changes of a zone's offset between the years kept here, in order."""
    days = [_START + timedelta(days=n) for n in range((LAST_YEAR - FIRST_YEAR) * 366)]
    found = []
    for start, end in pairwise(days):
        before, after = _offset(start, zone), _offset(end, zone)
        if before != after:
            found.append((_instant(start, end, zone), before, after))
    return tuple(found)


def _instant(start: datetime, end: datetime, zone: str) -> datetime:
    """The second at which the offset changes between two instants, by bisection."""
    low, high = 0, int((end - start).total_seconds())
    offset = _offset(start, zone)
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(start + timedelta(seconds=middle), zone) == offset:
            low = middle
        else:
            high = middle
    return start + timedelta(seconds=high)


def _offset(utc: datetime, zone: str) -> int:
    local = utc.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).utcoffset()
    return int(local.total_seconds()) if local is not None else 0


def _shifted(
    time: sa.ColumnElement[Any], steps: list[tuple[datetime | None, int]], sign: int
) -> sa.ColumnElement[Any]:
    """``time`` shifted by the offset of the last step at or before it: a balanced CASE tree."""
    if len(steps) == 1:
        seconds = sign * steps[0][1]
        return dialects.add_seconds(time, seconds) if seconds else time
    middle = len(steps) // 2
    at = steps[middle][0]
    if at is None:
        msg = "only the first step may be open"
        raise ValueError(msg)
    return sa.case(
        (time < dialects.moment(at), _shifted(time, steps[:middle], sign)),
        else_=_shifted(time, steps[middle:], sign),
    )
