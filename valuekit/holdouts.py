"""Holdouts as they stand: registered, running, due; and when each may stop."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal

from valuekit.text import count, day

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from valuekit.source import Registered
    from valuekit.standing import Trial

KIND = "holdout"
State = Literal["registered", "running", "due", "ended"]


@dataclass(frozen=True, slots=True)
class HoldoutStatus:
    """One holdout of the workspace and what to do about it."""

    model: str
    metric: str
    state: State
    registered: date | None  # day of registration; None when only the workspace file names it
    start: date | None  # first day of exposure
    last: date | None  # last day of exposure as planned; None without a plan of dates
    read_on: date | None  # day on which the last outcome is complete
    share: float | None  # share of control units
    units_planned: int | None
    units: int | None  # units whose outcomes are complete
    reading: Literal["watched", "fixed"]  # read every day, or once on `read_on`
    remind: str  # when it may stop, in words


def statuses(
    registered: Mapping[str, Sequence[Registered]], found: Iterable[Trial], today: date
) -> tuple[HoldoutStatus, ...]:
    """Every holdout: running ones and the latest of each metric, then those of the file alone.

    Args:
        registered: Registrations by model.
        found: What the scorecards say, of :func:`valuekit.standing.trials`.
        today: The day to judge dates by.
    """
    seen: dict[tuple[str, str], Trial] = {}
    measured = list(found)
    for one in measured:
        seen.setdefault((one.model, one.metric), one)
    made: list[HoldoutStatus] = []
    for model, held in registered.items():
        planned = [one for one in held if one.kind == KIND]
        latest = {one.name: one for one in planned}
        made += [
            _of_registration(one, seen.get((model, one.name)), today)
            for one in planned
            if one is latest[one.name] or _deals(one, today)
        ]
    named = {(one.model, one.metric) for one in made if one.state != "registered"}
    made += [_of_trial(one) for one in measured if (one.model, one.metric) not in named]
    order: tuple[State, ...] = ("due", "running", "registered", "ended")
    return tuple(sorted(made, key=lambda one: (order.index(one.state), one.model, one.metric)))


def _deals(one: Registered, today: date) -> bool:
    """Whether units enter it today: it is listed beside the next one that is registered."""
    return str(one.content["start"]) <= today.isoformat() <= str(one.content["last"])


def _of_registration(one: Registered, trial: Trial | None, today: date) -> HoldoutStatus:
    content = one.content
    start, last, read_on = (
        date.fromisoformat(str(content[key])) for key in ("start", "last", "read_on")
    )
    trial = trial if start <= today else None
    watched = content.get("reading") != "fixed"
    planned = content.get("units")
    planned = planned if isinstance(planned, int) else None
    state, remind = _state(trial, (start, last, read_on), today, watched=watched)
    share = content.get("share")
    return HoldoutStatus(
        model=one.model,
        metric=one.name,
        state=state,
        registered=one.day,
        start=start,
        last=last,
        read_on=read_on,
        share=share if isinstance(share, float) else None,
        units_planned=planned,
        units=trial.units if trial else None,
        reading="watched" if watched else "fixed",
        remind=remind,
    )


def _state(
    trial: Trial | None, dates: tuple[date, date, date], today: date, *, watched: bool
) -> tuple[State, str]:
    start, last, read_on = dates
    if today < start:
        return "registered", f"It starts on {day(start)}: log the arm from then on."
    if trial is not None and trial.reading == "fixed":
        return "ended", f"It was read after its end on {day(last)}."
    if today >= read_on:
        return "due", f"All outcomes are complete since {day(read_on)}: refresh, read it, decide."
    told = trial.told_since if trial is not None else None
    if watched and told is not None:
        return "due", f"It may stop: the effect is told from zero since {day(told)}."
    soonest = "as soon as its band excludes zero, or " if watched else ""
    return "running", f"It may stop {soonest}when its last outcome is complete on {day(read_on)}."


def _of_trial(one: Trial) -> HoldoutStatus:
    state: State = "running"
    remind = "It is not registered with dates: plan an end with `valuekit holdout plan`."
    if one.reading == "fixed" or one.retired:
        state, remind = "ended", "It has ended; its figures stay in the totals."
    elif one.told_since is not None:
        state = "due"
        remind = f"It may stop: the effect is told from zero since {day(one.told_since)}."
    elif one.planned and one.units is not None and one.units >= one.planned:
        state = "due"
        remind = f"The planned {count(one.planned)} units have been seen: read it and decide."
    return HoldoutStatus(
        model=one.model,
        metric=one.metric,
        state=state,
        registered=None,
        start=one.first,
        last=None,
        read_on=None,
        share=None,
        units_planned=one.planned,
        units=one.units,
        reading="fixed" if one.reading == "fixed" else "watched",
        remind=remind,
    )
