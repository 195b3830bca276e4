"""Which rows a rule held back, told again from the judged rows: the statements behind examples."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from connectors import dialects
from connectors.base import BAD_CELL, FILE, NO_SUCH_TIME
from connectors.roles import Block
from connectors.sql.clashes import ARMS
from connectors.sql.culprits import Culprits
from connectors.sql.dedupe import ACCEPTED, Judged
from connectors.sql.history import whole_spine
from connectors.sql.joined import Joined
from connectors.sql.match import Entries, starts
from connectors.sql.outcomes import Actuals
from connectors.sql.periods import fixed_day
from connectors.sql.units import Units
from connectors.sql.work import Expression, Statement, Work
from connectors.sql.written import Written

CONFLICT = "conflicting_duplicate"
_OTHERS = 400  # rows of the ids of examples that are looked at
UNMET = ("orphan", "before_prediction")


@dataclass(frozen=True, slots=True)
class Source:
    """A source whose rows are looked at again.

    Attributes:
        name: ``predictions``, ``assignments``, ``outcomes`` or ``panel``.
        block: Its declaration.
        written: Its rows with their cells.
        judged: Its judgement, with repeated ids; None for assignments.
        means: What its columns mean to its rules.
        joined: What its rows were joined with; None for a panel.
    """

    name: str
    block: Block
    written: Written
    judged: Judged | None
    means: Culprits
    joined: Joined | None


def newest(work: Work, source: Source, rule: str, limit: int) -> Statement:
    """The newest distinct rows under a rule, all as text: no engine's types are met on the way.

    In a slice only rows of the days that are computed again: those around them do not count.
    """
    written, chosen = source.written, _chosen(work, source, rule)
    c = chosen.subquery().c
    cells = [c[one.name] for one in written.cells]
    part = work.slice
    inside = [] if part is None else [c.day >= fixed_day(part.first), c.day <= fixed_day(part.last)]
    if source.name == "panel":  # it is always read whole
        inside = []
    more = [c[name] for name in (BAD_CELL, NO_SUCH_TIME)]
    file: Expression = c[FILE] if FILE in c else sa.cast(sa.null(), sa.String())
    ordered = (
        sa.select(c.ts, c.day, *more, *cells, sa.func.min(file).label(FILE))
        .where(*inside)
        .group_by(c.ts, c.day, *more, *cells)
        .order_by(c.ts.desc(), *cells)
        .limit(sa.literal_column(str(limit)))
        .subquery()
    )
    o = ordered.c
    texts = [o[one.name] for one in (*more, *cells)] + [o[FILE]]
    return sa.select(
        dialects.to_text(o.ts).label("at"), dialects.to_text(o.day).label("day"), *texts
    )


def contradicting(work: Work, source: Source, ids: list[str]) -> Statement | None:
    """All contradicting rows of some ids, with their cells; None where ids are not columns."""
    c = _chosen(work, source, CONFLICT).subquery().c
    name = "entry" if source.name == "assignments" else "id"
    if name not in c:
        return None
    key = dialects.to_text(c[name])
    file: Expression = c[FILE] if FILE in c else sa.cast(sa.null(), sa.String())
    cells = [c[one.name] for one in source.written.cells]
    rows = sa.select(key.label("key"), *cells, file.label(FILE)).where(key.in_(ids)).distinct()
    return rows.order_by(*rows.selected_columns).limit(sa.literal_column(str(_OTHERS)))


def _chosen(work: Work, source: Source, rule: str) -> Statement:
    """The rows that count under a rule, before any limit."""
    rows, judged, joined = source.written.rows, source.judged, source.joined
    if source.name == "assignments":
        return _assigned(rows, joined.units if joined is not None else None, rule)
    if rule == CONFLICT and judged is not None and judged.twice is not None:
        c, twice = rows.c, judged.twice.c
        same = sa.and_(c.id == twice.id, c.usable == 1, twice.conflict == 1)
        return sa.select(rows).select_from(rows.join(judged.twice, same))
    if rule == ARMS and joined is not None and joined.spine is not None:
        return _clashing(source, joined.spine.clashes)
    if rule in UNMET and joined is not None and joined.actuals is not None:
        return _unmet(work, source, rule)
    return _own(rows, judged, rule)


def _own(rows: sa.FromClause, judged: Judged | None, rule: str) -> Statement:
    """Rows whose own verdict it is; of repeated ids only the first, the others are copies."""
    c = rows.c
    if judged is None or judged.twice is None or judged.firsts is None:
        return sa.select(rows).where(c.rule == rule)
    twice, first = judged.twice, judged.firsts
    source = rows.outerjoin(twice, sa.and_(c.id == twice.c.id, c.usable == 1)).outerjoin(
        first, sa.and_(c.id == first.c.id, c.usable == 1)
    )
    same = sa.or_(c.ts == first.c.ts, sa.and_(c.ts.is_(None), first.c.ts.is_(None)))
    once = sa.or_(twice.c.id.is_(None), sa.and_(twice.c.conflict == 0, same))
    return sa.select(rows).select_from(source).where(c.rule == rule, once)


def _clashing(source: Source, found: sa.FromClause | None) -> Statement:
    """Rows that name another arm than one of the same unit and time."""
    clean = _own(source.written.rows, source.judged, ACCEPTED).subquery()
    assert found is not None  # noqa: S101  they were counted
    return sa.select(clean).select_from(clean.join(found, clean.c.id == found.c.id))


def _assigned(rows: sa.FromClause, made: Units | None, rule: str) -> Statement:
    if rule != CONFLICT or made is None:
        return sa.select(rows).where(rows.c.rule == rule)
    u = made.every.c
    torn = sa.and_(rows.c.entry == u.entry, u.conflict == 1)
    source = rows.join(made.every, torn)
    return sa.select(rows).select_from(source).where(rows.c.usable == 1)


def _unmet(work: Work, source: Source, rule: str) -> Statement:
    """Clean outcomes whose key nobody has or had within a window, or has only a little later."""
    joined = source.joined
    assert joined is not None  # noqa: S101  asked before
    assert joined.actuals is not None  # noqa: S101  likewise
    clean = _own(source.written.rows, source.judged, ACCEPTED).subquery()
    actuals = replace(joined.actuals, rows=clean)
    met: Any = clean
    nobody: list[sa.ColumnElement[bool]] = []
    later: list[sa.ColumnElement[bool]] = []
    for side in _sides(work, joined):
        first, at = _first(side, actuals, among=clean if work.slice is not None else None)
        met = met.outerjoin(first, sa.and_(*(clean.c[n] == first.c[n] for n in side.keys)))
        missing: sa.ColumnElement[bool] = first.c[side.keys[0]].is_(None)
        if actuals.timed and joined.targets is None:
            window = work.model.outcomes.window if work.model.outcomes is not None else 0
            missing = sa.or_(missing, first.c.first > dialects.add_days(at, window))
            later.append(sa.or_(missing, first.c.first > at))
        nobody.append(missing)
    orphan = sa.and_(sa.true(), *nobody)
    chosen = orphan if rule == "orphan" else sa.and_(sa.not_(orphan), *later)
    return sa.select(clean).select_from(met).where(chosen)


def _sides(work: Work, joined: Joined) -> list[Entries]:
    """What could have claimed an outcome, of all days; actuals of forecasts go by series."""
    if joined.targets is None or joined.spine is None:
        sides = [one for place, one in enumerate(joined.sides) if not (place and one.within)]
        return [
            one if one.older is None else replace(one, rows=one.older(), alone=False)
            for one in sides
        ]
    keys = joined.spine.keys
    if keys is None or not keys.names:
        return []
    every = whole_spine(work, joined.spine)
    return [Entries("series", every.rows, keys.names, (), every.by_day, alone=False)]


def _first(
    side: Entries, actuals: Actuals, among: sa.FromClause | None
) -> tuple[sa.Subquery, sa.ColumnElement[Any]]:
    """The first entry of each key, and the time of an outcome that is compared with it.

    Of all days only the keys of the rows ``among`` which are asked for: those of a whole history
    would be grouped for the few of a night.
    """
    start, at = starts(side, actuals)
    keys = [side.rows.c[name] for name in side.keys]
    if side.alone:
        return sa.select(*keys, start.label("first")).subquery(), at
    grouped = sa.select(*keys, sa.func.min(start).label("first")).group_by(*keys)
    if among is not None:
        same = sa.and_(*(among.c[name] == side.rows.c[name] for name in side.keys))
        grouped = grouped.where(sa.exists().where(same))
    return grouped.subquery(), at
