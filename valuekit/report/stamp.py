"""Which run made the figures of each model: a run of some leaves the others' as they were."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from valuekit.report.sheet import Sheet, SheetColumn, Value
from valuekit.text import day

if TYPE_CHECKING:
    from valuekit.restatements import Moved
    from valuekit.scorecard import Scorecard
    from valuekit.store.records import Age, SourceRead


@dataclass(frozen=True, slots=True)
class Meta:
    """What a report says about itself, so that its numbers can be traced and reproduced."""

    workspace: str
    run: int  # the last good one
    finished: datetime
    version: str
    reads: tuple[SourceRead, ...] = ()  # who last read the sources of each model
    restated: tuple[Moved, ...] = ()  # figures of published days that changed, newest first
    ages: Mapping[str, Age] = field(default_factory=dict)  # by which run each model's were made

    def made(self, model: str) -> tuple[int, datetime]:
        """The run that a model's figures are of, and when it finished."""
        own = self.ages.get(model)
        return (own.run, own.at) if own is not None else (self.run, self.finished)

    def failed(self, model: str) -> int | None:
        """The newer run that failed of a model; None where its figures are the newest."""
        own = self.ages.get(model)
        return own.failed.run if own is not None and own.failed is not None else None


def stamped(sheet: Sheet, cards: Sequence[Scorecard], meta: Meta) -> Sheet:
    """A sheet of models with the run of each in its rows, and how far its data reach."""
    ends = {card.model: card.health.last_prediction for card in cards}
    place = [column.title for column in sheet.columns].index("Model")
    stamp = (
        SheetColumn("Run", "count"),
        SheetColumn("Run finished", "time"),
        SheetColumn("Data through", "day"),
        SheetColumn("Newer run that failed", "count"),
    )
    models = [str(row[place]) for row in sheet.rows]
    rows = tuple(
        (*row, *meta.made(model), ends[model], meta.failed(model))
        for row, model in zip(sheet.rows, models, strict=True)
    )
    return Sheet(sheet.name, sheet.title, (*sheet.columns, *stamp), rows, sheet.note)


def in_words(models: Sequence[str], meta: Meta) -> str:
    """The run or runs of some models; of several, from when and of which model the oldest is."""
    made = sorted((meta.made(model), model) for model in models)
    runs = sorted({run for (run, _), _ in made})
    if len(runs) == 1:
        (_, at), _ = made[0]
        return f"run {runs[0]} of {day(at.date())}"
    at, model = min((at, model) for (_, at), model in made)
    return f"runs {runs[0]} to {runs[-1]}, the oldest figures of {day(at.date())} ({model})"


def lines(models: Sequence[str], meta: Meta) -> list[tuple[Value, ...]]:
    """Rows of the sheet Provenance: the run that made the figures of each model."""
    return [(model, "Figures made", "", None, None, *meta.made(model), "") for model in models]
