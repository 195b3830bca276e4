"""What the model costs, by category."""

from __future__ import annotations

import altair as alt

from dashboard.charts.base import cached_spec, rows, tip
from dashboard.format import money
from dashboard.palette import BLUE, GRAY, PURPLE
from valuekit.scorecard import CostLine

_BASES = ("marginal", "shared", "sunk")


@cached_spec
def categories(lines: tuple[CostLine, ...], currency: str, height: int = 180) -> alt.LayerChart:
    """Bars by category, coloured by what happens to the cost when the model is retired."""
    ordered = sorted(lines, key=lambda one: -abs(one.amount))
    data = [
        {
            "category": one.category.replace("_", " ").capitalize(),
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
    offset = alt.YOffset("basis:N", sort=list(_BASES))
    base = alt.Chart(rows(data))
    bars = base.mark_bar(cornerRadius=2).encode(
        y=y,
        x=x,
        yOffset=offset,
        color=colour,
        tooltip=[tip("category", "Category"), tip("basis", "Basis"), tip("text", "Amount")],
    )
    names = base.mark_text(align="left", dx=6, fontSize=12, color="currentColor").encode(
        y=y, x=x, yOffset=offset, text="text:N"
    )
    return (bars + names).properties(height=max(height, 46 * len(order)))
