"""First exposure of units in one pass over their predictions.

Time, arm and version are packed into one whole number, time first: its minimum over a unit is
the first instant with the smallest arm and version there. No rank, no second look at the rows,
except at those of units that had several arms. The state of a unit is kept small: with more units
than memory holds, it is what an engine writes to disk and reads back.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from connectors import dialects
from connectors.sql.spine import Spine
from connectors.sql.values import flag
from connectors.sql.work import Columns, Expression, Statement, Work

ARMS, VERSIONS = 8, 16  # more of them are looked up faster by a join
_ROOM = 2**62
_EXACT = 2**53  # whole numbers that a double holds


@dataclass(frozen=True, slots=True)
class Names:
    """Names in ascending order, as the numbers 0, 1, ...

    Attributes:
        names: All that occur.
    """

    names: tuple[str, ...]

    def number(self, value: Expression) -> Expression:
        """The number of a name that is one of these."""
        cases = [(value == name, place) for place, name in enumerate(self.names[:-1])]
        last: Expression = sa.literal_column(str(len(self.names) - 1))
        return sa.case(*cases, else_=last) if cases else last

    def small(self, value: Expression) -> Expression:
        """The same in two bytes."""
        return sa.cast(self.number(value), sa.SmallInteger())

    def name(self, number: Expression) -> Expression:
        """The name of a number."""
        cases = [(number == place, name) for place, name in enumerate(self.names[:-1])]
        last = sa.literal(self.names[-1], sa.String())
        return sa.case(*cases, else_=last) if cases else last


@dataclass(frozen=True, slots=True)
class Once:
    """Units by their first prediction, arm and version as one small number.

    Attributes:
        rows: entry, ts, day, code, crossed, and where actions are declared acted_at: the first
            instant at which a prediction of the unit was acted on.
        arms: Names of arms.
        versions: Names of versions.
    """

    rows: Statement
    arms: Names
    versions: Names

    def names(self, c: Columns) -> dict[str, Expression]:
        """Version and arm of a row by its code."""
        return {
            "version": self.versions.name(sa.func.mod(c.code, len(self.versions.names))),
            "arm": self.arms.name(self._arm(c)),
        }

    def _arm(self, c: Columns) -> Expression:
        each: Expression = sa.literal_column(str(len(self.versions.names)))
        code: Expression = c.code
        if len(self.versions.names) == 1:
            return code
        return dialects.to_int(dialects.fdiv(code - sa.func.mod(code, each), each))


def at_once(work: Work, spine: Spine) -> Once | None:
    """First exposures; None for many arms or versions, times far apart, or units with segments."""
    p, judged = work.model.predictions, spine.judged
    if p is None or p.segments or work.model.task == "forecast" or judged.span is None:
        return None
    c = spine.rows.c
    seen = _names(work, spine)
    if seen is None:
        return None
    arms, versions = seen
    base = _microseconds(judged.span[0])
    longest = _microseconds(judged.span[1]) - base + 1
    if longest >= _EXACT or longest * _size(arms, versions) > _ROOM:
        return None
    acted = [] if p.acted is None else [sa.case((c.acted == 1, c.ts)).label("acted_at")]
    columns = [
        c.unit.label("entry"),
        _since(c.ts, base).label("since"),
        arms.number(c.arm).label("arm"),
        versions.number(c.version).label("version"),
        *acted,
    ]
    rows = sa.select(*columns).where(c.unit.is_not(None)).subquery()
    found = _unpacked(work, spine, _packed(rows, arms, versions), _size(arms, versions), base)
    return Once(found, arms, versions)


def _size(arms: Names, versions: Names) -> int:
    """Room for arm and version in a packed number: a power of two, by which division is exact."""
    return 1 << (len(arms.names) * len(versions.names) - 1).bit_length()


def _packed(rows: sa.Subquery, arms: Names, versions: Names) -> sa.Subquery:
    """One row a unit: the least packed number, and its arms as the bits of one more."""
    r = rows.c
    whole = r.since * _size(arms, versions) + r.arm * len(versions.names) + r.version
    made = [
        r.entry,
        sa.func.min(whole).label("first"),
        *(sa.func.min(one).label(one.name) for one in r if one.name == "acted_at"),
    ]
    if len(arms.names) > 1:
        *less, last = range(len(arms.names))
        bit = sa.case(*((r.arm == place, 1 << place) for place in less), else_=1 << last)
        made.append(dialects.bit_or(sa.cast(bit, sa.SmallInteger())).label("arms"))
    return sa.select(*made).group_by(r.entry).subquery()


def _unpacked(work: Work, spine: Spine, packed: sa.Subquery, size: int, base: int) -> Statement:
    """The numbers taken apart again: the first instant, and the code there."""
    p = packed.c
    code = sa.func.mod(p.first, size)
    since = dialects.to_int(dialects.fdiv(p.first - code, sa.literal_column(str(size))))
    ts = dialects.from_microseconds(since + sa.literal_column(str(base)))
    parts = sa.select(packed, ts.label("ts"), sa.cast(code, sa.SmallInteger()).label("code"))
    u = parts.subquery().c
    crossed: Expression = sa.literal_column("0")
    if "arms" in u:
        crossed = flag(u.arms.not_in([1 << place for place in range(ARMS)]))
    return sa.select(
        u.entry,
        u.ts,
        (dialects.day(u.ts) if spine.by_day else work.engine.local_day(u.ts)).label("day"),
        u.code,
        *(one for one in u if one.name == "acted_at"),
        sa.cast(crossed, sa.SmallInteger()).label("crossed"),
    )


def _since(time: Expression, base: int) -> Expression:
    """Microseconds since a fixed instant."""
    return dialects.microseconds(time) - sa.literal_column(str(base))


def _names(work: Work, spine: Spine) -> tuple[Names, Names] | None:
    """Arms and versions of all predictions; None when there are too many."""
    c = spine.rows.c
    pairs = sa.select(c.arm, c.version).distinct()
    found = work.run("arms and versions", pairs.limit(ARMS * VERSIONS + 1))
    arms, versions = sorted(set(found["arm"])), sorted(set(found["version"]))
    if not 0 < len(arms) <= ARMS or len(versions) > VERSIONS:
        return None
    return Names(tuple(arms)), Names(tuple(versions))


def _microseconds(when: datetime) -> int:
    since = when.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
