"""How much of the value is measured and how much is assumed."""

from __future__ import annotations

import altair as alt

from dashboard.charts.base import Chart, cached_spec, layered, rows, tip
from dashboard.format import money, plural
from dashboard.palette import BLUE, GRADES, GRAY, OCHRE, ORANGE
from valuekit.portfolio import GradeTotal

_NAMES = {"A": "A  randomised", "B": "B  partly", "C": "C  compared", "D": "D  assumed"}
_COLOURS = {"A": BLUE, "B": BLUE, "C": OCHRE, "D": ORANGE, None: GRAY}


@cached_spec
def grades(totals: tuple[GradeTotal, ...], currency: str, height: int = 200) -> Chart:
    """A bar per grade with its amount; its number of models in brackets."""
    data = [
        {
            "grade": f"{_NAMES[one.grade] if one.grade else 'Unknown'} ({one.models})",
            "value": one.value.value or 0.0,
            "colour": _COLOURS[one.grade],
            "text": f"{money(one.value.value, currency)}" if one.value.value is not None else "?",
            "models": plural(one.models, "model"),
            "meaning": GRADES[one.grade][1],
        }
        for one in totals
        if one.models
    ]
    amounts = [float(str(one["value"])) for one in data]
    low, high = min([0.0, *amounts]), max([1.0, *amounts])
    y = alt.Y(
        "grade:N",
        sort=[str(one["grade"]) for one in data],
        axis=alt.Axis(title=None, ticks=False, domain=False, labelLimit=140, labelFontSize=12),
    )
    x = alt.X("value:Q", axis=None, scale=alt.Scale(domain=[low, high * 1.4]))
    base = alt.Chart(rows(data))
    tips = [tip("meaning", "Grade"), tip("models", "Models"), tip("text", "Value")]
    bars = base.mark_bar(cornerRadius=2, height={"band": 0.6}).encode(
        y=y, x=x, color=alt.Color("colour:N", scale=None), tooltip=tips
    )
    names = base.mark_text(align="left", dx=6, fontSize=12, color="currentColor").encode(
        y=y, x=x, text="text:N"
    )
    return layered(bars, names, height=min(height, 48 * max(1, len(data))))
