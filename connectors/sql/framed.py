"""What frames the facts of a model: its sources, first and last day, and how far data go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from connectors.sql.intake import Source
from connectors.sql.joined import Joined
from connectors.sql.panel import Panelled
from connectors.sql.ready import Handed
from valuekit.incremental.framed import lasting
from valuekit.ready.names import OUTCOMES
from valuekit.workspace.declare import Model, Workspace
from valuekit.workspace.evidence import PANEL_DESIGNS

Days = tuple[date, date]


@dataclass(frozen=True, slots=True)
class Framed:
    """Sources and days of a pull.

    Attributes:
        sources: Every source with its rows by day and rule.
        span: First and last day with data; None without any.
        complete_through: Last day through which outcomes are complete; None without outcomes.
    """

    sources: tuple[Source, ...]
    span: tuple[date, date] | None
    complete_through: date | None

    @property
    def first(self) -> date | None:
        """First day with data."""
        return self.span[0] if self.span is not None else None

    @property
    def last(self) -> date | None:
        """Last day with data."""
        return self.span[1] if self.span is not None else None


def frame(
    model: Model, joined: Joined, over: Panelled | None, handed: Sequence[Handed] = ()
) -> Framed:
    """Days of predictions, units and ready-made facts; of the panel where it carries the money.

    With a panel alone its days are all there is. Where the primary evidence is about the panel the
    span covers both, and days are complete when both are.
    """
    sources = (*joined.sources, *(one.source for one in handed))
    own = _union([joined.span, *(one.span for one in handed)])
    complete = joined.complete_through if model.outcomes else _ready_complete(model, handed, own)
    own = lasting(model, own, complete)
    if over is None:
        return Framed(sources, own, complete)
    sources = (*sources, over.source)
    if not model.logged:
        return Framed(sources, over.span, over.complete_through)
    one = model.primary_evidence
    if one is None or one.design not in PANEL_DESIGNS:
        return Framed(sources, own, complete)
    ends = [one for one in (complete, over.complete_through) if one is not None]
    return Framed(sources, _union([own, over.span]), min(ends, default=None))


def _union(spans: Sequence[Days | None]) -> Days | None:
    there = [one for one in spans if one is not None]
    return (min(one[0] for one in there), max(one[1] for one in there)) if there else None


def _ready_complete(model: Model, handed: Sequence[Handed], own: Days | None) -> date | None:
    """Last day of the ready-made outcomes, or the declared one; of any table without them."""
    if model.facts is None or own is None:
        return None
    spans = [one.span for one in handed if one.table.fact in OUTCOMES]
    return model.facts.complete_through or (_union(spans) or own)[1]


def on_units(workspace: Workspace, model: str) -> Workspace:
    """The workspace in which a model has only the metrics that are measured on its units."""
    declared = workspace.models[model]
    if declared.panel is None and declared.ready("effect") is None:
        return workspace
    own = declared.model_copy(update={"metrics": declared.unit_metrics})
    return workspace.model_copy(update={"models": {**workspace.models, model: own}})
