"""Predictions of one unit at one instant that name different arms: none of them is true for sure.

Which arm the unit had then is unknown, so such rows are held back, all of them. Only units that
appear in more than one arm are looked at: where none does, nothing is asked of the engine.
"""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import sqlalchemy as sa

from connectors.sql.dedupe import ACCEPTED
from connectors.sql.spine import Spine
from connectors.sql.values import total
from connectors.sql.work import Work

ARMS = "conflicting_arms"


def clashes(work: Work, spine: Spine, units: sa.FromClause) -> sa.FromClause | None:
    """Ids of predictions beside which another one of the same unit and time names another arm.

    Args:
        work: The pull.
        spine: The predictions of all days; copies of a row may be among them.
        units: All units: entry, crossed.

    Returns:
        The column id, each once; None when there are none.
    """
    r, u = spine.rows.c, units.c
    mine = spine.rows.join(units, sa.and_(r.unit == u.entry, u.crossed == 1))
    torn = (
        sa.select(r.unit.label("entry"))
        .select_from(mine)
        .group_by(r.unit, r.ts)
        .having(sa.func.min(r.arm) != sa.func.max(r.arm))
        .subquery()
    )
    torn_units = work.keep("units_that_clash", sa.select(torn.c.entry).distinct())
    if not _any(work, torn_units):
        return None
    # A copy has the content of its first row, but may have another time: only the first counts.
    first = (
        sa.select(
            r.id,
            sa.func.min(r.unit).label("entry"),
            sa.func.min(r.ts).label("ts"),
            sa.func.min(r.arm).label("arm"),
        )
        .select_from(spine.rows.join(torn_units, r.unit == torn_units.c.entry))
        .group_by(r.id)
        .subquery()
    )
    f = first.c
    instants = (
        sa.select(f.entry, f.ts)
        .group_by(f.entry, f.ts)
        .having(sa.func.min(f.arm) != sa.func.max(f.arm))
        .subquery()
    )
    same = sa.and_(f.entry == instants.c.entry, f.ts == instants.c.ts)
    found = work.keep("clashes", sa.select(f.id).select_from(first.join(instants, same)))
    return found if _any(work, found) else None


def without_clashes(work: Work, spine: Spine | None, found: sa.FromClause | None) -> Spine | None:
    """Predictions without those that clash, which are counted under their own rule."""
    if spine is None or found is None:
        return spine
    rows, judged = spine.rows, spine.judged
    c = rows.c
    counted = (
        sa.select(c.day, sa.func.count().label("rows"), total(c.scored).label("scored"))
        .select_from(rows.join(found, c.id == found.c.id))
        .group_by(c.day)
    )
    held = work.run("predictions that clash", counted).assign(amount=0.0)
    less = held.assign(rule=ACCEPTED, rows=-held["rows"], scored=-held["scored"])
    every = [judged.rules, held.assign(rule=ARMS), less]
    both = pd.concat([one for one in every if len(one)], ignore_index=True)
    rules = both.groupby(["day", "rule"], as_index=False, dropna=False).sum()
    rules = rules[rules["rows"] != 0].reset_index(drop=True)
    kept = apart(rows, found)
    return replace(spine, judged=replace(judged, rows=kept, rules=rules), clashes=found)


def apart(rows: sa.FromClause, found: sa.FromClause) -> sa.FromClause:
    """Rows whose id is none of those found."""
    source = rows.outerjoin(found, rows.c.id == found.c.id)
    return sa.select(rows).select_from(source).where(found.c.id.is_(None)).subquery("agreeing")


def _any(work: Work, rows: sa.FromClause) -> bool:
    counted = sa.select(sa.func.count().label("n")).select_from(rows)
    return bool(work.row("count clashes", counted)["n"])
