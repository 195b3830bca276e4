"""One holdout of a model at a time: its units are dealt by one salt on any day."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from valuekit.errors import WorkspaceError
from valuekit.holdouts import KIND
from valuekit.planning import refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from valuekit.planning import HoldoutPlan
    from valuekit.source import Registered


def free(
    made: HoldoutPlan, held: Sequence[Registered], stopped: Sequence[date], today: date
) -> None:
    """Refuse a plan whose units another holdout of the model deals already.

    A second salt would move units to the other arm while they are compared, whichever metric the
    second one is about, and whether or not the first has begun.

    Args:
        made: The plan.
        held: What is registered for the model.
        stopped: Ends that the workspace file declares for holdouts of the model.
        today: Today.

    Raises:
        WorkspaceError: when an earlier one deals units on a day of the plan.
    """
    for one in held:
        if one.kind != KIND:
            continue
        start, last = days(one, stopped)
        if last < today or last < made.start or made.last < start:
            continue
        state = f"runs since {start}" if start <= today else f"is registered from {start}"
        rule = (
            f"a holdout of this model, judged by {one.name}, {state} until {last}: a second one on "
            "the same days would deal its units by another salt"
        )
        remedy = (
            f"Start after its last day: --start after {last}. Where it has stopped earlier, "
            "declare `until` in its evidence entry first."
        )
        value = f"{made.start} to {made.last}"
        raise WorkspaceError(refused(made.model, value, rule, remedy))


def in_force(held: Sequence[Registered], stopped: Sequence[date], on: date) -> Registered:
    """The holdout that deals units on a day, else the next one, else the last one there was.

    Args:
        held: Registered holdouts of a model, oldest first, at least one.
        stopped: Ends that the workspace file declares.
        on: The day.
    """
    spans = [(*days(one, stopped), one) for one in held]
    running = [one for start, last, one in spans if start <= on <= last]
    if running:
        return running[-1]
    coming = sorted((start, place) for place, (start, _, _) in enumerate(spans) if start > on)
    return held[coming[0][1]] if coming else held[-1]


def days(one: Registered, stopped: Sequence[date]) -> tuple[date, date]:
    """First and last day on which it deals units: as planned, or to an end declared since."""
    start, last = (date.fromisoformat(str(one.content[key])) for key in ("start", "last"))
    return start, min([last, *(end for end in stopped if start <= end)])
