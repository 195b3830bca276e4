"""Named periods, and which of their days count."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from valuekit.estimate import Period

if TYPE_CHECKING:
    from valuekit.scorecard import PeriodName

STALE_DAYS = 180  # older evidence says nothing about the present; it loses a grade, too
LEAST_DAYS = 7  # fewer mature days than a week say nothing about a longer period

# name -> (days back of the first day, days back of the last day) from the last day of the period
_SPANS: dict[PeriodName, tuple[int, int]] = {
    "year": (364, 0),
    "quarter": (90, 0),
    "prior_quarter": (181, 91),
    "month": (27, 0),
}


@dataclass(frozen=True, slots=True)
class Counted:
    """A named period and its days that count.

    Attributes:
        name: Name of the period.
        asked: All its days since the model's first.
        mature: The days whose outcomes are complete; None when too few are.
        seen: Days of the period up to the last with data of the model.
        immature: Those of them that are not mature yet.
    """

    name: PeriodName
    asked: Period
    mature: Period | None
    seen: int
    immature: int

    @property
    def days(self) -> Period:
        """Days that the figures are about: the mature ones, or all when none can be valued."""
        return self.mature or self.asked


def named(
    first: date, as_of: date, mature_through: date | None, last: date | None = None
) -> tuple[Counted, ...]:
    """The periods of a model: all, year (365 days), quarter and prior quarter (91), month (28).

    Whole days; a period begins no earlier than the model's first day, and one that ends before
    it is left out. Year and all end with the figures. Quarter, prior quarter and month are there
    to be compared, so they end on the model's last mature day: a half-open quarter against a
    whole one would show a fall that nobody suffered. A period shorter than a week counts when all
    of it is mature.

    Args:
        first: First day with data.
        as_of: Last day of the figures.
        mature_through: Last mature day; None when none is.
        last: Last day of the model's own data; None for ``as_of``. After it there is nothing that
            could mature: a campaign of one day is whole once that day is.
    """
    last = as_of if last is None else min(last, as_of)
    found = [_counted("all", Period(first, max(first, as_of)), mature_through, last)]
    for name, (back, until) in _SPANS.items():
        end = as_of if name == "year" else _compared(first, as_of, mature_through)
        end_day = end - timedelta(days=until)
        if end_day >= first:
            asked = Period(max(first, end - timedelta(days=back)), end_day)
            found.append(_counted(name, asked, mature_through, last))
    return tuple(found)


def _compared(first: date, as_of: date, mature_through: date | None) -> date:
    """Last day of the periods that are compared: the last mature day, once there is a week.

    Days long past are no recent quarter: a model that stopped has none.
    """
    if mature_through is None or (mature_through - first).days + 1 < LEAST_DAYS:
        return as_of
    if (as_of - mature_through).days > STALE_DAYS:
        return as_of
    return min(as_of, mature_through)


def _counted(name: PeriodName, asked: Period, mature_through: date | None, last: date) -> Counted:
    seen = max(0, (min(asked.last, last) - asked.first).days + 1)
    if mature_through is None or mature_through < asked.first:
        return Counted(name, asked, None, seen, seen)
    mature = Period(asked.first, min(asked.last, mature_through))
    immature = max(0, seen - mature.days)
    enough = mature.days >= LEAST_DAYS or not immature
    return Counted(name, asked, mature if enough else None, seen, immature)
