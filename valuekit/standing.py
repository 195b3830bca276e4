"""What scorecards say of holdouts, as far as it depends on today how these stand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from valuekit.scorecard import EvidenceReport, Scorecard


@dataclass(frozen=True, slots=True)
class Trial:
    """What a scorecard says of one holdout, as far as its standing depends on it."""

    model: str
    metric: str
    first: date | None  # first day of the model's figures
    retired: bool
    reading: Literal["watched", "fixed"] | None  # how it was read; None when it was not
    told_since: date | None  # day since which the effect is told from zero
    planned: int | None  # units
    units: int | None  # units whose outcomes are complete


def trials(cards: Iterable[Scorecard]) -> tuple[Trial, ...]:
    """The holdouts of some scorecards, in their order."""
    return tuple(
        _trial(card, report)
        for card in cards
        for report in card.evidence
        if report.design == "holdout"
    )


def _trial(card: Scorecard, report: EvidenceReport) -> Trial:
    whole, reading = card.period("all"), report.reading
    how: Literal["watched", "fixed"] | None = None
    if reading is not None:
        how = "fixed" if reading.kind == "fixed" else "watched"
    return Trial(
        model=card.model,
        metric=report.metric,
        first=whole.period.first if whole else None,
        retired=card.retired is not None,
        reading=how,
        told_since=reading.told_since if reading else None,
        planned=reading.planned_units if reading else None,
        units=_units(report),
    )


def _units(report: EvidenceReport) -> int | None:
    if not report.arms:
        return None
    return sum(arm.units for arm in report.arms if arm.role != "other")
