"""Everything an assessment reads: one model's declaration and facts, and which days are mature."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from valuekit.estimate import Period
from valuekit.workspace.evidence import PANEL_DESIGNS

if TYPE_CHECKING:
    import pandas as pd

    from valuekit.ledger.book import Book
    from valuekit.workspace.declare import Absent, Evidence, Metric, Model, Settings, Workspace


@dataclass(frozen=True, slots=True)
class Scene:
    """One model at the time of one run.

    Attributes:
        name: Name of the model in the workspace.
        model: Its declaration.
        settings: Of the whole workspace.
        book: Its facts.
        span: First and last day with data, cut at ``as_of``; None for an empty model.
        mature_through: Last day whose outcomes are complete; None when there is none.
    """

    name: str
    model: Model
    settings: Settings
    book: Book
    span: Period | None
    mature_through: date | None

    @property
    def currency(self) -> str:
        """The workspace's currency."""
        return self.settings.currency

    @property
    def mature(self) -> Period | None:
        """First day with data to the last mature one; None when no day is mature."""
        if self.span is None or self.mature_through is None:
            return None
        if self.mature_through < self.span.first:
            return None
        return Period(self.span.first, self.mature_through)

    @property
    def days_to_mature(self) -> int:
        """Days from an exposure to the day on which its outcome is complete."""
        if over_panel(self.model):
            return self.model.panel.allowance if self.model.panel else 0
        waits = self.model.outcomes or self.model.facts
        return waits.window + waits.allowance if waits else 0

    def fact(
        self, name: str, period: Period | None = None, segment: str | None = "all"
    ) -> pd.DataFrame:
        """Rows of a fact over a period; the whole book without one."""
        if period is None:
            return self.book.fact(name, segment)
        return self.book.fact(name, segment, period.first, period.last)

    def metric_of(self, evidence: Evidence) -> tuple[str, Metric] | None:
        """Name and declaration of the metric that an evidence entry is about."""
        name = evidence.metric or self.model.primary_metric
        return None if name is None else (name, self.model.metrics[name])

    @property
    def absent(self) -> Absent:
        """What a missing outcome row means for metrics on units."""
        outcomes, facts = self.model.outcomes, self.model.facts
        if outcomes is None and facts is not None:
            return facts.absent
        return (outcomes.absent if outcomes else None) or "zero"


def over_panel(model: Model) -> bool:
    """Whether the money of a model is read from its panel, not from predictions or units."""
    if model.panel is None:
        return False
    one = model.primary_evidence
    return not model.logged or (one is not None and one.design in PANEL_DESIGNS)


def scene(workspace: Workspace, name: str, book: Book) -> Scene:
    """Gather what the assessment of a model reads."""
    model = workspace.models[name]
    span = _span(book)
    return Scene(
        name=name,
        model=model,
        settings=workspace.workspace,
        book=book,
        span=span,
        mature_through=None if span is None else _mature_through(workspace, model, book, span),
    )


def _span(book: Book) -> Period | None:
    if book.first is None or book.last is None or book.first > book.as_of:
        return None
    return Period(book.first, min(book.last, book.as_of))


def _mature_through(workspace: Workspace, model: Model, book: Book, span: Period) -> date | None:
    """A day is mature when day + window + allowance <= complete_through.

    Outcomes go on after the last prediction: those of a campaign sent on one day, or of a model
    that was stopped, come only then. Only a declared last day of the analysis bounds them.
    Outcomes joined by key alone have no age: they are complete from the start, unless the
    workspace declares until when they are. Without outcomes every day is. The days of a panel are
    complete as they come, but for the allowance that it declares; those of ready-made facts once
    their declared window has passed.
    """
    if model.panel is not None and over_panel(model):
        end = min(book.complete_through or span.last, span.last)
        until = end - timedelta(days=model.panel.allowance)
        return None if until < span.first else until
    outcomes, facts = model.outcomes, model.facts
    if outcomes is None and facts is not None and book.complete_through is not None:
        until = book.complete_through - timedelta(days=facts.window + facts.allowance)
        return None if until < span.first else min(until, span.last)
    if outcomes is None:
        return span.last
    if outcomes.time is None and outcomes.complete_through is None:
        return span.last
    complete = book.complete_through
    if complete is None:
        return None
    if workspace.workspace.as_of is not None and outcomes.complete_through is None:
        complete = min(complete, workspace.workspace.as_of)
    last = complete - timedelta(days=outcomes.window + outcomes.allowance)
    return None if last < span.first else min(last, span.last)


def first_maturing(scene: Scene) -> date | None:
    """Day when the outcomes of the first day are complete; None when some are, or none will be."""
    if scene.span is None or scene.mature is not None:
        return None
    waits = scene.model.outcomes or scene.model.facts
    if waits is None and not over_panel(scene.model):
        return None
    return scene.span.first + timedelta(days=scene.days_to_mature)
