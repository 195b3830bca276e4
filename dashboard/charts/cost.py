"""What the model costs, by category."""

from __future__ import annotations

import altair as alt

from dashboard.charts.base import Chart, cached_spec, layered, rows, tip
from dashboard.format import money
from dashboard.palette import BLUE, GRAY, PURPLE
from valuekit.scorecard import CostLine

_BASES = ("marginal", "shared", "sunk")


@cached_spec
def categories(lines: tuple[CostLine, ...], currency: str, height: int = 180) -> Chart:
    """Bars by category, coloured by what happens to the cost when the model is retired."""
    ordered = sorted(lines, key=lambda one: -abs(one.amount))
    data = [
        {
            "category": _name(one, lines),
            "basis": one.basis,
            "amount": float(one.amount),
            "text": money(one.amount, currency),
        }
        for one in ordered
    ]
    order = list(dict.fromkeys(str(one["category"]) for one in data))
    high = max([abs(float(one.amount)) for one in lines] + [1.0])
    y = alt.Y("category:N", sort=order, axis=alt.Axis(title=None, ticks=False, domain=False))
    x = alt.X(
        "amount:Q",
        axis=None,
        stack=None,
        scale=alt.Scale(domain=[min([0.0, *(float(one.amount) for one in lines)]), high * 1.22]),
    )
    bases = [basis for basis in _BASES if any(one.basis == basis for one in lines)]
    colour = alt.Color(
        "basis:N",
        scale=alt.Scale(domain=list(_BASES), range=[BLUE, PURPLE, GRAY]),
        legend=alt.Legend(title=None, orient="top", values=bases) if len(bases) > 1 else None,
    )
    base = alt.Chart(rows(data))
    bars = base.mark_bar(cornerRadius=2, height={"band": 0.55}).encode(
        y=y,
        x=x,
        color=colour,
        tooltip=[tip("category", "Category"), tip("basis", "Basis"), tip("text", "Amount")],
    )
    names = base.mark_text(align="left", dx=6, fontSize=12, color="currentColor").encode(
        y=y, x=x, text="text:N"
    )
    return layered(bars, names, height=max(height, 46 * len(order)))


def _name(one: CostLine, lines: tuple[CostLine, ...]) -> str:
    """The category; with its basis where the category has several."""
    name = one.category.replace("_", " ").capitalize()
    bases = {line.basis for line in lines if line.category == one.category}
    return f"{name}, {one.basis}" if len(bases) > 1 else name
