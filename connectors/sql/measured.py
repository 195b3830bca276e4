"""Units with what was measured on them: y and d of each metric, matched, acted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from connectors import dialects
from connectors.sql.keys import Keys
from connectors.sql.match import Entries, Matched, summed_up
from connectors.sql.spine import Spine
from connectors.sql.units import Units
from connectors.sql.values import flag
from connectors.sql.work import Expression, Work
from valuekit.errors import Finding, SourceError

CARRY = ("version", "arm")


@dataclass(frozen=True, slots=True)
class Gained:
    """Outcomes of units, whichever way they were found.

    Attributes:
        rows: One row a unit with an outcome: entry and m_..., d_... per metric.
        pairs: entry, age, delay and the weighted values, one row a counted outcome.
    """

    rows: sa.FromClause
    pairs: sa.FromClause


def entries(units: Units, keys: Keys) -> Entries:
    """Units as entries that outcomes are matched to."""
    older = units.older
    return Entries(
        "units",
        units.rows,
        keys.names,
        CARRY,
        units.by_day,
        units.alone,
        within=not units.assigned,
        older=None if older is None else lambda: older,
    )


def direct(work: Work, matched: Matched) -> Gained:
    """Outcomes matched to units by the units' own keys."""
    c = matched.pairs.c
    values = [(c[name] * c.weight).label(name) for name in _values(work)]
    pairs = sa.select(c.entry, c.age, c.delay, *values).where(c.picked == 1).subquery()
    return Gained(matched.rows, pairs)


def through(work: Work, units: Units, spine: Spine, matched: Matched) -> Gained:
    """Outcomes of a unit's predictions, for predictions within the unit's window."""
    u, c = units.rows.c, {**matched.more, **matched.kept.c}
    values = [(c[name] * c["weight"]).label(name) for name in _values(work)]
    gap = dialects.days_between(u.day, c["day"])
    within = _within(work, units, (c["entry_ts"], c["day"]), by_day=spine.by_day)
    on = sa.and_(u.entry == c["unit"], c["picked"] == 1, *within)
    times = [(c[name] + gap).label(name) for name in ("age", "delay")]
    both = matched.kept.join(units.rows, on)
    pairs = work.keep("gained", sa.select(u.entry, *times, *values).select_from(both))
    o = work.model.outcomes
    whole = o is not None and o.absent == "unknown"
    sums = [
        summed_up(pairs.c[name], pairs.c[name], whole=whole).label(name) for name in _values(work)
    ]
    rows = sa.select(pairs.c.entry, *sums).group_by(pairs.c.entry).subquery()
    return Gained(rows, pairs)


def measured(
    work: Work,
    units: Units,
    spine: Spine | None,
    gained: Gained | None,
    caps: Mapping[str, float],
) -> sa.FromClause:
    """Units with ``y_``, ``d_``, ``z_`` per metric, matched (1 or 0), acted, crossed.

    Where no outcome row means that the outcome is unknown, an empty cell of a metric means so too:
    then ``k_`` per metric says whether its value is known.

    Kept where they are read often or are dear to find. ``caps`` are those of the metrics that have
    one.
    """
    u = units.rows.c
    source: Any = units.rows
    zero: Expression = sa.literal_column("0.0")
    made: list[Expression] = [one for one in u if one.name not in {"crossed", "acted"}]
    if gained is not None:
        g = gained.rows.c
        source = source.outerjoin(gained.rows, u.entry == g.entry)
        made.append(flag(g.entry.is_not(None)).label("matched"))
    else:
        made.append(sa.literal_column("0").label("matched"))
    o = work.model.outcomes
    unknown = o is not None and o.absent == "unknown"
    for name in work.model.metrics:
        y: Expression = (
            zero if gained is None else sa.func.coalesce(gained.rows.c[f"m_{name}"], zero)
        )
        d: Expression = (
            zero if gained is None else sa.func.coalesce(gained.rows.c[f"d_{name}"], zero)
        )
        made += [y.label(f"y_{name}"), d.label(f"d_{name}")]
        if unknown:
            made.append(_known(work, name, gained).label(f"k_{name}"))
        if name in caps:
            made.append(sa.case((y > caps[name], caps[name]), else_=y).label(f"z_{name}"))
    seen = _seen(work, units, spine)
    if seen is None:
        acted = u.acted if "acted" in u else sa.literal_column("0").label("acted")
        made += [acted, u.crossed]
    else:
        source = source.outerjoin(seen, u.entry == seen.c.entry)
        made.append(sa.func.coalesce(seen.c.acted, 0).label("acted"))
        either = flag(sa.or_(u.crossed == 1, seen.c.crossed == 1))
        made.append(either.label("crossed"))
    found = sa.select(*made).select_from(source)
    often = bool(units.segments) or seen is not None
    return work.keep("measured_units", found) if often else found.subquery("measured_units")


