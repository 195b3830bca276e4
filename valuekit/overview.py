"""The portfolio and a line for each model, as a run stores them: read in milliseconds.

A scorecard of three years is a hundred kilobytes; a portfolio of a thousand of them takes seconds
to read and to add up, though nothing in it has changed since the run that made them. So the run
that makes the scorecards adds them up as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from typing import get_args

from pydantic import TypeAdapter

from valuekit.estimate import Estimate, Grade
from valuekit.freshness import Freshness, freshness
from valuekit.portfolio import Portfolio, portfolio
from valuekit.scorecard import Action, PeriodName, Scorecard
from valuekit.standing import Trial, trials

PERIODS: tuple[PeriodName, ...] = get_args(PeriodName)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Line:
    """One model in the list of all, over one period; numbers are None where they are unknown."""

    model: str
    title: str
    action: Action
    grade: Grade | None
    net: float | None
    low: float | None  # ends of the 95% range of net
    high: float | None
    roi: float | None

    def estimate(self, currency: str) -> Estimate | None:
        """Net value with its range; None when it is unknown."""
        if self.net is None:
            return None
        return Estimate(self.net, currency, low=self.low, high=self.high)


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything that a list of all models shows.

    Attributes:
        portfolio: The sum over one named period, without holdouts: those depend on today.
        lines: One line a model, in the order of the workspace.
        trials: What is needed to say how holdouts stand.
        data_through: Last day with data of any model.
        next_outcome: First day whose outcomes are awaited.
    """

    portfolio: Portfolio
    lines: tuple[Line, ...]
    trials: tuple[Trial, ...]
    data_through: date | None
    next_outcome: date | None

    def freshness(self, refreshed: datetime) -> Freshness:
        """How old the figures are, made by a run that finished then."""
        return Freshness(self.data_through, refreshed, self.next_outcome)


def overview(cards: Sequence[Scorecard], name: PeriodName) -> Overview:
    """All scorecards over a named period, added up and listed."""
    fresh = freshness(cards, _EPOCH)
    return Overview(
        portfolio=portfolio(cards, name),
        lines=tuple(_line(card, name) for card in cards),
        trials=trials(cards),
        data_through=fresh.data_through,
        next_outcome=fresh.next_outcome,
    )


def _line(card: Scorecard, name: PeriodName) -> Line:
    held = card.period(name)
    net = held.net if held else None
    return Line(
        model=card.model,
        title=card.title,
        action=card.verdict.action,
        grade=card.grade,
        net=net.value if net else None,
        low=net.low if net else None,
        high=net.high if net else None,
        roi=held.roi.value if held else None,
    )


@cache
def _adapter() -> TypeAdapter[Overview]:
    return TypeAdapter(Overview)


def to_json(one: Overview) -> bytes:
    """The overview as JSON text for the store."""
    return _adapter().dump_json(one)


def from_json(text: bytes) -> Overview:
    """An overview from :func:`to_json`.

    Raises:
        pydantic.ValidationError: when the text has another shape.
    """
    return _adapter().validate_json(text)
