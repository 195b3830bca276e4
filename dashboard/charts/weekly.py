"""Performance and value week by week, with dated changes and open weeks marked."""

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
from dashboard.format import amount, day
from dashboard.palette import BLUE, GRAY, ORANGE
from valuekit.scorecard import Change, Week


@cached_spec
def performance(
    weeks: tuple[Week, ...], changes: tuple[Change, ...], name: str, height: int = 240
) -> Chart:
    """The weekly performance; open weeks are hollow, a change point is a dated line with levels."""
    known = [one for one in weeks if one.performance is not None]
    levels = [level for one in changes for level in (one.before, one.after)]
    low, high = reach([one.performance or 0.0 for one in known] + levels, zero=False)
    y = value_y("y", low, high, "1", 3)
    data = [
        {
            "day": one.start,
            "y": one.performance,
            "open": not one.mature,
            "when": day(one.start),
            "text": amount(one.performance, "1"),
            "note": "open: outcomes still arrive" if not one.mature else "complete",
        }
        for one in known
    ]
    base = alt.Chart(rows(data))
    tips = [tip("when", "Week of"), tip("text", name), tip("note", "State")]
    line = base.transform_filter("!datum.open").mark_line(strokeWidth=2, color=BLUE)
    dots = base.mark_point(size=34, color=BLUE, opacity=1)
    fill = alt.condition("datum.open", alt.value("transparent"), alt.value(BLUE))
    layers: list[Chart] = [
        line.encode(x=day_x(), y=y),
        dots.encode(x=day_x(), y=y, fill=fill, tooltip=tips),
    ]
    for one in changes:
        layers.extend(_marked(one, weeks))
    return layered(*layers, height=height)


def _marked(change: Change, weeks: tuple[Week, ...]) -> list[Chart]:
    """The band of possible dates, the date, and the level before and after it."""
    first, last = weeks[0].start, weeks[-1].start
    span = alt.Chart(rows([{"from": change.low, "to": change.high}]))
    at = alt.Chart(rows([{"day": change.day, "text": day(change.day)}]))
    held = [
        {"from": first, "to": change.day, "y": change.before},
        {"from": change.day, "to": last, "y": change.after},
    ]
    return [
        span.mark_rect(opacity=0.15, color=ORANGE).encode(x="from:T", x2="to:T"),
        at.mark_rule(color=ORANGE, strokeWidth=1.5).encode(x="day:T"),
        at.mark_text(
            align="left", dx=6, baseline="top", fontSize=12, fontWeight=600, color="currentColor"
        ).encode(x="day:T", y=alt.value(2), text="text:N"),
        alt.Chart(rows(held))
        .mark_rule(color=GRAY, strokeDash=[5, 4], strokeWidth=1.5)
        .encode(x="from:T", x2="to:T", y="y:Q"),
    ]


@cached_spec
def net_by_week(weeks: tuple[Week, ...], currency: str, height: int = 200) -> Chart:
    """Net value of each week as bars from zero; open weeks are pale."""
    known = [one for one in weeks if one.net is not None]
    low, high = reach([one.net or 0.0 for one in known])
    data = [
        {
            "day": one.start,
            "end": one.start + timedelta(days=6),
            "y": one.net,
            "open": not one.mature,
            "when": day(one.start),
            "text": amount(one.net, currency),
        }
        for one in known
    ]
    bars = (
        alt.Chart(rows(data))
        .mark_rect(cornerRadius=1)
        .encode(
            x=day_x(),
            x2="end:T",
            y=value_y("y", low, high, currency, 3),
            y2=alt.datum(0),
            color=alt.condition("datum.y < 0", alt.value(ORANGE), alt.value(BLUE)),
            opacity=alt.condition("datum.open", alt.value(0.45), alt.value(1)),
            tooltip=[tip("when", "Week of"), tip("text", "Net value")],
        )
    )
    return layered(bars, level_line(0), height=height)


@cached_spec
def cost_per_thousand(weeks: tuple[Week, ...], currency: str, height: int = 200) -> Chart:
    """Cost of a thousand predictions, week by week; weeks without predictions are gaps."""
    served = [one for one in weeks if one.predictions > 0]
    # A week of two days carries its fixed costs on few predictions: a spike that means nothing.
    known = [one for one in served if one.days == 7] or served
    costs = [1000 * one.cost / one.predictions for one in known]
    low, high = reach(costs)
    data = [
        {"day": one.start, "y": cost, "when": day(one.start), "text": amount(cost, currency)}
        for one, cost in zip(known, costs, strict=True)
    ]
    base = alt.Chart(rows(data)).encode(x=day_x(), y=value_y("y", low, high, currency, 3))
    line = base.mark_line(strokeWidth=2, color=BLUE)
    tips = [tip("when", "Week of"), tip("text", "Per 1,000 predictions")]
    dots = base.mark_point(size=90, opacity=0).encode(tooltip=tips)
    return layered(line, dots, level_line(0), height=height)
