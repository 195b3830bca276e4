"""The finest grouping of predictions that volume, score and confusion need, computed once.

One pass over the predictions instead of three: each of those facts adds up cells.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from connectors import dialects
from connectors.sql.bins import bin_of, exactly
from connectors.sql.layout import Layout
from connectors.sql.match import Matched
from connectors.sql.segments import Segment
from connectors.sql.spine import CLASSES, Spine
from connectors.sql.values import total
from connectors.sql.work import Columns, Expression, Statement, Work

# ln is taken of p clipped to [1e-15, 1 - 1e-15], as scikit-learn and others do.
_CLIP = 1e-15


@dataclass(frozen=True, slots=True)
class Cells:
    """Sums by segment, version, day and, for classes, arm, acted, label, predicted and bin."""

    rows: sa.FromClause
    classes: bool


def cells(
    work: Work, spine: Spine, matched: Matched | None, layout: Layout | None, segment: Segment
) -> Cells:
    """Group the predictions of one segment set, joined with their outcomes."""
    joined = _joined(work, spine, matched, layout, segment).subquery()
    c = joined.c
    classes = work.model.task in CLASSES
    keys = [c.segment, c.version, c.day]
    if classes:
        keys += [c.arm, c.acted_key, c.label, c.predicted, c.bin]
    name = f"cells_{segment.name or 'all'}"
    return Cells(
        work.keep(name, sa.select(*keys, *_sums(joined, classes)).group_by(*keys)), classes
    )


def _joined(
    work: Work, spine: Spine, matched: Matched | None, layout: Layout | None, segment: Segment
) -> Statement:
    """Predictions with their outcome and the derived columns to group by."""
    p = spine.rows.c
    source: Any = spine.rows
    label: Expression = sa.cast(sa.null(), sa.String())
    y: Expression = sa.cast(sa.null(), sa.Double())
    got: Expression = sa.null()
    if matched is not None:
        m = matched.rows.c
        source = spine.rows.outerjoin(matched.rows, p.id == m.entry)
        label, y = m.label, m.y
        got = _got(work, m)
    columns: list[Expression] = [
        segment.of(spine.rows).label("segment"),
        p.version,
        p.day,
        p.acted,
        p.scored,
    ]
    columns += [p.value, p.weight, y.label("y"), got.label("got")]
    if work.model.task in CLASSES:
        columns += _classes(work, p, label, layout)
    return sa.select(*columns).select_from(source)


def _got(work: Work, m: Columns) -> Expression:
    """What is there when a prediction got its outcome: the label, else the outcome row."""
    o = work.model.outcomes
    if o is None or o.label is None:
        made: Expression = m.entry
    else:
        made = m.label if work.model.task in CLASSES else m.y
    return made


def _classes(work: Work, p: Columns, label: Expression, layout: Layout | None) -> list[Expression]:
    o = work.model.outcomes
    absent = "0" if o is not None and o.absent == "zero" else ""
    acted = sa.case((p.acted == 1, "1"), (p.acted == 0, "0"), else_="")
    place = bin_of(p.score, layout.edges if layout is not None else ())
    return [
        p.arm,
        acted.label("acted_key"),
        sa.func.coalesce(label, sa.literal_column(f"'{absent}'")).label("label"),
        sa.func.coalesce(p.predicted, sa.literal_column("''")).label("predicted"),
        place.label("bin"),
        p.score,
    ]


def _sums(joined: sa.Subquery, classes: bool) -> list[Expression]:  # noqa: FBT001  the grouping's kind
    c = joined.c
    sums: list[Expression] = [
        sa.func.count().label("predictions"),
        total(c.acted).label("acted"),
        sa.func.count(c.got).label("labelled"),
        total(c.scored).label("scored"),
        total(c.weight).label("weight"),
        total(c.value).label("value"),
        total(c.y).label("outcome_value"),
    ]
    if not classes:
        return sums
    known = sa.and_(c.score.is_not(None), c.label.in_(["0", "1"]))
    one = c.label == "1"
    miss = sa.case((one, 1.0 - c.score), else_=c.score)
    high, low = exactly(1 - _CLIP), exactly(_CLIP)
    chance = sa.case((one, c.score), else_=1.0 - c.score)
    clipped = sa.case((chance < low, low), (chance > high, high), else_=chance)
    return [
        *sums,
        total(sa.case((known, miss * miss), else_=0.0)).label("brier"),
        total(sa.case((known, -dialects.ln(clipped)), else_=0.0)).label("log_loss"),
        total(c.score).label("sum_p"),
        total(sa.case((c.score.is_not(None), c.value), else_=0.0)).label("sum_v"),
    ]
