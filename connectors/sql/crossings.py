"""Units that appear in another arm than their first: on which days, and what a slice may miss."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa

from connectors.sql.periods import fixed_day
from connectors.sql.scope import Unbounded
from connectors.sql.values import any_of, total
from connectors.sql.work import Work


def crossings(work: Work, units: sa.FromClause, rows: sa.FromClause, role: str) -> bool:
    """Note the days on which units appear in another arm than their first, if any does.

    Args:
        work: The pull; its ``crossing`` days are extended.
        units: All units: entry, day, arm, crossed.
        rows: Accepted rows that were read: entry, day, arm.
        role: Where the rows are from.

    Returns:
        Whether some unit does.

    Raises:
        Unbounded: a row that changed marks a unit that was first seen before the slice.
    """
    u, r = units.c, rows.c
    if not int(work.row("count crossed", sa.select(total(u.crossed).label("n")))["n"]):
        return False
    other = rows.join(units, sa.and_(r.entry == u.entry, u.crossed == 1, r.arm != u.arm))
    found = work.run("days of crossed units", sa.select(r.day).select_from(other).distinct())
    work.crossing |= set(found["day"].dt.date)
    if work.slice is None or not work.slice.changed(role):
        return True
    outside = sa.or_(u.day < fixed_day(work.slice.first), u.day > fixed_day(work.slice.last))
    marked = sa.select(sa.func.count().label("n")).select_from(other)
    marked = marked.where(on_days(r.day, work.slice.changed(role)), outside)
    if int(work.row("units crossed before", marked)["n"]):
        raise Unbounded("units first seen on other days now appear in a second arm")
    return True


def on_days(day: sa.ColumnElement[date], days: frozenset[date]) -> sa.ColumnElement[bool]:
    """Whether a day is one of some days, as ranges: they are often neighbours."""
    runs: list[list[date]] = []
    for one in sorted(days):
        if runs and (one - runs[-1][1]).days == 1:
            runs[-1][1] = one
        else:
            runs.append([one, one])
    return any_of([sa.and_(day >= fixed_day(a), day <= fixed_day(b)) for a, b in runs])
