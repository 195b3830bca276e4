"""All facts of one model: spines joined with outcomes, then one step a fact."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import pandas as pd

from connectors.base import Engine
from connectors.sql import error, maturity
from connectors.sql.caps import caps
from connectors.sql.cells import cells
from connectors.sql.closed import closed
from connectors.sql.confusion import confusion
from connectors.sql.dedupe import ACCEPTED, Judged
from connectors.sql.effect import effect
from connectors.sql.facts import fact
from connectors.sql.flow import flow
from connectors.sql.framed import Framed, frame, on_units
from connectors.sql.held import held_back
from connectors.sql.intake import intake
from connectors.sql.joined import Joined, join
from connectors.sql.layout import Layout, coarser, layout, reference
from connectors.sql.measured import measured
from connectors.sql.panel import panel
from connectors.sql.ready import Handed, handed_in
from connectors.sql.ready_held import ready_examples
from connectors.sql.refuse import refuse
from connectors.sql.returning import returning
from connectors.sql.scope import Slice, Unbounded
from connectors.sql.score import score
from connectors.sql.segments import Segment, segments
from connectors.sql.shape import shape
from connectors.sql.spine import CLASSES, Spine
from connectors.sql.suspects import by_rule, suspects
from connectors.sql.usage import usage
from connectors.sql.volume import by_arm, volume
from connectors.sql.work import Work
from valuekit.errors import Finding
from valuekit.incremental.plan import Plan
from valuekit.ledger.schema import SCORE_BINS, SEGMENT_BINS
from valuekit.quarantine.carry import newest
from valuekit.source import Held, Progress, Pull, Registered
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
    rows: int = 0
    tied: dict[str, dict[date, bool]] = field(default_factory=dict)
    crossing: set[date] = field(default_factory=set)
    held: list[Held] = field(default_factory=list)

    def note(self, made: Layout | None) -> None:
        """Remember a layout that was made now."""
        if made is not None and made.new:
            self.registered.append(made.registered)

    def judged(self, role: str, judged: Judged | None) -> None:
        """Remember the days of a source that share ids."""
        if judged is not None:
            self.tied.setdefault(role, {}).update(judged.tied)


def pull(
    engine: Engine,
    workspace: Workspace,
    model: str,
    registered: Sequence[Registered],
    progress: Progress,
    plan: Plan | None = None,
) -> Pull:
    """Compute the facts of a model where the data lies.

    Args:
        engine: The engine over the model's source.
        workspace: The whole workspace.
        model: Name of the model.
        registered: What was frozen before; bin edges and scales are taken from it.
        progress: Told before each statement: what, and the share done.
        plan: The days that are wanted; None for all.

    Raises:
        SourceError: a table or column is wrong, or a row or value would be lost.
    """
    told = refuse(engine, workspace, model)
    before = len(engine.queries)

    def work(part: Slice | None, share: tuple[float, float] = (0.0, 1.0)) -> Work:
        def tell(what: str, done: float) -> None:
            progress(what, share[0] + (share[1] - share[0]) * done)

        p = workspace.models[model].predictions
        expected = STATEMENTS + 6 * len(p.segments if p else ())
        units = on_units(workspace, model)
        return Work(engine, units, model, registered, tell, expected, slice=part)

    made, why = None, plan.whole if plan is not None else ""
    if plan is not None and not plan.whole:
        try:
            made = slices(plan, work, workspace.models[model], told)
        except Unbounded as found:
            why = str(found)
    if made is None:
        made = replace(_whole(work(None), workspace.models[model], told), why=why)
    progress("done", 1.0)
    return replace(made, queries=tuple(engine.queries[before:]))


def _whole(work: Work, declared: Model, told: list[Finding]) -> Pull:
    """Everything."""
    found = Found(findings=told)
    try:
        joined = join(work)
        over, handed = panel(work, declared), handed_in(work, declared)
        framed = frame(declared, joined, over, handed)
        suspects(work, by_rule(framed.sources))
        _shaped(work, framed.last or date(1970, 1, 1), found)
        _empty(work, framed, found)
        _facts(work, joined, found)
        _ready(work, declared, handed, found)
        if over is not None:
            found.frames["panel"] = over.frames
            found.findings += over.findings
        found.frames["intake"] = intake(work, list(framed.sources), framed.first)
        found.held += held_back(work, declared, joined, over, found.frames["intake"])
    finally:
        work.clear()
    return replace(
        pulled(work, found),
        first=framed.first,
        last=framed.last,
        complete_through=framed.complete_through,
        rows_read=sum(one.read for one in framed.sources),
    )


def _shaped(work: Work, day: date, found: Found) -> None:
    """Say how the tables' columns are not what they were, and remember them."""
    changed, seen = shape(work, day)
    found.findings += changed
    found.registered += seen


