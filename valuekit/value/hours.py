"""Value of time saved by an assistant: an assumption, with the range that was declared for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from scipy import special

from valuekit.estimate import Estimate, Period

if TYPE_CHECKING:
    from decimal import Decimal

METHOD = "accepted answers x minutes saved x hourly rate"


@dataclass(frozen=True, slots=True)
class Saving:
    """Minutes saved per accepted prediction, its range, and what an hour is worth."""

    minutes: float
    low: float | None
    high: float | None
    hourly: Decimal


def hours_value(acted: int, saving: Saving, unit: str, period: Period) -> Estimate:
    """Money = accepted x minutes / 60 x hourly rate, grade D.

    The declared range of minutes, read as a 95% range, is the interval; without one there is
    none, which the reason says. Nobody measured what would have happened without the model.

    Args:
        acted: Predictions that were accepted.
        saving: The declared assumption.
        unit: Currency.
        period: Days that the count is about.
    """
    worth = acted / 60 * float(saving.hourly)
    ends = _ends(saving)
    low, high = ends or (None, None)
    return Estimate(
        value=worth * saving.minutes,
        unit=unit,
        low=None if low is None else worth * low,
        high=None if high is None else worth * high,
        se=None
        if ends is None
        else worth * (ends[1] - ends[0]) / (2 * float(special.ndtri(0.975))),
        n=acted,
        method=METHOD,
        grade="D",
        period=period,
        reason="" if ends else "no range of minutes saved is declared (minutes_low, minutes_high)",
    )


def _ends(saving: Saving) -> tuple[float, float] | None:
    if saving.low is None or saving.high is None:
        return None
    low, high = sorted((saving.low, saving.high))
    return (low, high)
