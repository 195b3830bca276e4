"""Where the scores lie now against where they lay in the reference."""

from __future__ import annotations

import altair as alt

from dashboard.charts.base import Chart, cached_spec, reach, rows, tip, value_y
from dashboard.format import percent
from dashboard.palette import BLUE, GRAY
from valuekit.scorecard import Drift


@cached_spec
def drift(one: Drift, height: int = 240) -> Chart:
    """Share of predictions per bin, reference beside recent; equal bars mean no drift."""
    data = [
        {
            "bin": f"{index + 1}",
            "which": which,
            "share": share,
            "text": percent(share, 1),
        }
        for index, pair in enumerate(one.bins)
        for which, share in zip(("Reference", "Recent"), pair, strict=True)
    ]
    low, high = reach([share for pair in one.bins for share in pair])
    made: Chart = (
        alt.Chart(rows(data))
        .mark_bar(cornerRadius=1)
        .encode(
            x=alt.X(
                "bin:N",
                sort=[f"{index + 1}" for index in range(len(one.bins))],
                axis=alt.Axis(title="Score, low to high", labels=False, ticks=False),
            ),
            xOffset=alt.XOffset("which:N", sort=["Reference", "Recent"]),
            y=value_y("share", low, high, "share", 3),
            color=alt.Color(
                "which:N",
                scale=alt.Scale(domain=["Reference", "Recent"], range=[GRAY, BLUE]),
                legend=alt.Legend(title=None, orient="top"),
            ),
            tooltip=[tip("which", "Window"), tip("bin", "Bin"), tip("text", "Share")],
        )
        .properties(height=height)
    )
    return made