def _known(work: Work, name: str, gained: Gained | None) -> Expression:
    """Whether a unit has a value of a metric, and of what it is divided by."""
    if gained is None:
        return sa.literal_column("0")
    g = gained.rows.c
    needed = [g.entry, g[f"m_{name}"]]
    if work.model.metrics[name].denominator is not None:
        needed.append(g[f"d_{name}"])
    return flag(sa.and_(*(one.is_not(None) for one in needed)))


def no_way(work: Work) -> SourceError:
    """The keys of the outcomes lead neither to units nor through their predictions."""
    o = work.model.outcomes
    return SourceError(
        Finding(
            place=f"models.{work.name}.outcomes.on",
            value=", ".join(o.on) if o is not None else "",
            rule="the keys lead to no column of the assignments, nor through the predictions' unit",
            remedy="Join on the unit column, or declare the unit of the predictions.",
            code="outcome_keys",
        )
    )


def _seen(work: Work, units: Units, spine: Spine | None) -> sa.Subquery | None:
    """Units with predictions in their window: acted on, or (assigned units) in another arm."""
    p = work.model.predictions
    if spine is None or p is None or p.unit is None:
        return None
    if "acted" in units.rows.c and units.clashes is None:  # it knows of rows held back
        return None
    if p.acted is None and not (units.assigned and p.arm is not None):
        return None
    u, c = units.rows.c, spine.rows.c
    other: Expression = sa.literal_column("0")
    if units.assigned and p.arm is not None:
        other = flag(sa.and_(c.arm != "", c.arm != u.arm))
    told = [] if units.assigned and p.arm is not None else [c.acted == 1]
    within = _within(work, units, (c.ts, c.day), by_day=spine.by_day)
    on = sa.and_(c.unit == u.entry, *within)
    return (
        sa.select(
            u.entry,
            sa.func.coalesce(sa.func.max(c.acted), 0).label("acted"),
            sa.func.max(other).label("crossed"),
        )
        .select_from(spine.rows.join(units.rows, on))
        .where(*told)
        .group_by(u.entry)
        .subquery("seen_units")
    )


def _within(
    work: Work, units: Units, served: tuple[Expression, Expression], *, by_day: bool
) -> list[sa.ColumnElement[bool]]:
    """Conditions that a prediction lies in its unit's window; none for outcomes without a time.

    Args:
        work: The pull.
        units: The units.
        served: Time and day of the prediction.
        by_day: Whether that time has no time of day.
    """
    o = work.model.outcomes
    if o is None or o.time is None:
        return []
    start: Expression = units.rows.c.ts
    at = served[0]
    if units.by_day or by_day:
        start, at = dialects.instant(units.rows.c.day), dialects.instant(served[1])
    return [at >= start, at < dialects.add_days(start, o.window)]


def _values(work: Work) -> list[str]:
    return [f"{axis}_{name}" for name in work.model.metrics for axis in ("m", "d")]
