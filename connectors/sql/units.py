"""The spine of units: one row a unit, at its first exposure, in the arm it was first given.

From the assignments where they are declared, else from each unit's first prediction. A unit
seen in two arms at the same first instant is in neither: nobody knows which one it had.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
import sqlalchemy as sa

from connectors.base import BAD_CELL, ColumnType
from connectors.sql import instants as when
from connectors.sql.clashes import clashes
from connectors.sql.crossings import crossings
from connectors.sql.dedupe import ACCEPTED
from connectors.sql.epochs import epoch
from connectors.sql.exposure import Codes, Once, at_once
from connectors.sql.history import whole_spine
from connectors.sql.keys import Keys, assignment_keys, unit_is_the_key
from connectors.sql.periods import fixed_day, moment_of
from connectors.sql.returning import returning
from connectors.sql.spine import Spine, time_of
from connectors.sql.strata import no_chance, stratum
from connectors.sql.values import (
    blank,
    filled_text,
    flag,
    number,
    text,
    too_long,
    total,
    unusable,
    zero,
)
from connectors.sql.work import Expression, Statement, Work
from connectors.sql.written import Written, cells_of
from valuekit.workspace.declare import Assignments


@dataclass(frozen=True, slots=True)
class Units:
    """Units at first exposure.

    Attributes:
        rows: Kept: entry (the unit), ts, day, version, arm, epoch, stratum, crossed, key0...,
            seg0..., ``x_METRIC`` and ``e_METRIC``; acted (1 or 0) where it was seen in passing.
        segments: Names of the segment columns, in the order of seg0...
        keys: Keys to the outcomes; None when units get theirs through their predictions.
        alone: Whether no two units have the same keys, by declaration.
        by_day: Whether exposure has no time of day.
        assigned: Whether the units come from assignments.
        rules: Assignment rows by day and rule; None without assignments.
        read: Assignment rows read.
        every: Rows with the units left out because of a conflict.
        conflicts: Units left out because their first exposure was in two arms at once.
        older: Units of all days, where ``rows`` are only those of a slice.
        codes: Of versions and arms of the predictions, where they are few.
        clashes: Ids of predictions that name another arm than one of the same unit and time.
    """

    rows: sa.FromClause
    segments: tuple[str, ...]
    keys: Keys | None
    alone: bool
    by_day: bool
    assigned: bool
    rules: pd.DataFrame | None
    read: int
    every: sa.FromClause
    conflicts: int
    older: sa.FromClause | None = None
    codes: Codes | None = None
    clashes: sa.FromClause | None = None


def units(work: Work, spine: Spine | None) -> Units | None:
    """The spine of units; None when no metric is measured on any."""
    model = work.model
    if model.assignments is not None:
        return _assigned(work, model.assignments)
    p = model.predictions
    if not model.metrics or spine is None or p is None or p.unit is None:
        return None
    return _exposed(work, spine)


def _exposed(work: Work, spine: Spine) -> Units:
    """Units by their first accepted prediction."""
    p = work.model.predictions
    assert p is not None  # noqa: S101  there is a spine of predictions
    slice_spine, spine = spine, whole_spine(work, spine)
    keyed = spine.keys is not None and unit_is_the_key(p, spine.keys)
    once, alias = at_once(work, spine), ("key0",) if keyed else ()
    rows: sa.FromClause
    several = True  # whether a unit may have been in two arms
    if once is not None:
        rows, several = _seen_once(work, spine, once)
    else:
        rows = work.keep("units", _firsts(work, _of_predictions(spine, p.segments)))
    made, every, conflicts = _agreed(work, rows, alias, may_conflict=several)
    seen = _of_predictions(slice_spine, ())
    crossed = several and crossings(work, every, seen, "predictions")
    return Units(
        rows=_of_slice(work, made),
        segments=p.segments,
        keys=spine.keys if keyed else None,
        alone=True,
        by_day=spine.by_day,
        assigned=False,
        rules=None,
        read=0,
        every=every,
        conflicts=conflicts,
        older=None if work.slice is None else made,
        codes=None if once is None else once.codes,
        clashes=clashes(work, spine, every) if crossed else None,
    )


def _seen_once(work: Work, spine: Spine, once: Once) -> tuple[sa.Subquery, bool]:
    """Units of one pass, and whether any was in two arms: conflicts are looked for among these."""
    kept = work.keep("units", once.rows)
    c = kept.c
    rest = [one for one in c if one.name != "note"]
    told = [one.label(name) for name, one in once.told(c).items()]
    torn = _torn(work, spine, kept, once) if len(once.codes.arms.names) > 1 else None
    if torn is None:
        return sa.select(*rest, *told, _zero("conflict")).subquery(), False
    conflict = flag(torn.c.entry.is_not(None)).label("conflict")
    source = kept.outerjoin(torn, c.entry == torn.c.entry)
    return sa.select(*rest, *told, conflict).select_from(source).subquery(), True


def _torn(work: Work, spine: Spine, kept: sa.FromClause, once: Once) -> sa.FromClause | None:
    """Units in two arms at their first instant; None where no unit was ever in two."""
    c, r = kept.c, _of_predictions(spine, ()).c
    told = once.told(c)
    crossed = told["crossed"]
    if not int(work.row("count units in two arms", sa.select(total(crossed).label("n")))["n"]):
        return None
    at = sa.and_(crossed == 1, r.entry == c.entry, r.ts == c.ts, r.arm != told["arm"])
    return work.keep("torn_units", sa.select(r.entry).where(at).distinct())


def _of_slice(work: Work, rows: sa.FromClause) -> sa.FromClause:
    """Units first seen on the days that a slice reads; all of them where they come back."""
    if work.slice is None or returning(work.model):
        return rows
    first, last = work.slice.read
    inside = [rows.c.day >= fixed_day(first), rows.c.day <= fixed_day(last)]
    return sa.select(rows).where(*inside).subquery("units_of_slice")


def _of_predictions(spine: Spine, segments: tuple[str, ...]) -> sa.Subquery:
    """The predictions of units, under the names of units."""
    c = spine.rows.c
    return (
        sa.select(
            c.unit.label("entry"),
            c.ts,
            c.day,
            c.version,
            c.arm,
            *(c[f"seg{place}"] for place in range(len(segments))),
        )
        .where(c.unit.is_not(None))
        .subquery()
    )


def _assigned(work: Work, a: Assignments) -> Units:
    """Units by the table that put them in their arms."""
    kinds = work.engine.columns(a.table)
    keys = assignment_keys(work)
    read = _read(work, a, kinds, keys)
    c = read.c
    counts = sa.select(
        sa.func.count().label("read"),
        total(c.usable).label("usable"),
        sa.func.count(sa.distinct(sa.case((c.usable == 1, c.entry)))).label("units"),
    )
    seen = work.row("count assignments", counts)
    names = [one.name for one in c if one.name not in {"usable", "rule"}]
    good = sa.select(*(c[name] for name in names)).where(c.rule == ACCEPTED).subquery()
    if seen["units"] == seen["usable"]:
        whole = [good.c[name] for name in names]
        plain = work.keep("units", sa.select(*whole, _zero("crossed"), _zero("conflict")))
        rows, every, conflicts = _agreed(work, plain, (), may_conflict=False)
    else:
        firsts = work.keep("units", _firsts(work, good))
        rows, every, conflicts = _agreed(work, firsts, (), may_conflict=True)
        crossings(work, every, good, "assignments")
    return Units(
        rows=rows,
        segments=a.segments,
        keys=keys,
        alone=keys is not None and a.unit in keys.entry,
        by_day=a.time is None or kinds[a.time] == "date",
        assigned=True,
        rules=_rules(work, read, rows),
        read=int(seen["read"]),
        every=every,
        conflicts=conflicts,
    )


def written(work: Work, a: Assignments) -> Written:
    """Every row of the assignments as it was judged, with its cells as they were written."""
    keys = assignment_keys(work)
    rows = _read(work, a, work.engine.columns(a.table), keys, cells=True)
    return Written(rows, tuple(_wanted(a, keys)))


def _wanted(a: Assignments, keys: Keys | None) -> list[str]:
    wanted = (
        a.unit, a.arm, a.time, a.stratum, a.propensity, *a.covariates.values(), *a.segments
    )  # fmt: skip
    return list(dict.fromkeys(one for one in (*wanted, *(keys.entry if keys else ())) if one))


def _read(
    work: Work,
    a: Assignments,
    kinds: Mapping[str, ColumnType],
    keys: Keys | None,
    *,
    cells: bool = False,
) -> sa.Subquery:
    """All rows of the assignment table, by meaning, with the rule that each breaks."""
    raw = work.table("assignments", a, _wanted(a, keys), cells=cells)
    unit = raw.c[a.unit], kinds[a.unit]
    timed = [] if a.time is None else when.rules(work.engine, raw.c, a.time, kinds[a.time])
    rule = sa.case(
        (raw.c[BAD_CELL].is_not(None), "bad_cell"),
        (blank(*unit), "null_id"),
        (too_long(*unit), "long_id"),
        *when.never_was(raw.c),
        *timed,
        *no_chance(a, raw.c, kinds),
        else_=ACCEPTED,
    )
    if a.time is None:
        assert a.date is not None  # noqa: S101  declared: exactly one of time and date
        ts, day = moment_of(a.date), fixed_day(a.date)
    else:
        time, kind = raw.c[a.time], kinds[a.time]
        day = when.day_or_none(work.engine.local_day(time), time, kind)
        ts = time_of(time, kind)
    made: dict[str, Expression] = {
        "entry": raw.c[a.unit],
        "ts": ts,
        "day": day,
        "version": sa.literal_column("'all'"),
        "arm": filled_text(raw.c[a.arm], kinds[a.arm]),
        "stratum": stratum(a, raw.c, kinds),
        "usable": flag(rule == ACCEPTED),
        "rule": rule,
        **{f"seg{i}": text(raw.c[one], kinds[one]) for i, one in enumerate(a.segments)},
        **_covariates(work, a, raw, kinds),
        **(keys.of_entry(raw.c, kinds) if keys else {}),
        **cells_of(raw),
    }
    labelled = [one.label(name) for name, one in made.items()]
    return sa.select(*labelled).select_from(raw).subquery("read_assignments")


def _covariates(
    work: Work, a: Assignments, raw: sa.FromClause, kinds: Mapping[str, ColumnType]
) -> dict[str, Expression]:
    """The x of each metric and e of its denominator; a missing covariate is 0.

    Any fixed value would do: it was known before the arm was drawn, so the difference stays
    unbiased (Lin 2013), only less precise.
    """
    made = {}
    for name in work.model.metrics:
        for axis, key in (("x", name), ("e", f"{name}_denominator")):
            if key in a.covariates:
                column = a.covariates[key]
                value, kind = raw.c[column], kinds[column]
                usable = sa.not_(unusable(value, kind))
                made[f"{axis}_{name}"] = zero(sa.case((usable, number(value, kind))))
    return made


def _firsts(work: Work, rows: sa.Subquery) -> Statement:
    """One row a unit: what it was at its first instant; ties by the smallest value.

    Pre-aggregation (first instant, then what was there) instead of a rank over all rows.
    """
    c = rows.c
    whole = sa.select(
        c.entry,
        sa.func.min(c.ts).label("first"),
        flag(sa.func.min(c.arm) != sa.func.max(c.arm)).label("crossed"),
    ).group_by(c.entry)
    first = work.keep("first_exposure", whole)
    at = sa.and_(c.entry == first.c.entry, c.ts == first.c.first)
    rest = [one for one in c if one.name != "entry"]
    return (
        sa.select(
            c.entry,
            *(sa.func.min(one).label(one.name) for one in rest),
            sa.func.max(first.c.crossed).label("crossed"),
            flag(sa.func.min(c.arm) != sa.func.max(c.arm)).label("conflict"),
        )
        .select_from(rows.join(first, at))
        .group_by(c.entry)
    )


def _agreed(
    work: Work, rows: sa.FromClause, alias: tuple[str, ...], *, may_conflict: bool
) -> tuple[sa.FromClause, sa.FromClause, int]:
    """Units with their epoch, without those in conflict; all of them; how many conflict.

    What other columns tell is not kept, but worked out where it is used.
    """
    c = rows.c
    told = {"epoch": epoch(work, c.day), **dict.fromkeys(alias, c.entry)}
    if "stratum" not in c:
        told["stratum"] = sa.literal_column("'all'")
    labelled = [one.label(name) for name, one in told.items()]
    every = sa.select(*c, *labelled).subquery("every_unit")
    if not may_conflict:
        return every, every, 0
    seen = work.row("count conflicts", sa.select(total(every.c.conflict).label("conflicts")))
    conflicts = int(seen["conflicts"])
    if not conflicts:
        return every, every, 0
    agreed = sa.select(every).where(every.c.conflict == 0)
    return agreed.subquery("agreed_units"), every, conflicts


def _rules(work: Work, read: sa.Subquery, rows: sa.FromClause) -> pd.DataFrame:
    """Assignment rows by day and rule; the first row of each kept unit is the accepted one."""
    c, u = read.c, rows.c
    one: Any = sa.literal_column("1")
    rule = sa.case(
        (c.rule != ACCEPTED, c.rule),
        (u.entry.is_(None), "conflicting_duplicate"),
        (c.arm != u.arm, "crossed"),
        else_="duplicate",
    )
    judged = (
        sa.select(c.day, rule.label("rule"), one.label("one"))
        .select_from(read.outerjoin(rows, sa.and_(c.entry == u.entry, c.usable == 1)))
        .subquery()
    )
    all_rows = work.run("judge assignments", _count(judged, judged.c.rule))
    first = rows
    accepted = work.run("count units", _count(first, sa.literal(ACCEPTED)))
    less = accepted.assign(rule="duplicate", rows=-accepted["rows"])
    both = pd.concat([all_rows, accepted, less], ignore_index=True)
    summed = both.groupby(["day", "rule"], as_index=False, dropna=False).sum()
    summed = summed[summed["rows"] != 0]
    return summed.assign(amount=0.0, scored=0)


def _count(rows: sa.FromClause, rule: Expression) -> Statement:
    inner = sa.select(rows.c.day, rule.label("rule")).subquery()
    c = inner.c
    return sa.select(c.day, c.rule, sa.func.count().label("rows")).group_by(c.day, c.rule)


def _zero(name: str) -> Expression:
    return sa.literal_column("0").label(name)
