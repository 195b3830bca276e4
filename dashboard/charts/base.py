"""What all charts share: the cache, axes without decoration, and inline rows."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterable, Mapping
from datetime import date
from functools import lru_cache, wraps
from typing import ParamSpec, cast

import altair as alt

from dashboard.format import ticks
from dashboard.palette import MUTED

Chart = alt.Chart | alt.LayerChart | alt.FacetChart
Spec = dict[str, object]
Given = ParamSpec("Given")


def cached_spec(build: Callable[Given, Chart]) -> Callable[Given, Spec]:
    """Turn a chart function into a cached function that returns the finished specification.

    The key is the arguments themselves, compared by value: a chart cannot depend on anything
    that is not in its key, so readers with other filters or another run never share one.
    """

    @lru_cache(maxsize=512)
    def _text(*args: Hashable, **named: Hashable) -> str:
        return json.dumps(cast("Callable[..., Chart]", build)(*args, **named).to_dict())

    @wraps(build)
    def _spec(*args: Given.args, **named: Given.kwargs) -> Spec:
        # A fresh copy each time: Streamlit completes the specification in place.
        return cast("Spec", json.loads(cast("Callable[..., str]", _text)(*args, **named)))

    return _spec


def rows(values: Iterable[Mapping[str, object]]) -> alt.Data:
    """Inline rows; days become ISO text, which Vega reads as local midnight with a time."""
    made = [{key: _cell(value) for key, value in one.items()} for one in values]
    return cast("Callable[..., alt.Data]", alt.Data)(values=made)


def layered(*charts: Chart, height: int) -> Chart:
    """Charts on top of each other, first at the back."""
    return alt.layer(*charts).properties(height=height)


def _cell(value: object) -> object:
    return f"{value.isoformat()}T00:00:00" if isinstance(value, date) else value


_SLACK = 0.35  # of a step between ticks: a tick farther beyond the data would waste its room
_MARGIN = 0.06  # of the data's range, between the data and an end without a tick


def _frame(
    low: float, high: float, unit: str, wanted: int
) -> tuple[list[float], str, tuple[float, float]]:
    """Ticks, the expression of their labels, and the ends of the scale.

    The scale ends at a tick where one is near the data; elsewhere it ends just beyond the data, so
    that a little loss at the start does not leave half of a chart empty.
    """
    values, expression = ticks(low, high, unit, wanted)
    step = values[1] - values[0] if len(values) > 1 else 1.0
    margin = _MARGIN * (high - low)
    first = values[0] if low - values[0] <= _SLACK * step else low - margin
    last = values[-1] if values[-1] - high <= _SLACK * step else high + margin
    return [one for one in values if first <= one <= last], expression, (first, last)


def value_axis(low: float, high: float, unit: str, wanted: int = 4) -> alt.Axis:
    """A quiet value axis whose labels read like the figures on the page."""
    values, expression, _ = _frame(low, high, unit, wanted)
    return alt.Axis(
        title=None,
        values=values,
        labelExpr=expression,
        grid=True,
        domain=False,
        ticks=False,
        labelBaseline="middle",
        labelFlush=False,
    )


def value_scale(low: float, high: float, unit: str, wanted: int = 4) -> alt.Scale:
    """The scale that holds the ticks of :func:`value_axis`."""
    _, _, ends = _frame(low, high, unit, wanted)
    return alt.Scale(domain=list(ends), nice=False, zero=False)


def value_y(field: str, low: float, high: float, unit: str, wanted: int = 4) -> alt.Y:
    """A y channel with matching axis and scale."""
    return alt.Y(
        f"{field}:Q",
        axis=value_axis(low, high, unit, wanted),
        scale=value_scale(low, high, unit, wanted),
    )


def value_x(
    field: str, low: float, high: float, unit: str, *, title: str | None = None, wanted: int = 4
) -> alt.X:
    """An x channel with matching axis and scale."""
    axis = value_axis(low, high, unit, wanted)
    axis.title = title
    axis.grid = False
    axis.labelBaseline = "top"
    return alt.X(f"{field}:Q", axis=axis, scale=value_scale(low, high, unit, wanted))


def day_x(field: str = "day") -> alt.X:
    """A time channel labelled by month."""
    return alt.X(
        f"{field}:T",
        axis=alt.Axis(
            title=None, format="%b", tickCount="month", labelOverlap=True, grid=False, ticks=False
        ),
    )


def tip(field: str, title: str) -> alt.Tooltip:
    """A tooltip line with text that was formatted in Python."""
    return alt.Tooltip(f"{field}:N", title=title)


def level_line(value: float, *, dashed: bool = False) -> Chart:
    """A horizontal line, for zero or a reference."""
    dash = [4, 3] if dashed else [1, 0]
    made: Chart = (
        alt.Chart(rows([{"level": value}]))
        .mark_rule(color=MUTED, strokeDash=dash)
        .encode(y="level:Q")
    )
    return made


def reach(values: Iterable[float], *, zero: bool = True) -> tuple[float, float]:
    """Lowest and highest of the values, zero included unless said otherwise."""
    held = [*values, 0.0] if zero else list(values)
    low, high = min(held, default=0.0), max(held, default=1.0)
    return (low, high) if high > low else (low, low + (abs(low) or 1.0))
