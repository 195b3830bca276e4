"""Rows of a source table judged one by one, and the same id seen twice.

An id seen twice with the same content is one row, the first in time; the later ones are counted
as ``duplicate`` on their own day. The same id with different content is held back altogether:
nobody knows which one is true.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import pandas as pd
import sqlalchemy as sa

from connectors import dialects
from connectors.sql.values import flag, total
from connectors.sql.work import Expression, Statement, Work
from valuekit.incremental.plan import NEAR

ACCEPTED = "accepted"
_OWN = ("id", "ts", "day", "usable", "rule", "amount")


@dataclass(frozen=True, slots=True)
class Judged:
    """A source after judgement.

    Attributes:
        rows: Accepted rows, each id once.
        rules: Frame of day, rule, rows, amount, scored: every row read, exactly once.
        read: Rows of the table, counted on their own.
        amount: Sum of the amount over all rows read, on its own.
        span: First and last time of usable rows; None when there are none.
        tied: Days that share an id with another day, and whether one that a slice may not see.
        twice: Ids that occur more than once, with ``conflict``; None when none does.
        firsts: The first row of each such id without conflict.
    """

    rows: sa.FromClause
    rules: pd.DataFrame
    read: int
    amount: float
    span: tuple[datetime, datetime] | None
    tied: Mapping[date, bool] = field(default_factory=dict)
    twice: sa.FromClause | None = None
    firsts: sa.FromClause | None = None


def judge(work: Work, source: str, read: sa.Subquery, *, has_id: bool = True) -> Judged:
    """Count a source's rows by day and rule, and keep the good ones once.

    Args:
        work: The pull.
        source: ``predictions`` or ``outcomes``, for the names of statements.
        read: All rows with id, ts, day, usable (1 when id and time are there), rule, amount;
            the other columns are content.
        has_id: Whether rows have ids that must be unique.
    """
    c = read.c
    usable_time = sa.case((c.usable == 1, c.ts))  # no calendar reaches a time in a wrong unit
    counts: list[Any] = [
        sa.func.count().label("read"),
        total(c.usable).label("usable"),
        sa.func.min(usable_time).label("first"),
        sa.func.max(usable_time).label("last"),
        total(c.amount).label("amount"),
    ]
    if has_id:
        one = sa.case((c.usable == 1, c.id))
        counts.append(sa.func.count(sa.distinct(one)).label("ids"))
    seen = work.row(f"count {source}", sa.select(*counts))
    good = _in_range(read, seen["first"], seen["last"])
    twice = firsts = None
    if has_id and int(seen["ids"]) != int(seen["usable"]):
        twice = _twice(work, source, read)
        rows, rules, firsts = _without_twice(work, source, read, good, twice)
        tied = _tied(work, source, read, twice)
    else:
        tied = {}
        rules = work.run(f"judge {source}", _by_rule(read))
        # Where every row is good the rule is left out: planners take it for a rare condition.
        held = [] if bool((rules["rule"] == ACCEPTED).all()) else [c.rule == ACCEPTED]
        rows = sa.select(read).where(*held, *good).subquery(source)
    span = None if seen["first"] is None else (seen["first"], seen["last"])
    read_rows, amount = int(seen["read"]), float(seen["amount"])
    return Judged(rows, rules, read_rows, amount, span, tied, twice, firsts)


def _in_range(
    read: sa.FromClause, first: datetime | None, last: datetime | None
) -> list[sa.ColumnElement[bool]]:
    """The range of times of a whole pull, as a predicate that partitions can be pruned by."""
    if first is None or last is None:
        return []
    return [read.c.ts >= dialects.moment(first), read.c.ts <= dialects.moment(last)]


def _by_rule(rows: sa.FromClause) -> Statement:
    c = rows.c
    scored = c.scored if "scored" in c else sa.literal_column("0")
    return sa.select(
        c.day,
        c.rule,
        sa.func.count().label("rows"),
        total(c.amount).label("amount"),
        total(scored).label("scored"),
    ).group_by(c.day, c.rule)


def _without_twice(
    work: Work,
    source: str,
    read: sa.Subquery,
    good: Sequence[sa.ColumnElement[bool]],
    twice: sa.FromClause,
) -> tuple[sa.FromClause, pd.DataFrame, sa.FromClause]:
    """Accepted rows without repetitions, the counts by rule, and the first of each repetition."""
    with_twice = sa.and_(read.c.id == twice.c.id, read.c.usable == 1)
    alone = (
        sa.select(read)
        .select_from(read.outerjoin(twice, with_twice))
        .where(twice.c.id.is_(None))
        .subquery()
    )
    first = [sa.func.min(one).label(one.name) if one.name != "id" else one for one in read.c]
    kept = work.keep(
        f"kept_{source}",
        sa.select(*first)
        .select_from(read.join(twice, with_twice))
        .where(twice.c.conflict == 0)
        .group_by(read.c.id),
    )
    names = [one.name for one in read.c]
    in_range = sa.select(read).where(*good).subquery() if good else read
    clean = (
        sa.select(in_range)
        .select_from(in_range.outerjoin(twice, in_range.c.id == twice.c.id))
        .where(twice.c.id.is_(None), in_range.c.rule == ACCEPTED)
    )
    again = sa.select(*(kept.c[name] for name in names)).where(kept.c.rule == ACCEPTED)
    rules = [
        work.run(f"judge {source}", _by_rule(alone)),
        work.run(f"judge first {source}", _by_rule(kept)),
        _later(work, source, read, twice, kept),
    ]
    found = [one for one in rules if len(one)]
    rows = sa.union_all(clean, again).subquery(source)
    return rows, pd.concat(found, ignore_index=True), kept


def _tied(work: Work, source: str, read: sa.Subquery, twice: sa.FromClause) -> dict[date, bool]:
    """Days of ids that occur on several days; True where those lie far apart."""
    t = twice.c
    apart = flag(dialects.days_between(t.first_day, t.last_day) > NEAR)
    found = work.run(
        f"days that share ids of {source}",
        sa.select(read.c.day, sa.func.max(apart).label("far"))
        .select_from(read.join(twice, sa.and_(read.c.id == t.id, read.c.usable == 1)))
        .where(t.first_day != t.last_day)
        .group_by(read.c.day),
    )
    days = found["day"].dt.date.tolist() if len(found) else []
    return dict(zip(days, (found["far"] == 1).tolist(), strict=True))


def _twice(work: Work, source: str, read: sa.Subquery) -> sa.FromClause:
    """Ids that occur more than once, with whether their contents differ."""
    ids = work.keep(
        f"repeated_{source}",
        sa.select(read.c.id)
        .where(read.c.usable == 1)
        .group_by(read.c.id)
        .having(sa.func.count() > 1),
    )
    differs = [
        sa.or_(
            sa.func.min(one) != sa.func.max(one),
            sa.and_(sa.func.count(one) != 0, sa.func.count(one) != sa.func.count()),
        )
        for one in map(_comparable, (one for one in read.c if one.name not in _OWN))
    ]
    return work.keep(
        f"twice_{source}",
        sa.select(
            read.c.id,
            flag(sa.or_(sa.false(), *differs)).label("conflict"),
            sa.func.min(read.c.day).label("first_day"),
            sa.func.max(read.c.day).label("last_day"),
        )
        .select_from(read.join(ids, read.c.id == ids.c.id))
        .where(read.c.usable == 1)
        .group_by(read.c.id),
    )


def _comparable(value: Expression) -> Expression:
    """A value whose order knows NaN: engines skip it where a file's statistics leave it out."""
    return dialects.to_text(value) if isinstance(value.type, sa.Double) else value


def _later(
    work: Work, source: str, read: sa.Subquery, twice: sa.FromClause, kept: sa.FromClause
) -> pd.DataFrame:
    """Repetitions by their own day: conflicting ones whole, equal ones less the first."""
    rule = sa.case((twice.c.conflict == 1, "conflicting_duplicate"), else_="duplicate")
    every = (
        sa.select(read.c.day, rule.label("rule"), read.c.amount)
        .select_from(read.join(twice, sa.and_(read.c.id == twice.c.id, read.c.usable == 1)))
        .subquery()
    )
    first = sa.select(kept.c.day, sa.literal("duplicate").label("rule"), kept.c.amount).subquery()
    rows = work.run(f"repeated {source}", _by_rule(every))
    less = work.run(f"first of repeated {source}", _by_rule(first))
    less[["rows", "amount"]] *= -1
    both = pd.concat([rows, less], ignore_index=True)
    summed = both.groupby(["day", "rule"], as_index=False, dropna=False).sum()
    return summed[summed["rows"] != 0]
