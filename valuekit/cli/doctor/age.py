"""How old the figures are, whether the last run failed, and what it found."""

from __future__ import annotations

from datetime import datetime, timedelta

from valuekit.api import Workspace
from valuekit.cli.doctor.point import Point, failed
from valuekit.errors import ValuekitError
from valuekit.freshness import ago, freshness, in_words
from valuekit.scorecard import Scorecard
from valuekit.store import RunRecord
from valuekit.text import listed, plural

_STALE = timedelta(days=2)
_QUIET = timedelta(days=7)  # sources that bring nothing for so long are worth a look


def age(held: Workspace, now: datetime) -> list[Point]:
    """Points of the last runs and of the figures they made."""
    try:
        run, cards = held.last_run(), held.scorecards()
        with held.store() as opened:
            newest = next((one for one in opened.runs(20) if one.kind == run.kind), run)
    except ValuekitError as error:
        return [failed("figures", error)]
    points = [_figures(run, list(cards.values()), now)]
    if newest.status == "failed":
        points.append(_failed(newest, now))
    missing = [name for name in held.loaded.workspace.models if name not in cards]
    if missing:
        said = f"declared but not refreshed yet: {listed(missing)}"
        points.append(Point("models", "warning", said, "Run: valuekit refresh"))
    return [*points, *_found(run)]


def _figures(run: RunRecord, cards: list[Scorecard], now: datetime) -> Point:
    finished = run.finished or run.started
    held = freshness(cards, finished)
    said = f"run {run.id}. {in_words(held, now)}"
    if now - finished >= _STALE:
        return Point("figures", "warning", said, "Run: valuekit refresh, and see that it is timed.")
    if held.data_through and finished.date() - held.data_through > _QUIET:
        remedy = "See whether the prediction logs are still written."
        return Point("figures", "warning", f"{said} The sources bring nothing new.", remedy)
    return Point("figures", "ok", said)


def _failed(run: RunRecord, now: datetime) -> Point:
    lines = run.message.splitlines() or ["no reason was recorded"]
    more = f" (and {plural(len(lines) - 1, 'more')})" if len(lines) > 1 else ""
    said = f"run {run.id} failed {ago(now - (run.finished or run.started))}: {lines[0]}{more}"
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
