"""Cumulative net value with its range, and the plan it is held against."""

from __future__ import annotations

from datetime import timedelta

import altair as alt

from dashboard.charts.base import (
    Chart,
    cached_spec,
    day_x,
    layered,
    level_line,
    reach,
    rows,
    tip,
    value_y,
)
from dashboard.format import day, money
from dashboard.palette import BLUE, GRAY
from valuekit.scorecard import ToDate


@cached_spec
def to_date(
    points: tuple[ToDate, ...],
    currency: str,
    plan_per_year: float | None = None,
    height: int = 260,
) -> Chart:
    """Net value to date, its 95% band, today's figure at its end, and the plan as a dashed line."""
    plan = _plan(points, plan_per_year)
    low, high = reach(
        [one for point in points for one in (point.low, point.high)] + [y for _, y in plan]
    )
    y = value_y("net", low, high, currency)
    base = alt.Chart(rows(_texts(points, currency)))
    band = base.mark_area(opacity=0.18, color=BLUE).encode(
        x=day_x(), y=value_y("low", low, high, currency), y2="high:Q"
    )
    line = base.mark_line(strokeWidth=2.5, color=BLUE).encode(x=day_x(), y=y)
    hover = base.mark_rule(strokeWidth=14, opacity=0).encode(
        x=day_x(),
        tooltip=[tip("until", "To"), tip("text", "Net to date"), tip("range", "95% range")],
    )
    layers = [level_line(0), band]
    if plan:
        layers.append(_plan_line(plan))
        layers.append(_plan_name(plan))
    return layered(
        *layers,
        line,
        *_end(points, currency, below=bool(plan) and plan[-1][1] > points[-1].net),
        hover,
        height=height,
    )


def _texts(points: tuple[ToDate, ...], currency: str) -> list[dict[str, object]]:
    return [
        {
            "day": one.day,
            "net": one.net,
            "low": one.low,
            "high": one.high,
            "until": day(one.day),
            "text": money(one.net, currency),
            "range": f"{money(one.low, currency)} to {money(one.high, currency)}",
        }
        for one in points
    ]


def _end(points: tuple[ToDate, ...], currency: str, *, below: bool) -> tuple[Chart, Chart]:
    last = alt.Chart(rows(_texts(points[-1:], currency)))
    rising = len(points) < 5 or points[-1].net >= points[-5].net
    dot = last.mark_point(filled=True, size=70, color=BLUE, opacity=1).encode(x="day:T", y="net:Q")
    name = last.mark_text(
        align="right",
        dx=-8 if rising else -4,
        dy=20 if below else -14 if rising else -16,
        fontSize=13,
        fontWeight=600,
        color="currentColor",
    ).encode(x="day:T", y="net:Q", text="text:N")
    return dot, name


def _plan(points: tuple[ToDate, ...], per_year: float | None) -> list[tuple[object, float]]:
    if per_year is None or len(points) < 2:
        return []
    start = points[0].day - timedelta(days=7)
    return [(one.day, per_year * (one.day - start).days / 365.25) for one in points]


def _plan_line(plan: list[tuple[object, float]]) -> Chart:
    data = rows([{"day": when, "plan": y} for when, y in plan])
    made: Chart = (
        alt.Chart(data)
        .mark_line(strokeWidth=1.5, strokeDash=[6, 4], color=GRAY)
        .encode(x="day:T", y="plan:Q")
    )
    return made


def _plan_name(plan: list[tuple[object, float]]) -> Chart:
    when, level = plan[max(0, len(plan) // 4 - 1)]
    data = rows([{"day": when, "plan": level, "text": "Plan"}])
    made: Chart = (
        alt.Chart(data)
        .mark_text(dy=-10, dx=-4, align="right", fontSize=12, color=GRAY)
        .encode(x="day:T", y="plan:Q", text="text:N")
    )
    return made
