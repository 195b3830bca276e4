"""How old figures are: through which day there are data, when they were made, what is awaited."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from valuekit.scorecard import Scorecard
from valuekit.text import day, plural


@dataclass(frozen=True, slots=True)
class Freshness:
    """How old the figures of some models are."""

    data_through: date | None  # last day with predictions, units or groups; None without data
    refreshed: datetime  # when the run that made the figures finished, UTC
    next_outcome: date | None  # first day whose outcomes are awaited; None when none is


def freshness(cards: Iterable[Scorecard], refreshed: datetime) -> Freshness:
    """The freshness of models together: their latest data, the outcome that is awaited longest.

    Outcomes are awaited by models with days that are not mature yet. They are complete through
    some day, so those of the day after it come next.

    Args:
        cards: Scorecards of the models.
        refreshed: When their run finished, with a zone.
    """
    found = tuple(one.health for one in cards)
    awaited = [
        one.last_outcome + timedelta(days=1)
        for one in found
        if one.immature_days and one.last_outcome is not None
    ]
    return Freshness(
        data_through=max((o.last_prediction for o in found if o.last_prediction), default=None),
        refreshed=refreshed,
        next_outcome=min(awaited, default=None),
    )


def in_words(one: Freshness, now: datetime) -> str:
    """A sentence for people.

    >>> from datetime import UTC
    >>> made = Freshness(date(2026, 3, 1), datetime(2026, 3, 2, 4, tzinfo=UTC), date(2026, 3, 2))
    >>> in_words(made, datetime(2026, 3, 4, 7, tzinfo=UTC)).partition(", next ")[2]
    'outcomes expected 2 Mar 2026 (2 days late).'
    """
    through = f"Data through {day(one.data_through)}" if one.data_through else "No data yet"
    return f"{through}, refreshed {ago(now - one.refreshed)}{_awaited(one, now)}."


def _awaited(one: Freshness, now: datetime) -> str:
    if one.next_outcome is None:
        return ""
    late = (now.date() - one.next_outcome).days
    beside = f" ({plural(late, 'day')} late)" if late > 0 else ""
    return f", next outcomes expected {day(one.next_outcome)}{beside}"


def ago(age: timedelta) -> str:
    """An age in its largest fitting unit.

    >>> ago(timedelta(seconds=20)), ago(timedelta(minutes=90)), ago(timedelta(days=-1))
    ('just now', '90 minutes ago', 'at a later time than the clock shows now')
    """
    seconds = age.total_seconds()
    if seconds < -60:
        return "at a later time than the clock shows now"
    if seconds < 60:
        return "just now"
    for size, name, most in ((60, "minute", 120), (3600, "hour", 48)):
        if seconds < size * most:
            return f"{plural(int(seconds // size), name)} ago"
    return f"{plural(age.days, 'day')} ago"
