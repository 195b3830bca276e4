"""The portfolio and a line for each model, as a run stores them: read in milliseconds.

A scorecard of three years is a hundred kilobytes; a portfolio of a thousand of them takes seconds
to read and to add up, though nothing in it has changed since the run that made them. So the run
that makes the scorecards adds them up as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, get_args

from pydantic import TypeAdapter

from valuekit.estimate import Estimate, Grade
from valuekit.freshness import Freshness, dated, undated
from valuekit.portfolio import Portfolio, portfolio
from valuekit.scorecard import Action, PeriodName, Scorecard
from valuekit.standing import Trial, trials

if TYPE_CHECKING:
    from valuekit.store.records import Age

PERIODS: tuple[PeriodName, ...] = get_args(PeriodName)


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
        fresh: Through which days there are data, and what is awaited. When the figures were made
            is not in it: a run of one model leaves the others as they were.
    """

    portfolio: Portfolio
    lines: tuple[Line, ...]
    trials: tuple[Trial, ...]
    fresh: Freshness

    def freshness(self, ages: Mapping[str, Age], otherwise: datetime) -> Freshness:
        """How old the figures are; those of models without an age were made ``otherwise``."""
        return dated(self.fresh, [line.model for line in self.lines], ages, otherwise)


def overview(cards: Sequence[Scorecard], name: PeriodName) -> Overview:
    """All scorecards over a named period, added up and listed."""
    return Overview(
        portfolio=portfolio(cards, name),
        lines=tuple(_line(card, name) for card in cards),
        trials=trials(cards),
        fresh=undated(cards),
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
