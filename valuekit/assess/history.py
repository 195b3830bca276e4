"""How the model moves: dated changes priced, drift of its score, trend of its weeks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from valuekit.degradation.change import Dated, dated
from valuekit.degradation.drift import drift
from valuekit.degradation.price import lost_since
from valuekit.degradation.trend import theil_sen
from valuekit.estimate import Estimate, Period
from valuekit.scorecard import Change, Degradation, Drift, Figure
from valuekit.text import day, money

if TYPE_CHECKING:
    from collections.abc import Sequence

    from valuekit.assess.scene import Scene
    from valuekit.degradation.performance import Days, Floats, Performance
    from valuekit.scorecard import Week
    from valuekit.value.money import Worth

CURRENT_DAYS = 28
WEEKS = 52
MATERIAL = 0.1  # share of the level that a decline takes in a year to be worth a word


@dataclass(frozen=True, slots=True)
class Found:
    """A change with the split behind it."""

    change: Change
    dated: Dated
    worse: bool


def changes(
    scene: Scene, performance: Performance, daily: tuple[Days, Floats], worth: Worth
) -> tuple[Found, ...]:
    """At most one change of performance and one of value, among the mature days."""
    if scene.mature is None:
        return ()
    found = []
    for series, (days, values) in (("performance", performance.daily()), ("value", daily)):
        one = dated(days, values)
        if one is not None:
            found.append(_change(scene, series, performance, one, worth))
    return tuple(found)


def _change(
    scene: Scene, series: str, performance: Performance, found: Dated, worth: Worth
) -> Found:
    mature = scene.mature or Period(found.day, found.day)
    lost = lost_since(worth, found, mature.first, mature.last)
    if not lost.unit:
        lost = Estimate(None, scene.currency, reason=lost.reason)
    before, after = found.split.before, found.split.after
    if series == "performance":
        ends = (
            performance.between(np.datetime64(mature.first), np.datetime64(_eve(found.day))),
            performance.between(np.datetime64(found.day), np.datetime64(mature.last)),
        )
        before = before if ends[0] is None else ends[0]
        after = after if ends[1] is None else ends[1]
        worse = (after < before) == (performance.better == "higher")
        moved = f"{performance.name} went from {before:.3g} to {after:.3g}"
    else:
        worse = after < before
        unit = scene.currency
        moved = f"Value a day went from {money(before, unit)} to {money(after, unit)}"
    text = f"{moved} {_when(found)}{_priced(lost, scene.currency)}."
    change = Change(series, found.day, found.low, found.high, before, after, lost, text)
    return Found(change, found, worse)


def _eve(one: date) -> date:
    return one - timedelta(days=1)


def _when(found: Dated) -> str:
    if found.low == found.high:
        return f"on {day(found.day)}"
    return f"around {day(found.day)} (between {day(found.low)} and {day(found.high)})"


def _priced(lost: Estimate, unit: str) -> str:
    if lost.value is None:
        return ""
    sense = "lost" if lost.value >= 0 else "gained"
    ends = ""
    if lost.low is not None and lost.high is not None:
        low, high = sorted((lost.low, lost.high)) if lost.value >= 0 else (-lost.high, -lost.low)
        ends = f" (95% range {money(low, unit)} to {money(high, unit)})"
    return f"; {money(abs(lost.value), unit)} {sense} since{ends}"


def drifts(scene: Scene) -> tuple[Drift, ...]:
    """The score's last 28 days against its registered reference."""
    layout = scene.book.registration("layout", "score")
    if layout is None or scene.span is None:
        return ()
    counts = layout.content.get("counts")
    if not isinstance(counts, list | tuple):
        return ()
    reference = np.asarray(counts, dtype=np.float64)
    last = scene.span.last
    first = max(_after(layout.content, scene.span.first), last - timedelta(days=CURRENT_DAYS - 1))
    if first > last:
        return ()
    rows = scene.fact("score", Period(first, last))
    rows = rows[rows["layout"] == layout.content.get("id")]
    vectors = [np.asarray(one, dtype=np.float64) for one in rows["n"] if len(one) == len(reference)]
    current = np.sum(vectors, axis=0) if vectors else np.zeros(len(reference))
    return (drift("score", reference, current),)


def _after(content: object, first: date) -> date:
    """First day after the reference, so that the reference is never compared with itself."""
    days = content.get("reference") if isinstance(content, dict) else None
    if isinstance(days, list | tuple) and len(days) == 2:
        return date.fromisoformat(str(days[1])[:10]) + timedelta(days=1)
    return first


def trend(weeks: Sequence[Week], performance: Performance) -> Figure | None:
    """Slope of weekly performance over the full mature weeks; None when nothing is measured."""
    values = [one.performance for one in weeks if one.performance is not None and one.days >= 4]
    if not values:
        return None
    slope = theil_sen(np.asarray(values, dtype=np.float64), f"{performance.unit}/week")
    return Figure(
        "degradation.trend",
        f"{performance.name} a week",
        slope,
        "median of the slopes between all pairs of mature weeks",
        "Sen 1968; Hamed & Rao 1998",
        better=performance.better,
    )


def declining(figure: Figure | None, measured: Performance) -> bool:
    """Whether the trend is for the worse, excludes zero, and would cost a tenth in a year.

    A tenth of the level; of what exceeds 0.5 for ROC AUC, which is worth nothing there.
    """
    if figure is None or figure.estimate.value is None or not figure.estimate.resolved:
        return False
    if (figure.estimate.value < 0) != (figure.better == "higher") or not len(measured.days):
        return False
    level = measured.overall() or 0.0
    useful = abs(level) - (0.5 if measured.name == "ROC AUC" else 0.0)
    return abs(figure.estimate.value) * WEEKS > MATERIAL * useful


def degradation(
    performance: Performance,
    found: Sequence[Found],
    moved: tuple[Drift, ...],
    slope: Figure | None,
    days: int,
) -> Degradation:
    """The section, with its finding in one or two sentences."""
    worse = [one for one in found if one.worse]
    said = [one.change.text for one in worse[:1]]
    if not said and declining(slope, performance):
        said = [f"{performance.name} has been getting worse, week by week."]
    if not said:
        said = [
            "No lasting change for the worse was found."
            if days >= 2 * 7
            else "There are too few mature days to look for a change."
        ]
    if performance.daily_from is not None:
        since = day(date.fromisoformat(str(performance.daily_from)))
        said.append(
            f"Days and weeks of {performance.name} are known since {since}: older scores are kept "
            "by month."
        )
    said += [one.text for one in moved if one.alert]
    return Degradation(
        performance_name=performance.name,
        performance_better=performance.better,
        changes=tuple(one.change for one in found),
        drifts=moved,
        trend=slope,
        text=" ".join(said),
    )