def slices(plan: Plan, work: Callable[..., Work], declared: Model, told: list[Finding]) -> Pull:
    """The days of a plan, stretch by stretch, and the panel where it changed.

    Raises:
        Unbounded: other days depend on what changed; nothing is lost, everything must be pulled.
    """
    plan = closed(plan, work, declared)
    if plan.whole:
        raise Unbounded(plan.whole)
    found, parts = Found(findings=told), len(plan.ranges) + 1
    for place, (first, last) in enumerate(plan.ranges):
        one = work(Slice(first, last, plan), (place / parts, (place + 1) / parts))
        one.noted += found.registered
        try:
            _slice(one, declared, found)
        finally:
            one.clear()
    if plan.panel and declared.panel is not None:
        _panel(work(None, ((parts - 1) / parts, 1.0)), declared, found)
    ending = work(None)
    _shaped(ending, plan.last, found)
    return replace(
        pulled(ending, found), ranges=plan.ranges, panel=plan.panel, rows_read=found.rows
    )


def _slice(work: Work, declared: Model, found: Found) -> None:
    assert work.slice is not None  # noqa: S101  the caller made it
    joined, handed = join(work), handed_in(work, declared)
    own = Found()
    _facts(work, joined, own)
    _ready(work, declared, handed, own)
    sources = [*joined.sources, *(one.source for one in handed)]
    own.frames["intake"] = intake(work, sources, work.slice.first)
    for name, frames in own.frames.items():
        cut = [work.slice.cut(one) for one in frames if len(one)]
        own.frames[name] = [one for one in cut if len(one)]
        found.frames[name] += own.frames[name]
    found.held += held_back(work, declared, joined, None, own.frames["intake"])
    found.held += own.held
    found.registered += [one for one in own.registered if one not in found.registered]
    found.findings += own.findings
    found.rows += sum(one.read for one in sources)
    found.crossing |= own.crossing
    for role, days in own.tied.items():
        found.tied.setdefault(role, {}).update(days)


def _ready(work: Work, declared: Model, handed: list[Handed], found: Found) -> None:
    """Facts that arrive ready-made, with what was registered and held back of them."""
    for one in handed:
        found.frames[one.table.fact] += one.frames
        found.registered += one.registered
        found.findings += one.findings
    found.registered += [one for one in work.noted if one not in found.registered]
    found.held += ready_examples(work, declared, handed)


def _panel(work: Work, declared: Model, found: Found) -> None:
    try:
        over = panel(work, declared)
        if over is None:
            return
        found.frames["panel"] = over.frames
        found.findings += over.findings
        first = over.span[0] if over.span else None
        counted = intake(work, [over.source], first)
        found.frames["intake"] += counted
        found.held += held_back(work, declared, None, over, counted)
        found.registered += [one for one in work.noted if one not in found.registered]
        found.rows += over.source.read
    finally:
        work.clear()


def _facts(work: Work, joined: Joined, found: Found) -> None:
    """All facts of predictions and units, and what was learned in passing."""
    _of_predictions(work, joined, found)
    _of_units(work, joined, found)
    found.judged("predictions", joined.spine.judged if joined.spine is not None else None)
    found.judged("outcomes", joined.actuals.judged if joined.actuals is not None else None)
    found.registered += [one for one in work.noted if one not in found.registered]
    found.crossing |= work.crossing


def pulled(work: Work, found: Found) -> Pull:
    """What was found, as facts."""
    facts = {name: fact(name, work.name, frames) for name, frames in found.frames.items()}
    return Pull(
        facts=facts,
        registered=tuple(found.registered),
        queries=(),
        first=None,
        last=None,
        complete_through=None,
        findings=tuple(found.findings),
        tied={role: tuple(sorted(days)) for role, days in found.tied.items() if days},
        far=tuple(sorted(day for days in found.tied.values() for day, far in days.items() if far)),
        crossing=tuple(sorted(found.crossing)),
        held=newest(found.held),
    )


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
        counted = by_arm(work, grouped)
        found.frames["volume"].append(volume(work, spine, counted, one))
        if chosen is not None:
            found.frames["score"].append(score(work, grouped, chosen))
        if grouped.classes and joined.matched is not None:
            found.frames["confusion"].append(confusion(work, grouped))
        if one.whole and labelled:
            entries = counted
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
    if span is None and work.slice is not None and work.frozen("layout", "score") is not None:
        span = work.slice.read  # days without a score have their rows all the same
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
    found_caps = caps(work, exposed, joined.actuals)
    rows = measured(work, exposed, joined.spine, joined.gained, found_caps)
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
