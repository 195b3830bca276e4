"""How old figures are: through which day there are data, when they were made, what is awaited.

Several models together are as old as the oldest of them: a run of one model says nothing of the
others, nor does the log of one model say that those of the others are still written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from valuekit.scorecard import Scorecard
from valuekit.text import day, listed, plural

if TYPE_CHECKING:
    from valuekit.store.records import Age
    from valuekit.workspace.declare import Model

APART = timedelta(days=2)  # ends of data that differ by more are told apart
LATE = 7  # days beyond the window after which data or outcomes are worth a look
_RUNS_APART = timedelta(days=1)
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Freshness:
    """How old the figures of some models are; ``..._of`` names the model that a value is of."""

    data_through: date | None  # last day with predictions, units or groups of any; None without
    refreshed: datetime  # when the run that made the figures finished, UTC; the oldest of several
    next_outcome: date | None  # first day whose outcomes are awaited; None when none is
    next_outcome_of: str = ""
    first_end: date | None = None  # last day with data of the model whose data end first
    first_end_of: str = ""  # models that are retired do not count, unless all are
    refreshed_of: str = ""
    newest: datetime | None = None  # when the newest run that made any of the figures finished
    models: int = 1


def freshness(
    cards: Iterable[Scorecard], ages: Mapping[str, Age], otherwise: datetime
) -> Freshness:
    """The freshness of models together.

    Args:
        cards: Scorecards of the models.
        ages: Model -> how old its figures are.
        otherwise: When the figures of models without an age were made, with a zone.
    """
    held = tuple(cards)
    return dated(undated(held), [card.model for card in held], ages, otherwise)


def undated(cards: Sequence[Scorecard]) -> Freshness:
    """What scorecards themselves tell: their data, and the outcome that is awaited longest.

    Outcomes are awaited by models with days that are not mature yet. They are complete through
    some day, so those of the day after it come next.
    """
    ends = [(one.health.last_prediction, one) for one in cards if one.health.last_prediction]
    serving = [(end, one.model) for end, one in ends if _serves(one)]
    first = min(serving or [(end, one.model) for end, one in ends], default=(None, ""))
    awaited = [
        (one.health.last_outcome + timedelta(days=1), one.model)
        for one in cards
        if one.health.immature_days and one.health.last_outcome is not None
    ]
    coming = min(awaited, default=(None, ""))
    return Freshness(
        data_through=max((end for end, _ in ends), default=None),
        refreshed=_NEVER,
        next_outcome=coming[0],
        next_outcome_of=coming[1],
        first_end=first[0],
        first_end_of=first[1],
        models=len(cards),
    )


def _serves(card: Scorecard) -> bool:
    """Whether more data are to come: those of a retired model end where they should."""
    return card.retired is None or (card.as_of is not None and card.retired > card.as_of)


def late(model: Model, card: Scorecard, now: datetime) -> str:
    """What of a model is late by more than a week beyond its window, in words; else empty.

    Units of a trial are assigned for some time only, so no more of them are due every day.

    Args:
        model: As it is declared.
        card: Its scorecard.
        now: The moment.
    """
    waits = [one.window + one.allowance for one in (model.outcomes, model.facts) if one]
    window = max([*waits, model.panel.allowance if model.panel else 0])
    logged = model.assignments is None or model.predictions is not None
    most, held = window + LATE, card.health
    said = []
    if held.last_prediction is not None and logged and _serves(card):
        gone = (now.date() - held.last_prediction).days
        if gone > most:
            said.append(f"its data end on {day(held.last_prediction)}, {plural(gone, 'day')} ago")
    if held.immature_days and held.last_outcome is not None:
        # The first day that lacks its outcomes is the one after the last that has them.
        gone = (now.date() - held.last_outcome).days - 1
        if gone > most:
            said.append(f"its outcomes are {plural(gone, 'day')} late")
    return " and ".join(said)


def dated(
    one: Freshness, models: Sequence[str], ages: Mapping[str, Age], otherwise: datetime
) -> Freshness:
    """With the moments at which the figures of these models were made."""
    made = [(ages[name].at if name in ages else otherwise, name) for name in models]
    oldest, newest = min(made, default=(otherwise, "")), max(made, default=(otherwise, ""))
    return replace(one, refreshed=oldest[0], refreshed_of=oldest[1], newest=newest[0])


def in_words(one: Freshness, now: datetime, titles: Mapping[str, str] | None = None) -> str:
    """A sentence for people, which calls models by their title where one is given.

    >>> from datetime import UTC
    >>> made = Freshness(date(2026, 3, 1), datetime(2026, 3, 2, 4, tzinfo=UTC), date(2026, 3, 2))
    >>> in_words(made, datetime(2026, 3, 4, 7, tzinfo=UTC)).partition(", next ")[2]
    'outcomes expected 2 Mar 2026 (2 days late).'
    """
    named = titles or {}
    return f"{through(one, named)}, {_refreshed(one, now, named)}{_awaited(one, now, named)}."


def through(one: Freshness, titles: Mapping[str, str] | None = None) -> str:
    """Through which day there are data; of several models that end apart, the first and last."""
    titles = titles or {}
    last, first = one.data_through, one.first_end or one.data_through
    if last is None or first is None:
        return "No data yet"
    if last - first <= APART:
        return f"Data through {day(first)}"
    shown = day(first) if first.year != last.year else day(first).rpartition(" ")[0]
    return f"Data through {shown} ({titles.get(one.first_end_of, one.first_end_of)}) to {day(last)}"


def _refreshed(one: Freshness, now: datetime, titles: Mapping[str, str]) -> str:
    oldest = f"refreshed {ago(now - one.refreshed)}"
    if one.newest is None or one.newest - one.refreshed <= _RUNS_APART:
        return oldest
    name = titles.get(one.refreshed_of, one.refreshed_of)
    return f"{oldest} ({name}) to {ago(now - one.newest)}"


def _awaited(one: Freshness, now: datetime, titles: Mapping[str, str]) -> str:
    if one.next_outcome is None:
        return ""
    late = (now.date() - one.next_outcome).days
    whose = titles.get(one.next_outcome_of, one.next_outcome_of) if one.models > 1 else ""
    beside = f" ({whose}{': ' * bool(whose)}{plural(late, 'day')} late)" if late > 0 else ""
    return f", next outcomes expected {day(one.next_outcome)}{beside}"


def failures(
    models: Sequence[str],
    ages: Mapping[str, Age],
    now: datetime | None,
    titles: Mapping[str, str] | None = None,
) -> list[str]:
    """A sentence on each failed run that the figures of some of these models are older than.

    How long ago that was by the moment ``now``; the day of it where that is None, as in a file that
    is read later.
    """
    named = titles or {}
    found = {one.failed.run: one.failed for one in ages.values() if one.failed is not None}
    said = []
    for number in sorted(found, reverse=True):
        hit = [name for name in models if name in ages and ages[name].failed == found[number]]
        if not hit:
            continue
        all_of_them = len(hit) == len(models)
        whose = "" if all_of_them else f" of {listed([named.get(name, name) for name in hit])}"
        these = "these are" if all_of_them else f"{'its' if len(hit) == 1 else 'their'} figures are"
        at = found[number].at
        when = f"on {day(at.date())}" if now is None else ago(now - at)
        failed = f"failed (run {number}, {when})"
        if found[number].killed:
            failed = f"was killed, or its machine stopped (run {number}, begun {when})"
        said.append(
            f"The last refresh{whose} {failed}: {these} the last good "
            f"{'figures' if all_of_them else 'ones'}; see valuekit runs."
        )
    return said


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
