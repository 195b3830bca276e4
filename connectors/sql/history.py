"""All days of a table, for what a slice must look up by key."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta

import sqlalchemy as sa

from connectors.sql.clashes import apart
from connectors.sql.dedupe import ACCEPTED, judge
from connectors.sql.spine import Spine, read
from connectors.sql.work import Work
from valuekit.incremental.survey import span

_WIDE = timedelta(days=400)  # times of issue lie before the target day that is a forecast's day


def whole_spine(work: Work, spine: Spine) -> Spine:
    """The predictions of all days, where ``spine`` holds those of a slice; else itself.

    Only the columns that are looked at are read. Repeated rows need not be taken out, as what is
    looked up is the first of something; ids with two contents must be, so where the store knows of
    any, or the slice has met one, all rows are judged as in a whole pull.
    """
    p = work.model.predictions
    if work.slice is None or p is None:
        return spine
    everything = replace(work, back=True)
    rows = read(everything, p, spine.keys)
    judged = spine.judged
    met = bool((spine.judged.rules["rule"] == "conflicting_duplicate").any())
    if met or work.slice.plan.conflicts:
        judged = judge(everything, "predictions", rows)
        work.done = everything.done
    else:
        good = sa.select(rows).where(rows.c.rule == ACCEPTED).subquery("predictions_of_all_days")
        judged = replace(judged, rows=good)
    if spine.clashes is not None:
        judged = replace(judged, rows=apart(judged.rows, spine.clashes))
    days = span(work.slice.plan.survey.tables["predictions"].days)
    if days is not None:  # a day wider than any instant of them
        ends = [datetime.combine(day, time()) for day in days]
        judged = replace(judged, span=(ends[0] - _WIDE, ends[1] + _WIDE))
    return replace(spine, judged=judged)
