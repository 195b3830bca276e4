"""The effect: its interval against zero, and how it settled over time."""

from __future__ import annotations

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
    value_x,
    value_y,
)
from dashboard.format import amount, day
from dashboard.palette import BLUE, GRAY, MUTED, ORANGE
from valuekit.estimate import Estimate
from valuekit.scorecard import Step


@cached_spec
def effect(estimate: Estimate, height: int = 96) -> Chart:
    """One estimate as a dot on its interval, beside the line of no effect."""
    value = estimate.value or 0.0
    low = value if estimate.low is None else estimate.low
    high = value if estimate.high is None else estimate.high
    left, right = reach([low, high, value])
    colour = BLUE if low > 0 else ORANGE if high < 0 else GRAY
    unit = estimate.unit
    x = value_x("value", left, right, unit)
    data = rows([{"value": value, "low": low, "high": high, "text": amount(value, unit)}])
    base = alt.Chart(data)
    ends = alt.Chart(
        rows(
            [{"value": low, "text": amount(low, unit)}, {"value": high, "text": amount(high, unit)}]
        )
    )
    zero = alt.Chart(rows([{"value": 0.0}])).mark_rule(color=MUTED, strokeDash=[4, 3]).encode(x=x)
    middle = alt.value(height / 2 - 12)
    return layered(
        zero,
        base.mark_rule(strokeWidth=5, opacity=0.45, color=colour, strokeCap="round").encode(
            x=value_x("low", left, right, unit), x2="high:Q", y=middle
        ),
        ends.mark_text(dy=16, fontSize=11.5, color="currentColor").encode(
            x=x, y=middle, text="text:N"
        ),
        base.mark_point(filled=True, size=130, color=colour, opacity=1).encode(x=x, y=middle),
        base.mark_text(dy=-15, fontSize=13, fontWeight=600, color="currentColor").encode(
            x=x, y=middle, text="text:N"
        ),
        height=height,
    )


@cached_spec
def timeline(steps: tuple[Step, ...], unit: str, height: int = 220) -> Chart:
    """The effect to date with its interval: how it settled, not a test at every point."""
    low, high = _core(steps)
    data = [
        {
            "day": one.day,
            "value": one.value,
            "low": max(one.low, low),
            "high": min(one.high, high),
            "when": day(one.day),
            "text": amount(one.value, unit),
            "range": f"{amount(one.low, unit)} to {amount(one.high, unit)}",
        }
        for one in steps
    ]
    base = alt.Chart(rows(data))
    y = value_y("value", low, high, unit, 3)
    clipped = value_y("low", low, high, unit, 3)
    tips = [tip("when", "To"), tip("text", "Effect"), tip("range", "95% range")]
    return layered(
        level_line(0),
        base.mark_area(opacity=0.18, color=BLUE, clip=True).encode(
            x=day_x(), y=clipped, y2="high:Q"
        ),
        base.mark_line(strokeWidth=2.5, color=BLUE, clip=True).encode(x=day_x(), y=y),
        base.mark_rule(strokeWidth=12, opacity=0).encode(x=day_x(), tooltip=tips),
        height=height,
    )


def _core(steps: tuple[Step, ...]) -> tuple[float, float]:
    """The range of the later steps: the first days' huge intervals would flatten the rest."""
    later = steps[len(steps) // 6 :] or steps
    return reach([end for one in later for end in (one.low, one.high)])
