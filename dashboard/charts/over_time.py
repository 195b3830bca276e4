"""Evidence over time: the effect as it settled, a series beside its counterfactual, a launch."""

from __future__ import annotations

from collections.abc import Sequence

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
from dashboard.format import amount, day, figure, interval
from dashboard.palette import BLUE, GRAY, MUTED, ORANGE
from valuekit.scorecard import AgeEffect, Course, LaunchEffect, Step


@cached_spec
def timeline(
    steps: tuple[Step, ...], unit: str, sequence: tuple[Step, ...] = (), height: int = 240
) -> Chart:
    """The effect to date with its range, and the wider band that holds on every day where known."""
    low, high = _core((*steps, *sequence))
    # A first day far off the picture would leave it as a spike through its top.
    seen = tuple(one for one in steps if low <= one.value <= high) or steps
    inner, outer = _steps(seen, unit, low, high), _steps(sequence, unit, low, high)
    # Where the line comes down to its end, the free side is below it.
    rising = steps[-1].value >= steps[max(0, len(steps) - 5)].value
    base, wide = alt.Chart(rows(inner)), alt.Chart(rows(outer))
    y = value_y("value", low, high, unit, 3)
    clipped = value_y("low", low, high, unit, 3)
    tips = [tip("when", "To"), tip("text", "Effect"), tip("range", "95% range")]
    layers: list[Chart] = [level_line(0)]
    if sequence:
        layers.append(
            wide.mark_area(opacity=0.14, color=BLUE, clip=True).encode(
                x=day_x(), y=clipped, y2="high:Q"
            )
        )
    end = alt.Chart(rows(inner[-1:]))
    layers += [
        base.mark_area(opacity=0.2, color=BLUE, clip=True).encode(
            x=day_x(), y=clipped, y2="high:Q"
        ),
        base.mark_line(strokeWidth=2.5, color=BLUE, clip=True).encode(x=day_x(), y=y),
        end.mark_point(filled=True, size=70, color=BLUE, opacity=1).encode(x=day_x(), y=y),
        end.mark_text(
            align="right", dx=-2, dy=-14 if rising else 17, fontSize=13, fontWeight=600,
            color="currentColor",
        ).encode(x=day_x(), y=y, text="text:N"),
        (wide if sequence else base).mark_rule(strokeWidth=12, opacity=0).encode(
            x=day_x(), tooltip=tips
        ),
    ]  # fmt: skip
    return layered(*layers, height=height)


def _steps(steps: Sequence[Step], unit: str, low: float, high: float) -> list[dict[str, object]]:
    return [
        {
            "day": one.day,
            "value": one.value,
            "low": min(max(one.low, low), high),
            "high": max(min(one.high, high), low),
            "when": day(one.day),
            "text": amount(one.value, unit),
            "range": f"{amount(one.low, unit)} to {amount(one.high, unit)}",
        }
        for one in steps
    ]


