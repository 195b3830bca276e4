"""How old the figures are, whether the last run failed, and what it found."""

from __future__ import annotations

from datetime import datetime, timedelta

from valuekit.api import Workspace
from valuekit.cli.doctor.point import Point, failed
from valuekit.errors import StoreError, ValuekitError
from valuekit.freshness import ago, freshness, in_words
from valuekit.scorecard import Scorecard
from valuekit.store import RunRecord
from valuekit.store.register import RUN as REGISTERED
from valuekit.text import listed, plural

_LOOKED = 50  # runs, of which at least one has ended
_STALE = timedelta(days=2)
_QUIET = timedelta(days=7)  # sources that bring nothing for so long are worth a look


def age(held: Workspace, now: datetime) -> list[Point]:
    """Points of the last runs and of the figures they made."""
    last: list[Point] = []
    try:
        with held.store() as opened:
            runs = [one for one in opened.runs(_LOOKED) if one.kind != REGISTERED]
        newest = next((one for one in runs if one.status != "running"), None)
        broken = newest if newest is not None and newest.status == "failed" else None
        last = [] if broken is None else [_failed(broken, now)]
        run, cards = held.last_run(), held.scorecards()
    except StoreError as error:
        if any(one.code != "not_refreshed" for one in error.findings):
            return [failed("figures", error)]
        return [*last, failed("figures", error)]
    except ValuekitError as error:
        return [failed("figures", error)]
    points = [*last, _figures(run, list(cards.values()), now, broken=broken is not None)]
    missing = [name for name in held.loaded.workspace.models if name not in cards]
    if missing:
        said = f"declared but not refreshed yet: {listed(missing)}"
        points.append(Point("models", "warning", said, "Run: valuekit refresh"))
    return [*points, *_found(run)]


def _figures(run: RunRecord, cards: list[Scorecard], now: datetime, *, broken: bool) -> Point:
    """How old the figures are; where the last run failed, that is why, and not the sources."""
    finished = run.finished or run.started
    held = freshness(cards, finished)
    said = f"run {run.id}. {in_words(held, now)}"
    if broken:
        text = f"{said} The last run failed, so these are the last good ones."
        return Point("figures", "warning", text, "See the point: last run.")
    if now - finished >= _STALE:
        return Point("figures", "warning", said, "Run: valuekit refresh, and see that it is timed.")
    if held.data_through and finished.date() - held.data_through > _QUIET:
        remedy = "See whether the prediction logs are still written."
        return Point("figures", "warning", f"{said} The sources bring nothing new.", remedy)
    return Point("figures", "ok", said)


def _failed(run: RunRecord, now: datetime) -> Point:
    lines = run.message.splitlines() or ["no reason was recorded"]
    more = f" (and {plural(len(lines) - 1, 'more')}: valuekit runs --json)" if lines[1:] else ""
    ended = run.finished or run.started
    when = f"{ago(now - ended)}, on {ended:%Y-%m-%d at %H:%M} UTC"
    said = f"run {run.id} failed {when}: {lines[0]}{more}"
    return Point("last run", "warning", said, "Put that right, then run: valuekit refresh")


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
