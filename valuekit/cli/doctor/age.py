"""How old the figures are, whether the last run failed, and what it found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta

from valuekit.api import Workspace
from valuekit.cli.doctor.point import Point, State, failed
from valuekit.errors import StoreError, ValuekitError
from valuekit.freshness import ago, freshness, in_words, late
from valuekit.journal import GONE, KILLED
from valuekit.scorecard import Scorecard
from valuekit.store import RunRecord
from valuekit.store.records import Age, Failure
from valuekit.store.register import RUN as REGISTERED
from valuekit.text import count, cut, listed

_LOOKED = 50  # runs, of which at least one has ended
_STALE = timedelta(days=2)
_SAID = 3  # warnings of a model
_TOLD = 4  # models that are late, by name
_QUIET = timedelta(days=7)  # sources that bring nothing for so long are worth a look


def age(held: Workspace, now: datetime) -> list[Point]:
    """Points of the last runs and of the figures they made."""
    last: list[Point] = []
    try:
        with held.store() as opened:
            runs = [one for one in opened.runs(_LOOKED) if one.kind != REGISTERED]
            ages, gone = opened.ages(killed=True), opened.interrupted()
        last = _failed(runs, ages, gone, now)
        run, cards = held.last_run(), held.scorecards()
    except StoreError as error:
        if any(one.code != "not_refreshed" for one in error.findings):
            return [failed("figures", error)]
        return [*last, failed("figures", error)]
    except ValuekitError as error:
        return [failed("figures", error)]
    points = [*last, _figures(held, run, list(cards.values()), ages, now)]
    missing = [name for name in held.loaded.workspace.models if name not in cards]
    if missing:
        said = f"declared but not refreshed yet: {listed(missing)}"
        points.append(Point("models", "warning", said, "Run: valuekit refresh"))
    return [*points, *_found(run), *_warned(held)]


def _figures(
    held: Workspace,
    run: RunRecord,
    cards: list[Scorecard],
    ages: Mapping[str, Age],
    now: datetime,
) -> Point:
    """How old the figures are; where the last run failed, that is why, and not the sources."""
    finished = run.finished or run.started
    fresh = freshness(cards, ages, finished)
    said, remedies = [f"run {run.id}. {in_words(fresh, now)}"], []
    broken = [one.model for one in cards if one.model in ages and ages[one.model].failed]
    old = {one.model for one in cards if one.model in ages and now - ages[one.model].at >= _STALE}
    if broken:
        said.append(_last_good(broken, len(cards)))
        remedies.append("See the point: last run.")
    if old - set(broken):
        remedies.append("Run: valuekit refresh, and see that it is timed.")
    # Of a model that was not refreshed lately the run is the reason, and not the sources.
    current = [one for one in cards if one.model not in old and one.model not in broken]
    behind = _late(held, current, now)
    if behind:
        said.append(f"{'; '.join(behind)}.")
        remedies.append(
            "See whether logs and outcomes are still written; a model that is out of use: `retired`"
        )
    elif current and fresh.data_through and finished.date() - fresh.data_through > _QUIET:
        said.append("The sources bring nothing new.")
        remedies.append("See whether the prediction logs are still written.")
    state: State = "warning" if remedies else "ok"
    return Point("figures", state, " ".join(said), " ".join(remedies))


def _last_good(broken: list[str], models: int) -> str:
    if len(broken) == models:
        return "The last run failed, so these are the last good ones."
    whose = "its figures are" if len(broken) == 1 else "their figures are"
    return f"The last run of {listed(broken)} failed, so {whose} the last good ones."


def _late(held: Workspace, cards: list[Scorecard], now: datetime) -> list[str]:
    """Models whose data or outcomes are late, most of all models a few of them."""
    declared = held.loaded.workspace.models
    found = []
    for card in cards:
        model = declared.get(card.model)
        text = "" if model is None else late(model, card, now)
        if text:
            found.append(f"{card.model}: {text}")
    more = f"{len(found) - _TOLD} more models are late"
    return found if len(found) <= _TOLD else [*found[:_TOLD], more]


def _failed(
    runs: Sequence[RunRecord], ages: Mapping[str, Age], gone: AbstractSet[int], now: datetime
) -> list[Point]:
    """The failed runs that no later one made good: the last to end, and those of single models."""
    found: dict[Failure, list[str]] = {}
    newest = next((one for one in runs if one.status != "running" or one.id in gone), None)
    if newest is not None and newest.status != "ok":
        found[_failure(newest)] = []
    for one in ages.values():
        if one.failed is not None:
            found.setdefault(one.failed, []).append(one.model)
    return [
        _told(one, models if len(models) < len(ages) else [], now) for one, models in found.items()
    ]


def _failure(run: RunRecord) -> Failure:
    if run.status == "running":
        return Failure(run.id, run.started, GONE, killed=True)
    killed = run.cause == KILLED  # it was the next run that noted it, whenever that came
    at = run.started if killed else run.finished or run.started
    return Failure(run.id, at, run.message, killed)


def _told(one: Failure, models: list[str], now: datetime) -> Point:
    """A refused or killed refresh is something to do: until then the figures get older."""
    when = f"{ago(now - one.at)}, on {one.at:%Y-%m-%d at %H:%M} UTC"
    whose = f" of {listed(models)}" if models else ""
    if one.killed:
        said = f"run {one.run}{whose}, begun {when}, was killed, or its machine stopped"
        return Point("last run", "failed", said, "Run: valuekit refresh")
    lines = one.message.splitlines() or ["no reason was recorded"]
    more = f" (and {count(len(lines) - 1)} more: valuekit runs --json)" if lines[1:] else ""
    said = f"run {one.run}{whose} failed {when}: {lines[0]}{more}"
    return Point("last run", "failed", said, "Put that right, then run: valuekit refresh")


def _warned(held: Workspace) -> list[Point]:
    """A point a model that the last good run warned of."""
    made = []
    for name, found in held.warnings().items():
        said = "; ".join(f"{one.place}: {one.rule} (found {one.value})" for one in found[:_SAID])
        if found:
            more = f" (and {len(found) - _SAID} more)" if len(found) > _SAID else ""
            first = found[0].remedy  # without a full stop where it ends with a command
            more = "" if first.endswith(".") else "."
            remedy = f"{first}{more} All of it: valuekit show {name}"
            made.append(Point(f"data of {name}", "warning", cut(said, 600) + more, remedy))
    return made


def _found(run: RunRecord) -> list[Point]:
    return [
        Point(
            one.place,
            "ok" if one.severity == "info" else "warning",
            f"{one.value}: {one.rule}",
            one.remedy,
        )
        for one in run.findings
    ]
