"""Which outcome belongs to which entry: window, credit, pick. Rows never multiply.

An entry is a prediction or a unit. A pair is possible when the keys are equal and the outcome
lies in [t, t + window). ``credit`` then gives each outcome to one entry (the first or last that
could have it), or splits it equally; ``pick`` says which of its outcomes an entry counts: the
first, the last, or the sum of all. Days of a window are 24 hours; when one side knows only days,
both are compared by local days.

An outcome that no entry could claim came after the window of one (``outside_window``), less than a
window before the first one (``before_prediction``), or neither (``orphan``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import sqlalchemy as sa

from connectors import dialects
from connectors.sql.exposure import Codes
from connectors.sql.outcomes import Actuals, classes, conserved
from connectors.sql.periods import fixed_day, wanted
from connectors.sql.values import flag, zero
from connectors.sql.work import Expression, Statement, Work

# What became of an outcome, best first: with two spines the better one tells.
RULES = ("credited", "uncredited", "outside_window", "before_prediction", "orphan")
CREDITED = RULES.index("credited")
CROWD = 200  # outcomes of one key
_START = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Matched:
    """Pairs of entries and outcomes.

    Attributes:
        pairs: Kept: entry, oid where outcomes have one, picked (1 or 0), weight (share of the
            outcome), age and delay (days from the entry's day to the outcome and to its arrival),
            the carried columns, and the values label, y, m_..., d_... of the whole outcome.
        rows: One row an entry that got an outcome: entry, label, y, m_..., d_..., age, and where
            it is a single outcome, whole, stated: its label as it is in the table.
        kept: The pairs without the columns that others tell: what is worked out after a join need
            not go through it.
        more: The columns of ``pairs`` that ``kept`` lacks, in terms of its own.
        met: Every outcome once, where no two entries have the same keys: happened (its day),
            amount, and rank in :data:`RULES`, before any pick; oid where outcomes have one.
        whole: Whether every pair counts, and the rank in ``met`` is the last word.
    """

    pairs: sa.FromClause
    rows: sa.FromClause
    kept: sa.FromClause
    more: Mapping[str, Expression]
    met: sa.FromClause | None = None
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Entries:
    """What outcomes are matched to.

    Attributes:
        name: ``predictions`` or ``units``, for the names of kept tables.
        rows: Columns entry (unique), ts, day, key0..., and the carried ones.
        keys: Names of the key columns.
        carry: Further columns that pairs shall have.
        by_day: Whether the time has no time of day.
        alone: Whether no two entries have the same keys.
        within: Whether each entry begins at an entry of the spine that was matched before, so
            that an outcome it cannot claim was judged there.
        firsts: The first entry of each key (key0..., ts, day), where it is known already.
        older: Makes all entries (key0..., ts, day), where ``rows`` are only those of a slice: to
            be asked only where one is missed, as it may open the files of all days.
        codes: Of the carried versions and arms, where they are few: kept instead of the names.
        timed: Whether ``day`` is the day of ``ts``.
    """

    name: str
    rows: sa.FromClause
    keys: tuple[str, ...]
    carry: tuple[str, ...]
    by_day: bool
    alone: bool
    within: bool = False
    firsts: sa.FromClause | None = None
    older: Callable[[], sa.FromClause] | None = None
    codes: Codes | None = None
    timed: bool = False


def match(work: Work, entries: Entries, actuals: Actuals) -> Matched:
    """Pairs of entries and outcomes, each outcome's credit adding up to at most 1."""
    o = work.model.outcomes
    assert o is not None  # noqa: S101  there are actuals
    met: sa.FromClause | None = None
    possible: sa.FromClause
    what = f"count pairs of {entries.name}"
    if entries.alone:
        all_met = _met(work, entries, actuals)
        met = work.keep(f"met_{entries.name}", all_met, rows=actuals.judged.read)
        seen = work.row(what, sa.select(*_met_counts(work, entries, actuals, met)))
        if entries.older is not None and int(seen["orphans"]):
            met = _with_older(work, entries, actuals, met)
        possible = sa.select(met).where(met.c.rank == CREDITED).subquery()
        met = _with(met, _telling(work, entries, actuals, met))
    else:
        possible = work.keep(f"possible_{entries.name}", _possible(work, entries, actuals))
        c = possible.c
        counts = [
            sa.func.count().label("pairs"),
            sa.func.count(sa.distinct(c.entry)).label("entries"),
            sa.func.count(sa.distinct(c.oid)).label("outcomes"),
        ]
        seen = work.row(what, sa.select(*counts))
    shared = not entries.alone and seen["pairs"] != seen["outcomes"]
    several = seen["pairs"] != seen["entries"]
    values = _values(work)
    if shared or several:
        credit, pick = o.credit if shared else None, o.pick if several else None
        decided = _decided(possible, values, credit, pick)
        possible = work.keep(f"pairs_{entries.name}", decided)
    more = _telling(work, entries, actuals, possible)
    pairs = _with(possible, more)
    split = shared and o.credit == "split"
    whole = o.absent == "unknown"  # of which a sum with an unknown part is unknown, too
    summed = several and o.pick == "sum"
    rows = _rows(pairs, values, summed=summed, split=split, whole=whole).subquery()
    return Matched(pairs, rows, possible, more, met, whole=not (shared or several))


def window(entries: Entries, actuals: Actuals, days: int) -> list[sa.ColumnElement[bool]]:
    """Conditions that an outcome lies in the window of an entry; none without a time."""
    if not actuals.timed:
        return []
    start, at = starts(entries, actuals)
    return [at >= start, at < dialects.add_days(start, days)]


def starts(entries: Entries, actuals: Actuals) -> tuple[Expression, Expression]:
    """Times of an entry and an outcome as they are compared."""
    e, o = entries.rows.c, actuals.rows.c
    if entries.by_day or actuals.by_day:
        return dialects.instant(e.day), dialects.instant(o.day)
    return e.ts, o.ts


def same_keys(entries: Entries, rows: sa.FromClause) -> list[sa.ColumnElement[bool]]:
    """Equality of all keys between entries and other rows with key columns."""
    return [entries.rows.c[name] == rows.c[name] for name in entries.keys]


def _values(work: Work) -> list[str]:
    return [f"{axis}_{name}" for name in work.model.metrics for axis in ("m", "d")]


def _possible(work: Work, entries: Entries, actuals: Actuals) -> Statement:
    """All pairs with equal keys within the window."""
    declared = work.model.outcomes
    assert declared is not None  # noqa: S101  there are actuals
    blocks = actuals.timed and _crowded(work, entries, actuals)
    rows = _in_blocks(entries, actuals, declared.window) if blocks else actuals
    on = [*same_keys(entries, rows.rows), *window(entries, rows, declared.window)]
    if blocks:
        start, _ = starts(entries, rows)
        on.append(rows.rows.c.block == _block(start, declared.window))
    source = entries.rows.join(rows.rows, sa.and_(*on))
    return sa.select(*_columns(work, entries, rows)).select_from(source)


def _met(work: Work, entries: Entries, actuals: Actuals) -> Statement:
    """Every outcome with the only entry of its keys, if there is one, and its rank."""
    declared = work.model.outcomes
    assert declared is not None  # noqa: S101  there are actuals
    e = entries.rows.c
    cases: list[tuple[sa.ColumnElement[bool], int]] = [
        (e.entry.is_(None), RULES.index("orphan")),
    ]
    if actuals.timed:
        start, at = starts(entries, actuals)
        cases += [
            (at < dialects.add_days(start, -declared.window), RULES.index("orphan")),
            (at < start, RULES.index("before_prediction")),
            (at >= dialects.add_days(start, declared.window), RULES.index("outside_window")),
        ]
    rank = sa.cast(sa.case(*cases, else_=CREDITED), sa.SmallInteger()).label("rank")
    source = actuals.rows.outerjoin(entries.rows, sa.and_(*same_keys(entries, actuals.rows)))
    columns = [*_columns(work, entries, actuals), rank]
    return sa.select(*columns).select_from(source)


def _met_counts(
    work: Work, entries: Entries, actuals: Actuals, met: sa.FromClause
) -> list[sa.Label[int]]:
    """Pairs, their entries, and where a slice looks them up the outcomes that met nobody in it."""
    c = met.c
    pair = c.rank == CREDITED
    counts = [
        sa.func.count(sa.case((pair, 1))).label("pairs"),
        sa.func.count(sa.distinct(sa.case((pair, c.entry)))).label("entries"),
    ]
    if entries.older is not None:
        counts.append(sa.func.count(sa.case((_orphan(work, actuals, met), 1))).label("orphans"))
    return counts


def _orphan(work: Work, actuals: Actuals, met: sa.FromClause) -> sa.ColumnElement[bool]:
    """An outcome, of the days that are wanted, that met nobody."""
    happened = wanted(work, met.c.happened) if actuals.timed else []
    return sa.and_(met.c.rank == RULES.index("orphan"), *happened)


def _with_older(
    work: Work, entries: Entries, actuals: Actuals, met: sa.FromClause
) -> sa.FromClause:
    """Outcomes that met nobody in a slice, judged by the entries of all days."""
    outside = RULES.index("outside_window")
    lost = sa.select(met).where(_orphan(work, actuals, met)).subquery()
    older = replace(entries, rows=entries.rows if entries.older is None else entries.older())
    known = same_keys(older, lost)
    if actuals.timed:
        names = [lost.c.oid, lost.c.happened.label("day"), *(lost.c[n] for n in entries.keys)]
        names += [lost.c.ts] if "ts" in lost.c else []
        rows = sa.select(*names).subquery("strangers")
        start, at = starts(older, replace(actuals, rows=rows))
        known = [*same_keys(older, rows), start <= at]
        lost = rows
    found = sa.select(lost.c.oid).select_from(lost.join(older.rows, sa.and_(*known))).distinct()
    kept = work.keep("met_older", found)
    rank = sa.case((kept.c.oid.is_not(None), outside), else_=met.c.rank).label("rank")
    columns = [one for one in met.c if one.name != "rank"]
    return (
        sa.select(*columns, rank)
        .select_from(met.outerjoin(kept, met.c.oid == kept.c.oid))
        .subquery()
    )


def _columns(work: Work, entries: Entries, actuals: Actuals) -> list[Expression]:
    """Columns of a pair, those apart that :func:`_telling` tells.

    Pairs are the widest rows that are kept, one an outcome: a column less is memory saved.
    """
    e, o = entries.rows.c, actuals.rows.c
    declared, model = work.model.outcomes, work.model
    assert declared is not None  # noqa: S101  there are actuals
    made = [e.entry, *(one for one in o if one.name == "oid")]
    if not entries.alone or "unit" in entries.carry:
        made.append(e.ts.label("entry_ts"))
    looked_up = entries.alone and entries.older is not None  # those that meet nobody in a slice
    dated = _dated(work, entries, actuals)
    if declared.pick != "sum" or looked_up:
        made.append(o.ts)
    if looked_up:
        made += [o[name] for name in entries.keys]
    if declared.arrived is not None:
        made.append(dialects.days_between(e.day, o.late).label("delay"))
    if actuals.timed and not ("ts" in _names(made) and dated):
        made.append(o.day.label("happened"))
    if not ("entry_ts" in _names(made) and dated):
        made.append(e.day)
    held = [f"m_{name}" for name, one in model.metrics.items() if one.column is not None]
    held += [f"d_{name}" for name, one in model.metrics.items() if one.denominator is not None]
    held += ["stated"] if declared.label is not None else []
    carried = list(entries.carry)
    if entries.codes is not None:
        carried = [name for name in carried if name not in {"version", "arm"}]
        made.append(entries.codes.code(e.arm, e.version).label("code"))
    return [*made, *(e[name] for name in carried), *(o[name] for name in held)]


def _dated(work: Work, entries: Entries, actuals: Actuals) -> bool:
    """Whether days are the days of times that are kept, and cheaply told by them.

    A slice has few rows, and looks some of them up by their days.
    """
    timed = entries.timed and actuals.timed and not actuals.by_day
    return timed and entries.older is None and work.engine.plain_days


def _names(columns: Sequence[Expression]) -> set[str]:
    return {getattr(one, "name", "") for one in columns}


def _with(kept: sa.FromClause, more: Mapping[str, Expression]) -> sa.Subquery:
    return sa.select(kept, *(one.label(name) for name, one in more.items())).subquery()


def _telling(
    work: Work, entries: Entries, actuals: Actuals, kept: sa.FromClause
) -> dict[str, Expression]:
    """The columns of pairs that were not kept: the same in all rows, or told by others."""
    c, model = kept.c, work.model
    made: dict[str, Expression] = {
        "picked": sa.literal_column("1"),
        "weight": sa.literal_column("1.0"),
        "delay": sa.cast(sa.null(), sa.BigInteger()),
        **classes(work, c.stated if "stated" in c else sa.null()),
    }
    if "day" not in c:
        made["day"] = work.engine.local_day(c.entry_ts)
    if not actuals.timed:
        made |= {"age": made["delay"], "happened": sa.cast(sa.null(), sa.Date())}
    else:
        if "happened" not in c:
            made["happened"] = work.engine.local_day(c.ts)
        known = {**made, **dict(c)}
        made["age"] = dialects.days_between(known["day"], known["happened"])
    if entries.codes is not None:
        made |= entries.codes.names(c.code)
    for name in model.metrics:
        made[f"m_{name}"] = dialects.to_double(sa.literal_column("1.0"))
        made[f"d_{name}"] = dialects.to_double(sa.literal_column("0.0"))
    more = {name: one for name, one in made.items() if name not in c}
    return {**more, "amount": conserved(model, {**more, **dict(c)})}


def _crowded(work: Work, entries: Entries, actuals: Actuals) -> bool:
    """Whether some key has so many outcomes that joining all of its rows would take forever."""
    by = [actuals.rows.c[name] for name in entries.keys]
    counted = sa.select(sa.func.count().label("n")).select_from(actuals.rows)
    each = counted.group_by(*by).subquery()
    seen = work.row("outcomes of one key", sa.select(sa.func.max(each.c.n).label("n")))
    return int(seen["n"] or 0) > CROWD


def _block(at: Expression, days: int) -> Expression:
    """Number of the stretch of ``days`` days that a time is in."""
    since = dialects.days_between(fixed_day(_START), dialects.day(at))
    return dialects.to_int(dialects.fdiv(since, sa.literal_column(str(max(days, 1)))))


def _in_blocks(entries: Entries, actuals: Actuals, days: int) -> Actuals:
    """Each outcome in its own stretch of time and in the one before.

    A window that starts in a stretch ends in the next at the latest. With the stretch as one
    more key, a unit seen all year is joined with the outcomes of two weeks, not of the year.
    """
    _, at = starts(entries, actuals)
    rows = actuals.rows
    own = sa.select(rows, _block(at, days).label("block"))
    before = sa.select(rows, (_block(at, days) - 1).label("block"))
    return replace(actuals, rows=sa.union_all(own, before).subquery("outcomes_in_blocks"))


def _decided(
    possible: sa.FromClause, values: Sequence[str], credit: str | None, pick: str | None
) -> Statement:
    """Pairs after credit and pick; outcomes that were not picked stay, with picked = 0."""
    rows: Any = possible
    if credit is not None:
        rows = _credited(possible, credit)
    if pick in {"first", "last"}:
        return _picked(rows, values, last=pick == "last")
    return sa.select(rows)


def _credited(possible: sa.FromClause, credit: str) -> sa.Subquery:
    """Each outcome with one entry, or with all of them in equal shares: their weight."""
    c = possible.c
    if credit == "split":
        share = dialects.fdiv(sa.literal_column("1"), sa.func.count().over(partition_by=c.oid))
        return sa.select(possible, share.label("weight")).subquery()
    order = _order([c.entry_ts, c.entry], last=credit == "last")
    rank = sa.func.row_number().over(partition_by=c.oid, order_by=order).label("turn")
    ranked = sa.select(possible, rank).subquery()
    return sa.select(*(ranked.c[one.name] for one in c)).where(ranked.c.turn == 1).subquery()


def _picked(rows: sa.FromClause, values: Sequence[str], *, last: bool) -> Statement:
    """Marks one outcome an entry; ties of time are broken by the values, the arrival, then the row.

    Values that are not kept are the same in all rows, or told by one that is: without a number of
    the row, those left are alike.
    """
    c = rows.c
    keys: list[Expression] = [flag(c.ts.is_(None)), c.ts]
    ties = [c[name] for name in ("stated", *values) if name in c]
    keys += [part for one in ties for part in (flag(one.is_(None)), one)]
    if "delay" in c:  # one that is known goes before, whichever is picked
        keys += [flag(c.delay.is_not(None) if last else c.delay.is_(None)), c.delay]
    order = _order([*keys, *(one for one in c if one.name == "oid")], last=last)
    rank = sa.func.row_number().over(partition_by=c.entry, order_by=order).label("turn")
    ranked = sa.select(rows, rank).subquery()
    picked = flag(ranked.c.turn == 1).label("picked")
    return sa.select(*(ranked.c[one.name] for one in c), picked)


def summed_up(value: Expression, part: Expression, *, whole: bool) -> Expression:
    """Sum of the parts that known values are; none where no value, or not each, is known."""
    known = sa.func.count(value)
    enough = known == sa.func.count() if whole else known > 0
    return sa.case((enough, sa.func.sum(part)))


def _order(keys: Sequence[Expression], *, last: bool) -> list[Expression]:
    return [one.desc() for one in keys] if last else list(keys)


def _rows(
    pairs: sa.FromClause, values: Sequence[str], *, summed: bool, split: bool, whole: bool
) -> Statement:
    """One row an entry, with credited values; sums of metrics only of known ones if ``whole``."""
    c = pairs.c
    numbers = ["y", *values]
    if not summed:
        each = [(c[name] * c.weight).label(name) for name in numbers]
        stated = [one for one in c if one.name == "stated" and not split]
        return sa.select(c.entry, *stated, c.label, c.age, *each).where(c.picked == 1)
    added = [
        summed_up(c[name], zero(c[name]) * c.weight, whole=whole and name != "y").label(name)
        for name in numbers
    ]
    label, age = sa.func.max(c.label).label("label"), sa.func.min(c.age).label("age")
    return sa.select(c.entry, label, age, *added).where(c.picked == 1).group_by(c.entry)
