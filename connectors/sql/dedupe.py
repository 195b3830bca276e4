"""Rows of a source table judged one by one, and the same id seen twice.

An id seen twice with the same content is one row, the first in time; the later ones are counted
as ``duplicate`` on their own day. The same id with different content is held back altogether:
nobody knows which one is true.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

import pandas as pd
import sqlalchemy as sa

from connectors import dialects
from connectors.sql.crossings import on_days
from connectors.sql.periods import around, wanted
from connectors.sql.scope import Slice
from connectors.sql.values import flag, total
from connectors.sql.work import Expression, Statement, Work
from valuekit.incremental.plan import NEAR

ACCEPTED = "accepted"
_EDGE = timedelta(days=3)  # by which files are read beyond the days of a slice, and zones
_OWN = ("id", "ts", "day", "usable", "rule", "amount")


@dataclass(frozen=True, slots=True)
class Judged:
    """A source after judgement.

    Attributes:
        rows: Accepted rows, each id once; without ``usable`` and ``rule`` where all were accepted.
        rules: Frame of day, rule, rows, amount, scored: every row read, exactly once.
        read: Rows of the table, counted on their own.
        amount: Sum of the amount over all rows read, on its own.
        span: First and last time of usable rows; None when there are none.
        tied: Days that share an id with another day, and whether one that a slice may not see.
        twice: Ids that occur more than once, with ``conflict``; None when none does.
        firsts: The first row of each such id without conflict.
        partly: Whether only rows of the days that are wanted were counted.
    """

    rows: sa.FromClause
    rules: pd.DataFrame
    read: int
    amount: float
    span: tuple[datetime, datetime] | None
    tied: Mapping[date, bool] = field(default_factory=dict)
    twice: sa.FromClause | None = None
    firsts: sa.FromClause | None = None
    partly: bool = False


def judge(work: Work, source: str, read: sa.Subquery, *, has_id: bool = True) -> Judged:
    """Count a source's rows by day and rule, and keep the good ones once.

    Args:
        work: The pull.
        source: ``predictions`` or ``outcomes``, for the names of statements.
        read: All rows with id, ts, day, usable (1 when id and time are there), rule, amount;
            the other columns are content.
        has_id: Whether rows have ids that must be unique.
    """
    counted = _counted(work, source, read, has_id=has_id)
    good = _in_range(read, *counted.ends)
    twice = firsts = None
    if counted.again:
        twice = _twice(work, source, read)
        rows, rules, firsts = _without_twice(work, source, read, good, twice)
        tied = _tied(work, source, read, twice)
    else:
        tied, made = {}, counted.rules
        rules = work.run(f"judge {source}", _by_rule(read)) if made is None else made
        if bool((rules["rule"] == ACCEPTED).all()):
            # Where every row is good the rule is left out: planners take it for a rare condition,
            # and its text is longer than all the rest.
            clean = some(read, [one.name for one in read.c if one.name not in {"usable", "rule"}])
            rows = sa.select(clean).where(*_in_range(clean, *counted.ends)).subquery(source)
        else:
            rows = sa.select(read).where(read.c.rule == ACCEPTED, *good).subquery(source)
    first, last = counted.ends
    span = None if first is None or last is None else (first, last)
    return Judged(
        rows, rules, counted.read, counted.amount, span, tied, twice, firsts, counted.partly
    )


@dataclass(frozen=True, slots=True)
class _Counted:
    """A source's rows before they are judged.

    Attributes:
        read: Their number.
        amount: Sum of the amount over all of them.
        ends: First and last time of usable rows; None without any.
        again: Whether an id comes more than once.
        rules: The counts by rule, where they were made in passing.
        partly: Whether only rows of the days that are wanted were counted.
    """

    read: int
    amount: float
    ends: tuple[datetime | None, datetime | None]
    again: bool
    rules: pd.DataFrame | None = None
    partly: bool = False


def _counted(work: Work, source: str, read: sa.Subquery, *, has_id: bool) -> _Counted:
    """Count the rows on their own; of a slice, whose days the survey has counted, by rule."""
    if work.slice is not None and not work.back:
        part = work.slice
        told = has_id and source in part.plan.repeats
        found = None if told else _by_the_way(work, part, source, read, has_id=has_id)
        if found is not None:
            return found
    counts = [sa.func.count().label("read"), total(read.c.amount).label("amount"), *_ends(read)]
    if has_id:
        counts += _ids(read.c.usable == 1, read.c.id)
    seen = work.row(f"count {source}", sa.select(*counts))
    again = has_id and int(seen["ids"]) != int(seen["usable"])
    ends = seen["first"], seen["last"]
    return _Counted(int(seen["read"]), float(seen["amount"]), ends, again)


def some(rows: sa.Subquery, names: Collection[str]) -> sa.Subquery:
    """The same rows with some of their columns: what nobody asks for is not planned either."""
    made = rows.element
    assert isinstance(made, sa.Select)  # noqa: S101  as sources are read
    columns = [one for one in made.selected_columns if one.key in names]
    return made.with_only_columns(*columns).subquery(rows.name)


def _ends(read: sa.FromClause) -> list[sa.Label[Any]]:
    """First and last time of usable rows; no calendar reaches a time in a wrong unit."""
    usable = sa.case((read.c.usable == 1, read.c.ts))
    return [sa.func.min(usable).label("first"), sa.func.max(usable).label("last")]


def _ids(usable: sa.ColumnElement[bool], name: Expression) -> list[sa.Label[Any]]:
    """How many rows have an id, and how many ids there are."""
    one = sa.case((usable, name))
    return [sa.func.count(one).label("usable"), sa.func.count(sa.distinct(one)).label("ids")]


def _repeated(work: Work, part: Slice, source: str, read: sa.Subquery) -> bool:
    """Whether ids come again on changed days; on all others the store knows that none does."""
    days = part.changed(source)
    if not days:
        return False
    c = some(read, ("id", "ts", "day", "usable")).c
    near = around(c.ts, min(days), max(days)) if work.model.task != "forecast" else []
    counts = _ids(sa.and_(c.usable == 1, on_days(c.day, days)), c.id)
    seen = work.row(f"count ids of {source}", sa.select(*counts).where(*near))
    return int(seen["ids"]) != int(seen["usable"])


def _by_the_way(
    work: Work, part: Slice, source: str, read: sa.Subquery, *, has_id: bool
) -> _Counted | None:
    """All counts from those by rule, of the days that are not known to be without fault.

    None where an id comes again: then all rows must be counted. Only the days that are wanted have
    to be counted. On the others that are read nothing changed, and when no row was ever held back
    they need not be judged again. Nor is a wanted day on which nothing changed, where the store has
    counts of its rows.
    """
    stored, sound = part.plan.settled.get(source), _sound(work, part, source)
    kept = sound and stored is not None and _layout_known(work, source)
    days = part.changed(source)
    # Ids of a single day are counted with its rows.
    alone = has_id and kept and len(days) == 1 and part.first <= min(days) <= part.last
    if has_id and not alone and _repeated(work, part, source, read):
        return None
    every, read = read, some(read, ("id", "ts", "day", "usable", "rule", "amount", "scored"))
    if not sound:
        rules = work.run(f"judge {source}", _by_rule(read, *_ends(read)))
        first, last = rules.pop("first").dropna(), rules.pop("last").dropna()
        span = None
        if len(first):
            span = first.min().to_pydatetime(), last.max().to_pydatetime()
        return _counts(rules, span)
    ends = [datetime.combine(day, time()) for day in part.read]
    span = ends[0] - _EDGE, ends[1] + _EDGE
    if stored is None or not kept:
        near = [*wanted(work, read.c.day), *around(read.c.ts, part.first, part.last)]
        rules = work.run(f"judge {source}", _by_rule(read).where(*near))
        return _counts(rules, span, partly=True)
    days = frozenset(day for day in days if part.first <= day <= part.last)
    rules = _as_stored(part.cut(stored), days)
    if days:
        near = [on_days(read.c.day, days), *around(read.c.ts, min(days), max(days))]
        ids = _ids(read.c.usable == 1, read.c.id) if alone else []
        fresh = work.run(f"judge {source}", _by_rule(read, *ids).where(*near))
        if alone:
            again = bool((fresh.pop("ids") != fresh.pop("usable")).any())
            # An accepted row and one that is held back may share an id.
            if again or (len(fresh) > 1 and _repeated(work, part, source, every)):
                return None
        fresh["day"] = fresh["day"].astype(rules["day"].dtype)
        rules = pd.concat([one for one in (rules, fresh) if len(one)] or [rules], ignore_index=True)
    return _counts(rules, span, partly=True)


def _counts(
    rules: pd.DataFrame, span: tuple[datetime, datetime] | None, *, partly: bool = False
) -> _Counted:
    rows, amount = int(rules["rows"].sum()), float(rules["amount"].sum())
    return _Counted(rows, amount, span or (None, None), again=False, rules=rules, partly=partly)


def _sound(work: Work, part: Slice, source: str) -> bool:
    """Whether no row of a source was held back so far, and its days are those of its rows."""
    p = work.model.predictions
    dated = source == "outcomes" or (p is not None and p.time is not None)
    return dated and work.model.task != "forecast" and source not in part.plan.faulty


def _layout_known(work: Work, source: str) -> bool:
    """Whether nobody has to know how many rows of each day have a score."""
    p = work.model.predictions
    if source != "predictions" or p is None or p.score is None:
        return True
    return work.frozen("layout", "score") is not None


def _as_stored(rows: pd.DataFrame, changed: frozenset[date]) -> pd.DataFrame:
    """Counts by rule of the days that did not change, from stored ones: all were accepted."""
    same = rows[~rows["day"].isin(pd.to_datetime(sorted(changed)))] if changed else rows
    summed = same.groupby("day", as_index=False)[["rows", "value"]].sum()
    summed = summed.rename(columns={"value": "amount"})
    return summed.assign(rule=ACCEPTED, scored=summed["rows"])


def _in_range(
    read: sa.FromClause, first: datetime | None, last: datetime | None
) -> list[sa.ColumnElement[bool]]:
    """The range of times of a whole pull, as a predicate that partitions can be pruned by."""
    if first is None or last is None:
        return []
    return [read.c.ts >= dialects.moment(first), read.c.ts <= dialects.moment(last)]


def _by_rule(rows: sa.FromClause, *more: sa.Label[Any]) -> Statement:
    c = rows.c
    scored = c.scored if "scored" in c else sa.literal_column("0")
    return sa.select(
        c.day,
        c.rule,
        sa.func.count().label("rows"),
        total(c.amount).label("amount"),
        total(scored).label("scored"),
        *more,
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
