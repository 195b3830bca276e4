"""How good the predictions are: ROC, calibration, the value of a threshold, horizons."""

from __future__ import annotations

import altair as alt

from dashboard.charts.base import (
    Chart,
    cached_spec,
    layered,
    level_line,
    reach,
    rows,
    tip,
    value_x,
    value_y,
)
from dashboard.format import amount, count, percent
from dashboard.palette import BLUE, GREEN, MUTED, ORANGE
from valuekit.scorecard import CalibrationBin, Figure, Point

_SQUARE = 260


@cached_spec
def roc(points: tuple[Point, ...], height: int = _SQUARE) -> Chart:
    """True against false positives at every threshold; the diagonal is a coin toss."""
    data = [
        {"x": one.x, "y": one.y, "fpr": percent(one.x), "tpr": percent(one.y)} for one in points
    ]
    x = value_x("x", 0, 1, "share", title="False alarms, share of negatives")
    y = value_y("y", 0, 1, "share")
    base = alt.Chart(rows(data))
    tips = [tip("tpr", "Found"), tip("fpr", "False alarms")]
    return layered(
        _diagonal(),
        base.mark_area(opacity=0.12, color=BLUE).encode(x=x, y=y),
        base.mark_line(strokeWidth=2.5, color=BLUE, interpolate="linear").encode(
            x=x, y=y, order="x:Q"
        ),
        base.mark_point(size=60, opacity=0).encode(x=x, y=y, tooltip=tips),
        height=height,
    )


def _diagonal() -> Chart:
    made: Chart = (
        alt.Chart(rows([{"x": 0.0, "y": 0.0}, {"x": 1.0, "y": 1.0}]))
        .mark_line(color=MUTED, strokeDash=[4, 4], strokeWidth=1.5)
        .encode(x="x:Q", y="y:Q")
    )
    return made


@cached_spec
def calibration(bins: tuple[CalibrationBin, ...], height: int = _SQUARE) -> Chart:
    """Mean score against what happened; on the diagonal a 30% means 30%."""
    top = max([max(one.predicted, one.observed) for one in bins] + [0.01])
    data = [
        {
            "x": one.predicted,
            "y": one.observed,
            "n": one.n,
            "said": percent(one.predicted),
            "was": percent(one.observed),
            "rows": count(one.n),
        }
        for one in bins
    ]
    x = value_x("x", 0, top, "share", title="Predicted")
    y = value_y("y", 0, top, "share")
    line = (
        alt.Chart(rows([{"x": 0.0, "y": 0.0}, {"x": top, "y": top}]))
        .mark_line(color=MUTED, strokeDash=[4, 4], strokeWidth=1.5)
        .encode(x=x, y=y)
    )
    base = alt.Chart(rows(data))
    tips = [tip("said", "Predicted"), tip("was", "Observed"), tip("rows", "Rows")]
    joined = base.mark_line(color=BLUE, strokeWidth=1.5, opacity=0.6).encode(x=x, y=y)
    dots = base.mark_point(filled=True, color=BLUE, opacity=1, size=55).encode(
        x=x, y=y, tooltip=tips
    )
    return layered(line, joined, dots, height=height)


@cached_spec
def value_curve(
    points: tuple[Point, ...],
    today: float | None,
    best: float | None,
    currency: str,
    height: int = _SQUARE,
) -> Chart:
    """Value per row at every threshold, with today's threshold and the best one."""
    low, high = reach([one.y for one in points], zero=False)
    left, right = reach([one.x for one in points], zero=False)
    data = [
        {"x": one.x, "y": one.y, "at": amount(one.x, "1"), "text": amount(one.y, currency)}
        for one in points
    ]
    x = value_x("x", left, right, "1", title="Threshold")
    y = value_y("y", low, high, currency)
    base = alt.Chart(rows(data))
    tips = [tip("at", "Threshold"), tip("text", "Value per prediction")]
    layers: list[Chart] = [
        base.mark_line(strokeWidth=2.5, color=BLUE).encode(x=x, y=y),
        base.mark_point(size=80, opacity=0).encode(x=x, y=y, tooltip=tips),
    ]
    middle = (left + right) / 2
    near = best is not None and today is not None and abs(best - today) < (right - left) * 0.25
    if best is not None:
        layers += _threshold(points, best, "Best", GREEN, right=best < middle)
    if today is not None:
        layers += _threshold(points, today, "Today", ORANGE, right=today < middle, low=near)
    return layered(*layers, height=height)


def _threshold(
    points: tuple[Point, ...], at: float, name: str, colour: str, *, right: bool, low: bool = False
) -> list[Chart]:
    nearest = min(points, key=lambda one: abs(one.x - at))
    mark = alt.Chart(rows([{"x": at, "y": nearest.y, "text": f"{name} {amount(at, '1')}"}]))
    return [
        # Below the name of its neighbour, which it would cross otherwise.
        mark.mark_rule(color=colour, strokeDash=[4, 3], strokeWidth=1.5).encode(
            x="x:Q", y=alt.value(20 if low else 0), y2=alt.value("height")
        ),
        mark.mark_point(filled=True, size=70, color=colour, opacity=1).encode(x="x:Q", y="y:Q"),
        mark.mark_text(
            align="left" if right else "right",
            dx=7 if right else -7,
            fontSize=12,
            fontWeight=600,
            baseline="top",
            color="currentColor",
        ).encode(x="x:Q", y=alt.value(20 if low else 2), text="text:N"),
    ]


@cached_spec
def by_horizon(figures: tuple[Figure, ...], height: int = 220) -> Chart:
    """Error of the forecast by how far ahead it was made."""
    known = [one for one in figures if one.estimate.value is not None]
    data = [
        {
            "label": one.label,
            "y": one.estimate.value,
            "text": amount(one.estimate.value, one.estimate.unit),
        }
        for one in known
    ]
    low, high = reach([one.estimate.value or 0.0 for one in known])
    unit = known[0].estimate.unit if known else "1"
    x = alt.X(
        "label:N",
        sort=[one.label for one in known],
        axis=alt.Axis(title=None, ticks=False, labelAngle=0),
    )
    base = alt.Chart(rows(data))
    bars = base.mark_bar(color=BLUE, cornerRadius=2, size=26).encode(
        x=x,
        y=value_y("y", low, high, unit, 3),
        tooltip=[tip("label", "Horizon"), tip("text", "Error")],
    )
    names = base.mark_text(dy=-8, fontSize=12, color="currentColor").encode(
        x=x, y="y:Q", text="text:N"
    )
    return layered(bars, names, level_line(0), height=height)
