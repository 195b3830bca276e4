"""Holdouts as they stand: registered, running, due; and when each may stop."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal

from valuekit.text import count, day

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from valuekit.scorecard import EvidenceReport, Scorecard
    from valuekit.source import Registered

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
    registered: Mapping[str, Sequence[Registered]],
    cards: Mapping[str, Scorecard],
    today: date,
) -> tuple[HoldoutStatus, ...]:
    """Every holdout: the latest registration of each metric, then those of the file alone.

    Args:
        registered: Registrations by model.
        cards: Scorecards by model.
        today: The day to judge dates by.
    """
    made: list[HoldoutStatus] = []
    for model, found in registered.items():
        latest = {one.name: one for one in found if one.kind == KIND}
        made += [_of_registration(one, cards.get(model), today) for one in latest.values()]
    named = {(one.model, one.metric) for one in made if one.state != "registered"}
    for model, card in cards.items():
        for report in card.evidence:
            if report.design == "holdout" and (model, report.metric) not in named:
                made.append(_of_report(model, report, card))
    order: tuple[State, ...] = ("due", "running", "registered", "ended")
    return tuple(sorted(made, key=lambda one: (order.index(one.state), one.model, one.metric)))


def _of_registration(one: Registered, card: Scorecard | None, today: date) -> HoldoutStatus:
    content = one.content
    start, last, read_on = (
        date.fromisoformat(str(content[key])) for key in ("start", "last", "read_on")
    )
    report = _report(card, one.name) if start <= today else None
    watched = content.get("reading") != "fixed"
    units = _units(report)
    planned = content.get("units")
    planned = planned if isinstance(planned, int) else None
    state, remind = _state(report, (start, last, read_on), today, watched=watched)
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
        units=units,
        reading="watched" if watched else "fixed",
        remind=remind,
    )


def _state(
    report: EvidenceReport | None, dates: tuple[date, date, date], today: date, *, watched: bool
) -> tuple[State, str]:
    start, last, read_on = dates
    if today < start:
        return "registered", f"It starts on {day(start)}: log the arm from then on."
    if report is not None and report.reading is not None and report.reading.kind == "fixed":
        return "ended", f"It was read after its end on {day(last)}."
    if today >= read_on:
        return "due", f"All outcomes are complete since {day(read_on)}: refresh, read it, decide."
    told = report.reading.told_since if report is not None and report.reading else None
    if watched and told is not None:
        return "due", f"It may stop: the effect is told from zero since {day(told)}."
    soonest = "as soon as its band excludes zero, or " if watched else ""
    return "running", f"It may stop {soonest}when its last outcome is complete on {day(read_on)}."


def _of_report(model: str, report: EvidenceReport, card: Scorecard) -> HoldoutStatus:
    whole = card.period("all")
    reading = report.reading
    fixed = reading is not None and reading.kind == "fixed"
    units, planned = _units(report), reading.planned_units if reading else None
    told = reading.told_since if reading else None
    state: State = "running"
    remind = "It is not registered with dates: plan an end with `valuekit holdout plan`."
    if fixed or card.retired is not None:
        state, remind = "ended", "It has ended; its figures stay in the totals."
    elif told is not None:
        state, remind = "due", f"It may stop: the effect is told from zero since {day(told)}."
    elif planned and units is not None and units >= planned:
        state = "due"
        remind = f"The planned {count(planned)} units have been seen: read it and decide."
    return HoldoutStatus(
        model=model,
        metric=report.metric,
        state=state,
        registered=None,
        start=whole.period.first if whole else None,
        last=None,
        read_on=None,
        share=None,
        units_planned=planned,
        units=units,
        reading="fixed" if fixed else "watched",
        remind=remind,
    )


def _report(card: Scorecard | None, metric: str) -> EvidenceReport | None:
    if card is None:
        return None
    return next(
        (one for one in card.evidence if one.design == "holdout" and one.metric == metric), None
    )


def _units(report: EvidenceReport | None) -> int | None:
    if report is None or not report.arms:
        return None
    return sum(arm.units for arm in report.arms if arm.role != "other")
