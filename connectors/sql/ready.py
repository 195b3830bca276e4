"""Facts that arrive ready-made: daily tables of sums, read, judged, accounted for like any rows.

The tables hold aggregates already, so their rows may come to us whole; they are judged by
:mod:`valuekit.ready`, row by row. Each row bears on its own day alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from connectors.findings import place
from connectors.sql.facts import packed
from connectors.sql.intake import Source, unsplit
from connectors.sql.layout import Layout, made_of, read_of, reference
from connectors.sql.ready_rows import counted, rows_of
from connectors.sql.scope import Unbounded
from connectors.sql.segments import kept_apart
from connectors.sql.work import Work
from valuekit.errors import Finding
from valuekit.ready.judge import ACCEPTED, Judgement, judged
from valuekit.ready.make import merged, views
from valuekit.source import Registered
from valuekit.workspace.declare import DailyTable, Model
from valuekit.workspace.ready import ReadyScore, role_of

Days = tuple[date, date]
_VECTORS = {"n": "int64", "sum_p": "float64", "sum_v": "float64"}
_SUMS = ("total", "brier", "log_loss")
_SCORE_KEYS = ("segment", "version", "day", "arm", "acted", "label")


@dataclass(frozen=True, slots=True)
class Handed:
    """A ready-made table after its pull.

    Attributes:
        table: Its declaration.
        frames: Rows of its fact, one frame for all and one a segment.
        source: Its rows by day and rule, with what was read.
        span: First and last day with accepted rows; None without any.
        judged: Its rows after judgement.
        findings: What is odd, but no reason to stop.
        registered: Its bins, where they are new.
    """

    table: DailyTable
    frames: tuple[pd.DataFrame, ...]
    source: Source
    span: Days | None
    judged: Judgement
    findings: tuple[Finding, ...]
    registered: tuple[Registered, ...]

    @property
    def role(self) -> str:
        """Name of the source, such as ``facts.effect``."""
        return self.source.name


def handed_in(work: Work, model: Model) -> list[Handed]:
    """Every ready-made table of a model.

    Args:
        work: The pull.
        model: The model as declared, with all its metrics.

    Raises:
        SourceError: a table is no table of daily sums.
        Unbounded: bins or segments must be found in all days first.
    """
    tables = model.facts.tables if model.facts is not None else {}
    return [_handed(work, model, one) for one in tables.values()]


def _handed(work: Work, model: Model, table: DailyTable) -> Handed:
    read, rows = counted(work, table), rows_of(work, table)
    if work.slice is not None:  # each row bears on its own day: those around it say nothing here
        rows = work.slice.cut(rows)
        read = len(rows)
    edges, frozen = _edges(work, table)
    found = judged(model, table, rows, edges)
    layout = _layout(work, table, found, frozen)
    rules = _rules(found)
    accepted = rules.loc[rules["rule"] == ACCEPTED, "day"].dropna()
    span = (accepted.min().date(), accepted.max().date()) if len(accepted) else None
    return Handed(
        table=table,
        frames=tuple(_frames(work, table, found, layout)),
        source=_source(work, table, rules, read, span),
        span=span,
        judged=found,
        findings=tuple(_rough(work, table, found)),
        registered=(layout.registered,) if layout is not None and layout.new else (),
    )


def _rules(found: Judgement) -> pd.DataFrame:
    """Rows and amounts by day and rule."""
    each = pd.DataFrame(
        {"day": found.rows["day"], "rule": found.rule.astype(str), "amount": found.amount}
    )
    grouped = each.groupby(["day", "rule"], dropna=False, sort=True)["amount"]
    made = grouped.agg(rows="size", amount="sum").reset_index()
    return made[["day", "rule", "rows", "amount"]]


def _source(
    work: Work, table: DailyTable, rules: pd.DataFrame, read: int, span: Days | None
) -> Source:
    broken = unsplit(work, table.table, span[0] if span else None)
    both = [one for one in (rules, broken) if len(one)] or [rules]
    every = pd.concat(both, ignore_index=True)
    amount = float(rules["amount"].sum())
    return Source(role_of(table.fact), every, read + int(broken["rows"].sum()), amount)


def _edges(work: Work, table: DailyTable) -> tuple[tuple[float, ...], Registered | None]:
    """Edges of the bins, declared or frozen, and the registration that holds; none for others."""
    if not isinstance(table, ReadyScore):
        return (), None
    frozen = work.frozen("layout", "score")
    if table.edges:
        edges = tuple(float(one) for one in table.edges)
        same = frozen is not None and read_of(frozen).edges == edges
        return edges, frozen if same else None
    return (read_of(frozen).edges, frozen) if frozen is not None else ((), None)


def _layout(
    work: Work, table: DailyTable, found: Judgement, frozen: Registered | None
) -> Layout | None:
    """The bins, frozen from now on: those of later rows that are others are held back."""
    if not isinstance(table, ReadyScore):
        return None
    if frozen is not None:
        return read_of(frozen)
    if work.slice is not None:
        raise Unbounded("the bins of score are not registered yet")
    long = found.facts
    if not found.edges or long.empty:
        return None
    span = reference(long.groupby("day")["n"].sum().sort_index())
    if span is None:
        return None
    inside = long[(long["day"] >= pd.Timestamp(span[0])) & (long["day"] <= pd.Timestamp(span[1]))]
    n = inside["n"].to_numpy(dtype=np.int64)
    counts = np.bincount(inside["place"].to_numpy(), weights=n, minlength=len(found.edges))
    whole = tuple(int(one) for one in counts)
    return made_of(work, "score", found.edges, whole, span, exact=table.exact)


def _frames(
    work: Work, table: DailyTable, found: Judgement, layout: Layout | None
) -> list[pd.DataFrame]:
    long = found.facts
    if long.empty or (isinstance(table, ReadyScore) and layout is None):
        return []
    names = [(name, _kept(work, long, place, name)) for place, name in enumerate(table.segments)]
    made = []
    for view in views(long, names):
        if layout is None:
            made.append(merged(table.fact, work.name, view))
            continue
        rows = view.assign(total=view["n"], bin=view["place"])
        keys = list(_SCORE_KEYS)
        one = packed(rows, keys, "bin", len(layout.edges), _VECTORS, _SUMS)
        made.append(one.assign(layout=layout.id, total=one["total"].astype("int64")))
    return made


def _kept(work: Work, long: pd.DataFrame, place: int, name: str) -> tuple[str, ...] | None:
    """Values of a segment column that are kept apart, as for rows of any other table."""
    known = long[long[f"seg{place}"].notna()]
    grouped: Any = known.groupby(f"seg{place}")["day"]
    counts = grouped.agg(n="size", day="max").reset_index(names="value")
    counts = counts.sort_values(["n", "value"], ascending=[False, True], ignore_index=True)
    most = work.workspace.workspace.max_segment_values
    return kept_apart(work, name, counts.head(most + 1))


def _rough(work: Work, table: DailyTable, found: Judgement) -> list[Finding]:
    if not found.rough:
        return []
    return [
        Finding(
            place(work.engine, table.table),
            f"{found.rough:,} rows",
            "squares and sums are so close to each other that fewer than three digits of the "
            "variance are sure",
            "Hand in means and standard deviations (`mean_y`, `sd_y`), or take a constant off the "
            "values before they are squared.",
            "warning",
            "few_digits",
            found.rough,
        )
    ]
