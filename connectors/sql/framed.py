"""What frames the facts of a model: its sources, first and last day, and how far data go."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from connectors.sql.intake import Source
from connectors.sql.joined import Joined
from connectors.sql.panel import Panelled
from valuekit.workspace.declare import Model, Workspace
from valuekit.workspace.evidence import PANEL_DESIGNS


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


def frame(model: Model, joined: Joined, over: Panelled | None) -> Framed:
    """Days of predictions and units; of the panel too where it carries the money.

    With a panel alone its days are all there is. Where the primary evidence is about the panel the
    span covers both, and days are complete when both are.
    """
    if over is None:
        return Framed(joined.sources, joined.span, joined.complete_through)
    sources = (*joined.sources, over.source)
    if model.predictions is None and model.assignments is None:
        return Framed(sources, over.span, over.complete_through)
    one = model.primary_evidence
    if one is None or one.design not in PANEL_DESIGNS:
        return Framed(sources, joined.span, joined.complete_through)
    spans = [one for one in (joined.span, over.span) if one is not None]
    ends = [one for one in (joined.complete_through, over.complete_through) if one is not None]
    span = (min(one[0] for one in spans), max(one[1] for one in spans)) if spans else None
    return Framed(sources, span, min(ends, default=None))


def on_units(workspace: Workspace, model: str) -> Workspace:
    """The workspace in which a model has only the metrics that are measured on its units."""
    declared = workspace.models[model]
    if declared.panel is None:
        return workspace
    own = declared.model_copy(update={"metrics": declared.unit_metrics})
    return workspace.model_copy(update={"models": {**workspace.models, model: own}})
