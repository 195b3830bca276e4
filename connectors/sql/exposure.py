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
CODES = ARMS * VERSIONS
_ACTED = 2 * CODES  # the place of that flag in a note, after the one of crossed units
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

    def name(self, number: Expression) -> Expression:
        """The name of a number."""
        cases = [(number == place, name) for place, name in enumerate(self.names[:-1])]
        last = sa.literal(self.names[-1], sa.String())
        return sa.case(*cases, else_=last) if cases else last


@dataclass(frozen=True, slots=True)
class Codes:
    """An arm and a version as one small number, less than :data:`CODES`.

    Attributes:
        arms: Names of arms.
        versions: Names of versions.
    """

    arms: Names
    versions: Names

    @property
    def size(self) -> int:
        """Room for a code in a packed number: a power of two, by which division is exact."""
        return 1 << (len(self.arms.names) * len(self.versions.names) - 1).bit_length()

    def packed(self, arm: Expression, version: Expression) -> Expression:
        """The code of the numbers of an arm and a version."""
        return arm * len(self.versions.names) + version

    def code(self, arm: Expression, version: Expression) -> Expression:
        """The code of an arm and a version, in two bytes."""
        packed = self.packed(self.arms.number(arm), self.versions.number(version))
        return sa.cast(packed, sa.SmallInteger())

    def names(self, code: Expression) -> dict[str, Expression]:
        """Version and arm of a code."""
        each, (*less, last) = len(self.versions.names), self.arms.names
        below = [(code < (place + 1) * each, name) for place, name in enumerate(less)]
        arm: Expression = sa.literal(last, sa.String())
        return {
            "version": self.versions.name(sa.func.mod(code, each)),
            "arm": sa.case(*below, else_=arm) if below else arm,
        }


@dataclass(frozen=True, slots=True)
class Once:
    """Units by their first prediction, all that is known of one but its time as a small number.

    Attributes:
        rows: entry, ts, day, note: see :meth:`told`.
        codes: Of arms and versions.
        acted: Whether actions are declared.
    """

    rows: Statement
    codes: Codes
    acted: bool

    def told(self, c: Columns) -> dict[str, Expression]:
        """What a row's note tells: version, arm, crossed, and acted where actions are declared.

        crossed: whether the unit was ever seen in another arm; acted: whether the first of its
        predictions that was acted on lies in the window of its first exposure (1 or 0).
        """
        acted = {"acted": flag(c.note >= _ACTED)} if self.acted else {}
        return {
            **self.codes.names(sa.func.mod(c.note, CODES)),
            "crossed": flag(sa.func.mod(c.note, _ACTED) >= CODES),
            **acted,
        }


def at_once(work: Work, spine: Spine) -> Once | None:
    """First exposures; None for many arms or versions, times far apart, or units with segments."""
    p, judged = work.model.predictions, spine.judged
    if p is None or p.segments or work.model.task == "forecast" or judged.span is None:
        return None
    c = spine.rows.c
    seen = _names(work, spine)
    if seen is None:
        return None
    codes = Codes(*seen)
    base = _microseconds(judged.span[0])
    longest = _microseconds(judged.span[1]) - base + 1
    if longest >= _EXACT or longest * codes.size > _ROOM:
        return None
    acted = [] if p.acted is None else [sa.case((c.acted == 1, c.ts)).label("acted_at")]
    columns = [
        c.unit.label("entry"),
        _since(c.ts, base).label("since"),
        codes.arms.number(c.arm).label("arm"),
        codes.versions.number(c.version).label("version"),
        *acted,
    ]
    rows = sa.select(*columns).where(c.unit.is_not(None)).subquery()
    found = _unpacked(work, spine, _packed(rows, codes), codes.size, base)
    return Once(found, codes, acted=bool(acted))


def _packed(rows: sa.Subquery, codes: Codes) -> sa.Subquery:
    """One row a unit: the least packed number, and its arms as the bits of one more."""
    r = rows.c
    whole = r.since * codes.size + codes.packed(r.arm, r.version)
    made = [
        r.entry,
        sa.func.min(whole).label("first"),
        *(sa.func.min(one).label(one.name) for one in r if one.name == "acted_at"),
    ]
    if len(codes.arms.names) > 1:
        *less, last = range(len(codes.arms.names))
        bit = sa.case(*((r.arm == place, 1 << place) for place in less), else_=1 << last)
        made.append(dialects.bit_or(sa.cast(bit, sa.SmallInteger())).label("arms"))
    return sa.select(*made).group_by(r.entry).subquery()


def _unpacked(work: Work, spine: Spine, packed: sa.Subquery, size: int, base: int) -> Statement:
    """The numbers taken apart again: the first instant, and the note of what was there."""
    p = packed.c
    code = sa.func.mod(p.first, size)
    since = dialects.to_int(dialects.fdiv(p.first - code, sa.literal_column(str(size))))
    ts = dialects.from_microseconds(since + sa.literal_column(str(base)))
    u = sa.select(packed, ts.label("ts"), code.label("code")).subquery().c
    note: Expression = u.code
    if "arms" in u:
        note += CODES * flag(u.arms.not_in([1 << place for place in range(ARMS)]))
    if "acted_at" in u:
        note += _ACTED * flag(_acted(work, u))
    return sa.select(
        u.entry,
        u.ts,
        (dialects.day(u.ts) if spine.by_day else work.engine.local_day(u.ts)).label("day"),
        sa.cast(note, sa.SmallInteger()).label("note"),
    )


def _acted(work: Work, u: Columns) -> sa.ColumnElement[bool]:
    """Whether the first action on a unit lies in the window of its first exposure.

    No prediction comes before the first one, so the first action is the one to look at.
    """
    o = work.model.outcomes
    first: Expression = u.acted_at
    if o is None or o.time is None:
        return first.is_not(None)
    return first < dialects.add_days(u.ts, o.window)


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
