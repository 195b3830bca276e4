"""All facts of one model: spines joined with outcomes, then one step a fact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

import pandas as pd

from connectors.base import Engine
from connectors.roles import blocks
from connectors.sql import error, maturity
from connectors.sql.cells import cells
from connectors.sql.columns import usable
from connectors.sql.confusion import confusion
from connectors.sql.dedupe import ACCEPTED
from connectors.sql.effect import effect
from connectors.sql.facts import fact
from connectors.sql.filled import without_values
from connectors.sql.flow import flow, returning
from connectors.sql.framed import Framed, frame, on_units
from connectors.sql.intake import intake
from connectors.sql.joined import Joined, join
from connectors.sql.key_types import lost_zeros
from connectors.sql.layout import Layout, coarser, layout, reference
from connectors.sql.lookalikes import lookalikes
from connectors.sql.measured import measured
from connectors.sql.panel import panel
from connectors.sql.score import score
from connectors.sql.segments import Segment, segments
from connectors.sql.shape import shape
from connectors.sql.spine import CLASSES, Spine
from connectors.sql.suspects import suspects
from connectors.sql.usage import usage
from connectors.sql.volume import volume
from connectors.sql.work import Work
from valuekit.errors import Finding, SourceError
from valuekit.ledger.schema import SCORE_BINS, SEGMENT_BINS
from valuekit.source import Progress, Pull, Registered
from valuekit.workspace.declare import Model, Workspace

FACTS = (
    "volume",
    "usage",
    "effect",
    "flow",
    "panel",
    "score",
    "confusion",
    "error",
    "maturity",
    "intake",
)
STATEMENTS = 25  # of a model without segments, roughly; only the progress depends on it


@dataclass(slots=True)
class Found:
    """Rows of facts and registrations, as they are found."""

    frames: dict[str, list[pd.DataFrame]] = field(
        default_factory=lambda: {name: [] for name in FACTS}
    )
    registered: list[Registered] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def note(self, made: Layout | None) -> None:
        """Remember a layout that was made now."""
        if made is not None and made.new:
            self.registered.append(made.registered)


def pull(
    engine: Engine,
    workspace: Workspace,
    model: str,
    registered: Sequence[Registered],
    progress: Progress,
) -> Pull:
    """Compute all facts of a model where the data lies.

    Args:
        engine: The engine over the model's source.
        workspace: The whole workspace.
        model: Name of the model.
        registered: What was frozen before; bin edges and scales are taken from it.
        progress: Told before each statement: what, and the share done.

    Raises:
        SourceError: a table or column is wrong, or a row or value would be lost.
    """
    declared = workspace.models[model]
    _one_source(engine, workspace, model)
    told = _columns(engine, declared)
    columns = [*(declared.predictions.segments if declared.predictions else ())]
    expected = STATEMENTS + 6 * len(columns)
    work = Work(engine, on_units(workspace, model), model, registered, progress, expected)
    before = len(engine.queries)
    try:
        joined = join(work)
        over = panel(work, declared)
        framed = frame(declared, joined, over)
        suspects(work, framed.sources)
        found = Found(findings=told)
        changed, seen = shape(work, framed.last or date(1970, 1, 1))
        found.findings += changed
        found.registered += seen
        _empty(work, framed, found)
        _of_predictions(work, joined, found)
        _of_units(work, joined, found)
        if over is not None:
            found.frames["panel"] = over.frames
            found.findings += over.findings
        found.frames["intake"] = intake(work, list(framed.sources), framed.first)
        facts = {name: fact(name, model, frames) for name, frames in found.frames.items()}
    finally:
        work.clear()
    progress("done", 1.0)
    return Pull(
        facts=facts,
        registered=tuple(found.registered),
        queries=tuple(engine.queries[before:]),
        first=framed.first,
        last=framed.last,
        complete_through=framed.complete_through,
        findings=tuple(found.findings),
        rows_read=sum(one.read for one in framed.sources),
    )


def _columns(engine: Engine, model: Model) -> list[Finding]:
    """Refuse columns that are missing or hold the wrong thing, all at once; what to warn of."""
    known = [(block, usable(engine, model, block)) for _name, block in blocks(model)]
    faults = [fault for _, one in known for fault in one.findings if fault.severity == "error"]
    if faults:
        raise SourceError(*faults)
    found = lost_zeros(engine, model)
    for block, one in known:
        found += without_values(engine, model, block, one.kinds)
    faults = [one for one in found if one.severity == "error"]
    if faults:
        raise SourceError(*faults)
    return [*found, *lookalikes(engine, model)]


def _of_predictions(work: Work, joined: Joined, found: Found) -> None:
    """Volume, usage, score, confusion, error and the maturity of labels."""
    spine, declared = joined.spine, work.model.predictions
    if spine is None or declared is None or joined.span is None:
        return
    fine, coarse = _score_layouts(work, spine, found)
    sets = segments(work, declared.segments, spine.rows)
    labelled = work.model.outcomes is not None and work.model.outcomes.label is not None
    labelled = labelled and joined.matched is not None and joined.targets is None
    entries: pd.DataFrame | None = None
    for one in sets:
        chosen = fine if one.whole else coarse
        grouped = cells(work, spine, joined.matched, chosen, one)
        found.frames["volume"].append(volume(work, spine, grouped, one))
        if chosen is not None:
            found.frames["score"].append(score(work, grouped, chosen))
        if grouped.classes and joined.matched is not None:
            found.frames["confusion"].append(confusion(work, grouped))
        if one.whole and labelled:
            entries = maturity.entries(work, grouped)
        work.drop(grouped.kept)
        if declared.tokens:
            found.frames["usage"].append(usage(work, spine, one))
    _errors(work, joined, found, sets)
    if joined.matched is not None and entries is not None:
        found.frames["maturity"] += maturity.of_predictions(work, entries, joined.matched)


def _score_layouts(work: Work, spine: Spine, found: Found) -> tuple[Layout | None, Layout | None]:
    """The layout of scores and the coarser one of segments; None without scores."""
    declared = work.model.predictions
    if declared is None or declared.score is None or work.model.task not in CLASSES:
        return None, None
    rules = spine.judged.rules
    accepted = rules[rules["rule"] == ACCEPTED]
    span = reference(accepted.groupby("day")["scored"].sum().sort_index())
    if span is None:
        return None, None
    uses = () if declared.predicted is not None and declared.threshold is None else (
        0.5 if declared.threshold is None else declared.threshold,
    )  # fmt: skip
    rows = spine.rows
    values = rows.select().with_only_columns(rows.c.score.label("value"), rows.c.day)
    fine = layout(work, "score", values, span, bins=SCORE_BINS, thresholds=uses)
    found.note(fine)
    if fine is None or not declared.segments:
        return fine, None
    coarse = coarser(work, "score_segment", fine, SEGMENT_BINS, uses)
    found.note(coarse)
    return fine, coarse


def _errors(work: Work, joined: Joined, found: Found, sets: Sequence[Segment]) -> None:
    """Errors of predicted numbers, where actuals are known."""
    declared = work.model.predictions
    numbers = work.model.task in {"regression", "forecast"}
    if not numbers or declared is None or joined.matched is None or joined.spine is None:
        return
    if declared.predicted is None and declared.score is None:
        return
    if joined.targets is not None:
        compared = error.forecasts(work, joined.targets.rows)
        if joined.targets.scale is not None and joined.targets.new:
            found.registered.append(joined.targets.scale)
    else:
        compared = error.regression(work, joined.spine, joined.matched)
    span = reference(error.days(work, compared))
    if span is None:
        return
    made = layout(work, "error", error.values(compared), span, bins=error.BINS, exact=error.BINS)
    found.note(made)
    if made is None:
        return
    for one in sets:
        found.frames["error"] += error.errors(work, compared, made, one)


def _of_units(work: Work, joined: Joined, found: Found) -> None:
    """Effect, the flow of units that come back, and the maturity of metrics."""
    exposed = joined.units
    if exposed is None or not work.model.metrics or joined.span is None:
        return
    if exposed.conflicts:
        found.findings.append(_conflicts(work, exposed.conflicts))
    rows = measured(work, exposed, joined.spine, joined.gained)
    for one in segments(work, exposed.segments, rows):
        found.frames["effect"].append(effect(work, rows, one))
        if returning(work.model):
            found.frames["flow"] += flow(work, exposed, joined.actuals, one)
    if joined.gained is not None:
        counted = found.frames["effect"][0]
        found.frames["maturity"] += maturity.of_units(work, exposed, counted, joined.gained)


def _empty(work: Work, framed: Framed, found: Found) -> None:
    if framed.span is None:
        found.findings.append(
            Finding(
                place=f"models.{work.name}",
                value="",
                rule="no usable row in the predictions, assignments or panel: there is no data",
                remedy="Check the table, its filters and the rows held back in the intake counts.",
                severity="warning",
                code="no_data",
                rows=sum(one.read for one in framed.sources),
            )
        )


def _conflicts(work: Work, units: int) -> Finding:
    return Finding(
        place=f"models.{work.name}",
        value=f"{units} units",
        rule="a unit was first seen in two arms at the same instant; such units are left out",
        remedy="Log the arm that was assigned, or declare an assignments table.",
        severity="warning",
        code="conflicting_arms",
        rows=units,
    )


def _one_source(engine: Engine, workspace: Workspace, model: str) -> None:
    """All tables of a model must lie in one source: joins run where the data lies."""
    declared = workspace.models[model]
    blocks = (declared.predictions, declared.assignments, declared.outcomes, declared.panel)
    others = {workspace.source_of(one) for one in blocks if one is not None} - {engine.name}
    if others:
        raise SourceError(
            Finding(
                place=f"models.{model}",
                value=", ".join(sorted({engine.name, *others})),
                rule="all tables of a model lie in one source",
                remedy="Bring the tables into one source, or declare one that sees them all.",
                code="several_sources",
            )
        )
