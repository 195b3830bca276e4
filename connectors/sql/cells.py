"""The finest grouping of predictions that volume, score and confusion need, computed once.

One pass over the predictions instead of three: each of those facts adds up cells. The pass
groups by what is there (an action as 1 or 0, a class from a threshold as 1 or 0, an absent label
as NULL) and sums only what no key tells; names and the other sums are taken from the cells.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from connectors import dialects
from connectors.sql.bins import binned, exactly
from connectors.sql.layout import Layout
from connectors.sql.match import Matched
from connectors.sql.outcomes import classes
from connectors.sql.periods import around, wanted
from connectors.sql.segments import Segment
from connectors.sql.spine import CLASSES, Spine
from connectors.sql.values import total
from connectors.sql.work import Columns, Expression, Statement, Work

# ln is taken of p clipped to [1e-15, 1 - 1e-15], as scikit-learn and others do.
_CLIP = 1e-15
_ENTRY = ("segment", "version", "day", "arm")
_CLASS = ("acted_key", "label", "predicted", "bin")


@dataclass(frozen=True, slots=True)
class Cells:
    """Sums by segment, version, day, arm and, for classes, acted, label, predicted and bin.

    Attributes:
        rows: The cells.
        kept: What they are made from, to be freed.
        classes: Whether they are by class.
    """

    rows: sa.FromClause
    kept: sa.FromClause
    classes: bool


def cells(
    work: Work, spine: Spine, matched: Matched | None, layout: Layout | None, segment: Segment
) -> Cells:
    """Group the predictions of one segment set, joined with their outcomes."""
    joined = _joined(work, spine, matched, layout, segment).subquery()
    keys = [joined.c[name] for name in (*_ENTRY, *_CLASS) if name in joined.c]
    sums = [one.label(name) for name, one in _sums(work, joined).items()]
    statement = sa.select(*keys, *sums).group_by(*keys)
    kept = work.keep(f"cells_{segment.name or 'all'}", statement)
    columns = {one.name: one for one in kept.c} | _told(work, kept.c)
    rows = sa.select(*(one.label(name) for name, one in columns.items())).subquery("cells")
    return Cells(rows, kept, _classes(work))


def _joined(
    work: Work, spine: Spine, matched: Matched | None, layout: Layout | None, segment: Segment
) -> Statement:
    """Predictions with their outcome and what to group by."""
    p = spine.armed.c
    source: Any = spine.armed
    label: Expression = sa.cast(sa.null(), sa.String())
    y: Expression = sa.cast(sa.null(), sa.Double())
    got: Expression = sa.null()
    if matched is not None:
        m = matched.rows.c
        source = spine.armed.outerjoin(matched.rows, p.id == m.entry)
        label, y = m.label, m.y
        if "stated" in m:  # what is joined is the label as it is written: it is smaller
            label, y = classes(work, m.stated).values()
        got = m.entry if not _labelled(work) else label if _classes(work) else y
    if _zero(work):
        label = sa.func.coalesce(label, sa.literal_column("'0'"))
    columns: list[Expression] = [segment.of(spine.armed).label("segment"), p.version, p.day, p.arm]
    columns += [p.acted, p.scored, p.value, p.weight, y.label("y"), got.label("got")]
    if _classes(work):
        source, place = binned(work, source, p.score, layout.edges if layout is not None else ())
        columns += [
            p.acted.label("acted_key"),
            label.label("label"),
            p.predicted,
            place.label("bin"),
            p.score,
        ]
    days = wanted(work, p.day)
    if work.slice is not None and work.model.task != "forecast":  # whose days are of targets
        days += around(p.ts, work.slice.first, work.slice.last)
    return sa.select(*columns).select_from(source).where(*days)


def _classes(work: Work) -> bool:
    return work.model.task in CLASSES


def _labelled(work: Work) -> bool:
    return work.model.outcomes is not None and work.model.outcomes.label is not None


def _zero(work: Work) -> bool:
    """Whether a prediction without an outcome is of class 0."""
    return work.model.outcomes is not None and work.model.outcomes.absent == "zero"


def _sums(work: Work, joined: sa.Subquery) -> dict[str, Expression]:
    """What no key of a cell tells."""
    c, declared = joined.c, work.model.predictions
    sums: dict[str, Expression] = {
        "predictions": sa.func.count(),
        "outcome_value": total(c.y),
    }
    if not _classes(work) or not _labelled(work) or _zero(work):
        sums["labelled"] = sa.func.count(c.got)
    if not _classes(work):
        sums |= {"acted": total(c.acted), "scored": total(c.scored)}
    if declared is not None and declared.weight is not None:
        sums["weight"] = total(c.weight)
    if declared is not None and declared.value is not None:
        sums["value"] = total(c.value)
    return sums | (_scores(c) if _classes(work) else {})


def _told(work: Work, c: Columns) -> dict[str, Expression]:
    """Names of classes, and sums that the keys of a cell tell."""
    n: Expression = c.predictions
    none: Expression = sa.literal_column("0")
    made: dict[str, Expression] = {
        "weight": c.weight if "weight" in c else n,
        "value": c.value if "value" in c else none,
    }
    if not _classes(work):
        return made
    declared = work.model.predictions
    labelled = sa.case((c.label.is_not(None), n), else_=none)
    by_name = declared is not None and declared.predicted is not None
    return made | {
        "acted": sa.case((c.acted_key == 1, n), else_=none),
        "scored": sa.case((c.bin.is_not(None), n), else_=none),
        "labelled": c.labelled if "labelled" in c else labelled,
        "sum_v": sa.case((c.bin.is_not(None), made["value"]), else_=none),
        "acted_key": _yes_no(c.acted_key),
        "label": sa.func.coalesce(c.label, sa.literal_column("''")),
        "predicted": sa.func.coalesce(c.predicted, "") if by_name else _yes_no(c.predicted),
    }


def _yes_no(value: Expression) -> Expression:
    return sa.case((value == 1, "1"), (value == 0, "0"), else_="")


def _scores(c: Columns) -> dict[str, Expression]:
    """Proper scores: exact sums, not of bins."""
    one = c.label == "1"
    known = sa.and_(c.score.is_not(None), c.label.in_(["0", "1"]))
    miss = sa.case((one, 1.0 - c.score), else_=c.score)
    high, low = exactly(1 - _CLIP), exactly(_CLIP)
    chance = sa.case((one, c.score), else_=1.0 - c.score)
    clipped = sa.case((chance < low, low), (chance > high, high), else_=chance)
    return {
        "brier": total(sa.case((known, miss * miss))),
        "log_loss": total(sa.case((known, -dialects.ln(clipped)))),
        "sum_p": total(c.score),
    }
