"""Arms of predictions from the assignments of their units, where predictions log none."""

from __future__ import annotations

from dataclasses import replace

import sqlalchemy as sa

from connectors.sql.spine import Spine
from connectors.sql.units import Units
from connectors.sql.values import text
from connectors.sql.work import Work


def with_arms(work: Work, spine: Spine | None, exposed: Units | None) -> Spine | None:
    """Predictions with the first arm that their unit was assigned to.

    Only where predictions declare a unit and no arm. A unit that was never assigned, or was
    assigned to two arms at once, has the empty arm.
    """
    p, a = work.model.predictions, work.model.assignments
    if spine is None or exposed is None or p is None or a is None:
        return spine
    if p.arm is not None or p.unit is None:
        return spine
    c, u = spine.rows.c, exposed.rows.c
    mine, theirs = work.engine.kind(p.table, p.unit), work.engine.kind(a.table, a.unit)
    same = c.unit == u.entry
    if (mine == "text") != (theirs == "text"):
        same = text(c.unit, mine) == text(u.entry, theirs)
    arm = sa.func.coalesce(u.arm, "").label("arm")
    rows = (
        sa.select(*(one for one in c if one.name != "arm"), arm)
        .select_from(spine.rows.outerjoin(exposed.rows, same))
        .subquery("predictions_with_arms")
    )
    return replace(spine, assigned=rows)
