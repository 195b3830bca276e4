"""Fact ``panel``: outcomes by group, day and block, read from a table of their own.

No prediction is asked for: designs without a holdout, and days before a launch, have none. Every
row of the table is judged by the same rules as elsewhere and counted once; means and squares are
taken in one statement, as n, mean and n x population variance, never as raw sums of squares.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import pandas as pd
import sqlalchemy as sa

from connectors import dialects
from connectors.sql.columns import usable
from connectors.sql.dedupe import ACCEPTED, Judged, judge
from connectors.sql.intake import TOLERANCE, Source, unsplit
from connectors.sql.panel_check import arms_by_day, launches, several_days, too_many
from connectors.sql.panel_rows import panel_rows
from connectors.sql.segments import Segment, segments
from connectors.sql.values import total
from connectors.sql.work import Expression, Statement, Work
from valuekit.errors import Finding, SourceError
from valuekit.ledger.schema import ALL, MAX_GROUPS, NONE
from valuekit.workspace.declare import Metric, Model, Panel

_KEYS = ("segment", "day", "group", "treated_from", "arm", "block")


@dataclass(frozen=True, slots=True)
class Panelled:
    """A panel after its pull.

    Attributes:
        frames: Rows of the fact, one frame a metric and segment.
        source: Its rows by day and rule, with what was read.
        span: First and last day with accepted rows; None without any.
        complete_through: Last day through which rows are complete.
        findings: What is odd, but no reason to stop.
        judged: Its rows after judgement.
    """

    frames: list[pd.DataFrame]
    source: Source
    span: tuple[date, date] | None
    complete_through: date | None
    findings: tuple[Finding, ...]
    judged: Judged


def panel(work: Work, model: Model) -> Panelled | None:
    """The panel of a model; None when it declares none.

    Args:
        work: The pull.
        model: The model as declared, with the metrics of its panel.

    Raises:
        SourceError: a column is missing or of the wrong kind, there are more than 1,000 groups,
            a group has several first treated days, or a value would be lost.
    """
    declared = model.panel
    if declared is None:
        return None
    known = usable(work.engine, model, declared)
    wrong = [one for one in known.findings if one.severity == "error"]
    if wrong:
        raise SourceError(*wrong)
    metrics = model.panel_metrics
    judged = judge(
        work,
        "panel",
        panel_rows(work, declared, metrics, model.primary_metric, known.kinds),
        has_id=declared.id is not None,
    )
    groups = _groups(work, declared, judged)
    frames = [
        frame
        for one in segments(work, declared.segments, judged.rows)
        for frame in _facts(work, judged.rows, declared, metrics, one)
    ]
    span = _span(judged.rules)
    _adds_up(work, judged, frames, metrics, model.primary_metric)
    findings = (*launches(work.engine, declared, groups), *arms_by_day(work.engine, declared))
    return Panelled(
        frames=frames,
        source=_source(work, declared, judged, span),
        span=span,
        complete_through=declared.complete_through or (span[1] if span else None),
        findings=tuple(findings),
        judged=judged,
    )


def _groups(work: Work, declared: Panel, judged: Judged) -> list[str]:
    """Names of the groups.

    Raises:
        SourceError: there are too many, or one has several first treated days.
    """
    c = judged.rows.c
    statement = (
        sa.select(
            c.group,
            sa.func.min(c.treated_from).label("first"),
            sa.func.max(c.treated_from).label("last"),
        )
        .group_by(c.group)
        .order_by(c.group)
        .limit(sa.literal_column(str(MAX_GROUPS + 1)))
    )
    found = work.run("groups of the panel", statement)
    names = [str(one) for one in found["group"]]
    faults = too_many(work.engine, declared, len(names))
    varied = found[found["first"] != found["last"]]
    if len(varied):
        one = varied.iloc[0]
        days = (str(one["first"]), str(one["last"]))
        faults.append(several_days(work.engine, declared, str(one["group"]), days, len(varied)))
    if faults:
        raise SourceError(*faults)
    return names


def _facts(
    work: Work,
    rows: sa.FromClause,
    declared: Panel,
    metrics: Mapping[str, Metric],
    segment: Segment,
) -> list[pd.DataFrame]:
    """A frame a metric: n, mean, M2 and exposure of every group, day, arm and block."""
    found = work.run("panel", _moments(rows, tuple(metrics), segment))
    if declared.launch:
        first = {name: day.isoformat() for name, day in declared.launch.items()}
        found["treated_from"] = found["group"].map(lambda name: first.get(name, NONE))
    made = []
    for name in metrics:
        one = found[[*_KEYS]].assign(metric=name, version=ALL)
        for measure in ("n", "mean_y", "c_yy", "offset"):
            one[measure] = found[f"{measure}_{name}"]
        made.append(one[one["n"] > 0])
    return made


def _moments(rows: sa.FromClause, metrics: tuple[str, ...], segment: Segment) -> Statement:
    c = rows.c
    keyed = sa.select(
        segment.of(rows).label("segment"),
        *(c[name] for name in _KEYS[1:]),
        c.offset,
        *(c[f"y_{name}"] for name in metrics),
    ).subquery()
    k = keyed.c
    measures: list[Expression] = []
    for name in metrics:
        y = k[f"y_{name}"]
        n = sa.func.count(y)
        measures += [
            n.label(f"n_{name}"),
            sa.func.avg(y).label(f"mean_y_{name}"),
            (dialects.var_pop(y) * n).label(f"c_yy_{name}"),
            total(sa.case((y.is_not(None), k.offset))).label(f"offset_{name}"),
        ]
    keys = [k[name] for name in _KEYS]
    return sa.select(*keys, *measures).group_by(*keys)


def _span(rules: pd.DataFrame) -> tuple[date, date] | None:
    days = rules.loc[rules["rule"] == ACCEPTED, "day"].dropna()
    return (days.min().date(), days.max().date()) if len(days) else None


def _source(work: Work, declared: Panel, judged: Judged, span: tuple[date, date] | None) -> Source:
    broken = unsplit(work, declared.table, span[0] if span else None)
    both = [one for one in (judged.rules, broken) if len(one)] or [judged.rules]
    read = judged.read + int(broken["rows"].sum())
    return Source("panel", pd.concat(both, ignore_index=True), read, judged.amount)


def _adds_up(
    work: Work,
    judged: Judged,
    frames: list[pd.DataFrame],
    metrics: Mapping[str, Metric],
    primary: str | None,
) -> None:
    """What the facts hold of the first metric is what the accepted rows hold."""
    rules = judged.rules
    accepted = float(rules.loc[rules["rule"] == ACCEPTED, "amount"].sum())
    name = primary if primary in metrics else next(iter(metrics), None)
    if name is None:
        return
    sums = [one["n"] * one["mean_y"] for one in frames if _is_whole(one, name)]
    held = float(sum(one.sum() for one in sums))
    scale = max(abs(accepted), float(sum(one.abs().sum() for one in sums)), 1.0)
    if abs(held - accepted) > TOLERANCE * scale:
        raise SourceError(
            Finding(
                place=f"models.{work.name}.panel",
                value=f"{accepted!r} in the accepted rows, {held!r} in the facts",
                rule="every row and every value of a source is counted exactly once",
                remedy="Nothing was stored. This is a fault of the connector: please report it.",
                code="value_lost",
            )
        )


def _is_whole(frame: pd.DataFrame, metric: str) -> bool:
    first = frame.head(1)
    return bool(len(first)) and first["segment"].item() == ALL and first["metric"].item() == metric