def _core(steps: tuple[Step, ...]) -> tuple[float, float]:
    """The range of the later steps: the first days' huge ranges would flatten the rest."""
    ordered = sorted(steps, key=lambda one: one.day)
    later = ordered[len(ordered) // 4 :] or ordered
    return reach([end for one in later for end in (one.low, one.high)])


@cached_spec
def course(points: tuple[Course, ...], unit: str, height: int = 240) -> Chart:
    """What happened as a line, what was expected without the model dashed and with its band."""
    ends = [one for held in points for one in (held.actual, held.low, held.high) if one is not None]
    low, high = reach(ends, zero=False)
    data = [
        {
            "day": one.day, "actual": one.actual, "expected": one.expected, "low": one.low,
            "high": one.high, "when": day(one.day), "text": amount(one.actual, unit),
            "without": amount(one.expected, unit),
        }
        for one in points
    ]  # fmt: skip
    known = [one for one in data if one["expected"] is not None]
    base, beside = alt.Chart(rows(data)), alt.Chart(rows(known))
    y = value_y("actual", low, high, unit)
    tips = [tip("when", "From"), tip("text", "Seen"), tip("without", "Without the model")]
    layers: list[Chart] = [
        beside.mark_area(opacity=0.22, color=GRAY).encode(
            x=day_x(), y=value_y("low", low, high, unit), y2="high:Q"
        ),
        beside.mark_line(strokeWidth=1.8, strokeDash=[6, 4], color=GRAY).encode(
            x=day_x(), y=value_y("expected", low, high, unit)
        ),
        base.mark_line(strokeWidth=2.2, color=BLUE).encode(x=day_x(), y=y),
        base.mark_rule(strokeWidth=12, opacity=0).encode(x=day_x(), tooltip=tips),
    ]
    start = next((one for one in points if one.treated), None)
    if start is not None:
        mark = alt.Chart(rows([{"day": start.day, "text": f"Launch {day(start.day)}"}]))
        layers += _launched(mark, alt.X("day:T"))
    return layered(*layers, height=height)


def _launched(mark: alt.Chart, x: alt.X) -> list[Chart]:
    return [
        mark.mark_rule(color=ORANGE, strokeWidth=1.5, strokeDash=[4, 3]).encode(x=x),
        mark.mark_text(
            align="right", dx=-6, baseline="top", fontSize=12, fontWeight=600, color="currentColor"
        ).encode(x=x, y=alt.value(0), text="text:N"),
    ]


@cached_spec
def launch(held: tuple[LaunchEffect, ...], height: int = 240) -> Chart:
    """Effect by time since the launch; the stretches before it show what chance does."""
    unit = held[0].effect.unit
    data = [
        {
            "at": (one.first + one.last) / 2,
            "value": one.effect.value,
            "low": one.effect.low, "high": one.effect.high, "floor": one.low, "top": one.high,
            "colour": BLUE if one.first >= 0 else MUTED,
            "when": f"{one.first} to {one.last}" if one.first != one.last else f"{one.first}",
            "text": figure(one.effect), "range": interval(one.effect),
        }
        for one in held
        if one.effect.value is not None
    ]  # fmt: skip
    ends = [
        end
        for one in held
        for end in (one.effect.value, one.effect.low, one.effect.high, one.low, one.high)
        if end is not None
    ]
    low, high = reach(ends)
    x = alt.X(
        "at:Q",
        scale=alt.Scale(domain=[held[0].first - 1, held[-1].last + 1], nice=False, zero=False),
        axis=alt.Axis(
            title="Periods since the launch", grid=False, ticks=False, tickCount=6, tickMinStep=1,
            labelExpr="replace(datum.label, '-', '\u2212')",
        ),
    )  # fmt: skip
    base = alt.Chart(rows(data))
    colour = alt.Color("colour:N", scale=None, legend=None)
    tips = [tip("when", "Since the launch"), tip("text", "Effect"), tip("range", "Range")]
    mark = alt.Chart(rows([{"at": -0.5, "text": "Launch"}]))
    layers: list[Chart] = [level_line(0)]
    if any(one.low is not None for one in held):
        layers.append(
            base.mark_area(opacity=0.14, color=BLUE).encode(
                x=x, y=value_y("floor", low, high, unit), y2="top:Q"
            )
        )
    layers += [
        *_launched(mark, alt.X("at:Q")),
        base.mark_rule(strokeWidth=2, opacity=0.7).encode(
            x=x, y=value_y("low", low, high, unit), y2="high:Q", color=colour
        ),
        base.mark_point(filled=True, size=38, opacity=1).encode(
            x=x, y=value_y("value", low, high, unit), color=colour, tooltip=tips
        ),
    ]
    return layered(*layers, height=height)


@cached_spec
def ages(held: tuple[AgeEffect, ...], height: int = 240) -> Chart:
    """Effect per unit and day by the age of the units, each with its range."""
    unit = held[0].effect.unit
    known = [one for one in held if one.effect.value is not None]
    data = [
        {
            "label": f"{one.first}\u2013{one.last}" if one.last > one.first else f"{one.first}",
            "value": one.effect.value, "text": figure(one.effect),
            "low": one.effect.value if one.effect.low is None else one.effect.low,
            "high": one.effect.value if one.effect.high is None else one.effect.high,
            "range": interval(one.effect),
        }
        for one in known
    ]  # fmt: skip
    low, high = reach([float(str(one[key])) for one in data for key in ("low", "high")])
    x = alt.X(
        "label:N", sort=[str(one["label"]) for one in data],
        axis=alt.Axis(title="Days since first exposure", ticks=False, labelAngle=0, domain=False),
    )  # fmt: skip
    base = alt.Chart(rows(data)).encode(x=x)
    tips = [tip("label", "Days"), tip("text", "Effect a day"), tip("range", "Range")]
    return layered(
        level_line(0),
        base.mark_rule(strokeWidth=4, opacity=0.45, color=BLUE, strokeCap="round").encode(
            y=value_y("low", low, high, unit), y2="high:Q"
        ),
        base.mark_point(filled=True, size=70, opacity=1, color=BLUE).encode(
            y=value_y("value", low, high, unit), tooltip=tips
        ),
        height=height,
    )
