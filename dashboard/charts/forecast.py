"""The error of a forecast beside that of a simpler one, week by week."""

from __future__ import annotations

import altair as alt

from dashboard.charts.base import Chart, cached_spec, day_x, layered, reach, rows, tip, value_y
from dashboard.format import amount, day
from dashboard.palette import BLUE, ORANGE
from valuekit.scorecard import ErrorWeek


@cached_spec
def error_by_week(weeks: tuple[ErrorWeek, ...], other: str, height: int = 240) -> Chart:
    """Mean absolute error by week as two lines from zero, each named at its end."""
    low, high = reach([error for one in weeks for error in (one.model, one.other)])
    y = value_y("y", low, high, "1", 3)
    sides = (("Model", BLUE, "model"), (other, ORANGE, "other"))
    layers: list[Chart] = []
    for name, colour, field in sides:
        data = [
            {
                "day": one.start,
                "y": getattr(one, field),
                "when": day(one.start),
                "text": amount(getattr(one, field), "1"),
            }
            for one in weeks
        ]
        base = alt.Chart(rows(data)).encode(x=day_x(), y=y)
        tips = [tip("when", "Week of"), tip("text", f"Error of {name}")]
        layers += [
            base.mark_line(strokeWidth=2, color=colour),
            base.mark_point(size=90, opacity=0).encode(tooltip=tips),
            _named(weeks, field, name),
        ]
    return layered(*layers, height=height)


def _named(weeks: tuple[ErrorWeek, ...], field: str, name: str) -> Chart:
    """The name of a line above its last point, inside the chart."""
    last = weeks[-1]
    made: Chart = (
        alt.Chart(rows([{"day": last.start, "y": getattr(last, field), "text": name}]))
        .mark_text(align="right", dy=-14, fontSize=12, fontWeight=600, color="currentColor")
        .encode(x="day:T", y="y:Q", text="text:N")
    )
    return made
