"""Estimates as dots on their ranges, one under the other: a method, a segment, a version each."""

from __future__ import annotations

import altair as alt

from dashboard.charts.base import Chart, cached_spec, layered, reach, rows, tip
from dashboard.format import amount, interval
from dashboard.palette import BLUE, GRAY, MUTED, ORANGE
from valuekit.scorecard import Figure

_ROW = 50
_ENDS = 58  # pixels left and right of the ranges, for the amounts at their ends


@cached_spec
def forest(figures: tuple[Figure, ...], lead: str = "", *, zero: bool = True) -> Chart:
    """A line for each figure: its name and value above, its range below with both ends written.

    Names stand above the ranges and not beside them, so that a phone shows both in full.

    Args:
        figures: Known estimates in one unit.
        lead: Key of the figure that carries the headline, in colour and bold.
        zero: Whether the line of no effect belongs in the picture.
    """
    data = [_row(place, one, lead) for place, one in enumerate(figures)]
    low, high = reach([float(str(one[key])) for one in data for key in ("low", "high")], zero=zero)
    height = _ROW * len(data) + (18 if zero else 4)
    scale = alt.Scale(
        domain=[low, high], nice=False, zero=False,
        range=[_ENDS, alt.ExprRef(f"width - {_ENDS}")],
    )  # fmt: skip
    x = alt.X("value:Q", axis=None, scale=scale)
    base = alt.Chart(rows(data))
    colour = alt.Color("colour:N", scale=None, legend=None)
    middle = alt.Y("middle:Q", axis=None, scale=_place(height))
    layers = [
        *(_zero(base, scale, figures[0].estimate.unit, height) if zero else ()),
        base.mark_rule(strokeWidth=5, opacity=0.45, strokeCap="round").encode(
            x=alt.X("low:Q", axis=None, scale=scale), x2="high:Q", y=middle, color=colour
        ),
        base.mark_point(filled=True, opacity=1, size=110).encode(
            x=x, y=middle, color=colour,
            tooltip=[tip("label", "Figure"), tip("text", "Value"), tip("range", "Range")],
        ),
        *_ends(base, scale, middle),
        *_names(base, height),
    ]  # fmt: skip
    return layered(*layers, height=height)


def _place(height: int) -> alt.Scale:
    """Pixels from the top, as a scale that all layers share."""
    return alt.Scale(domain=[0, height], range=[0, height], nice=False, zero=False)


def _row(place: int, one: Figure, lead: str) -> dict[str, object]:
    held = one.estimate
    value = held.value or 0.0
    ranged = held.low is not None and held.high is not None
    low, high = (held.low, held.high) if ranged else (value, value)
    leads = not lead or one.key == lead
    side = BLUE if (low or 0) > 0 else ORANGE if (high or 0) < 0 else GRAY
    return {
        "label": one.label,
        "value": value,
        "low": low,
        "high": high,
        "text": amount(held.value, held.unit),
        "lower": amount(held.low, held.unit) if ranged else "",
        "upper": amount(held.high, held.unit) if ranged else "no range",
        "range": interval(held),
        "colour": (side if lead else BLUE) if leads else MUTED,
        "weight": 600 if leads and lead else 400,
        "top": place * _ROW + 12,
        "middle": place * _ROW + 33,
        "zero": 0.0,
        "over": place * _ROW + 22,
        "under": place * _ROW + 44,
    }


def _zero(base: alt.Chart, scale: alt.Scale, unit: str, height: int) -> tuple[Chart, Chart]:
    """A tick at no effect beside every range, so that it crosses no name; said once below."""
    x = alt.X("value:Q", axis=None, scale=scale)
    said = alt.Chart(rows([{"value": 0.0, "text": f"no effect, {amount(0.0, unit)}"}]))
    return (
        base.mark_rule(color=MUTED, strokeDash=[4, 3]).encode(
            x=alt.X("zero:Q", axis=None, scale=scale),
            y=alt.Y("over:Q", axis=None, scale=_place(height)),
            y2="under:Q",
        ),
        said.mark_text(fontSize=11, baseline="bottom", color=MUTED).encode(
            x=x, y=alt.value(height), text="text:N"
        ),
    )


def _ends(base: alt.Chart, scale: alt.Scale, middle: alt.Y) -> tuple[Chart, Chart]:
    lower = base.mark_text(align="right", dx=-9, fontSize=11.5, color="currentColor")
    upper = base.mark_text(align="left", dx=9, fontSize=11.5, color="currentColor")
    return (
        lower.encode(x=alt.X("low:Q", axis=None, scale=scale), y=middle, text="lower:N"),
        upper.encode(x=alt.X("high:Q", axis=None, scale=scale), y=middle, text="upper:N"),
    )


def _names(base: alt.Chart, height: int) -> tuple[Chart, Chart]:
    y = alt.Y("top:Q", axis=None, scale=_place(height))
    # The name is cut only where the value stands.
    name = base.mark_text(
        align="left", fontSize=12.5, color="currentColor", limit=alt.ExprRef("width - 74"),
        fontWeight=alt.ExprRef("datum.weight"),
    )  # fmt: skip
    value = base.mark_text(align="right", fontSize=13, fontWeight=600, color="currentColor")
    return (
        name.encode(x=alt.value(0), y=y, text="label:N"),
        value.encode(x=alt.value("width"), y=y, text="text:N"),
    )
