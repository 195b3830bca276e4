"""How alike the compared were: the weights of a mix, and covariates before and after matching."""

from __future__ import annotations

import altair as alt

from dashboard.charts.base import Chart, cached_spec, layered, rows, tip
from dashboard.format import amount
from dashboard.palette import BLUE, MUTED
from valuekit.scorecard import Figure

_LIMIT = 0.1  # a standardised difference below it is called small (Austin 2009)


@cached_spec
def weights(named: tuple[tuple[str, Figure], ...]) -> Chart:
    """Each untreated group's part in the mix, as a labelled bar."""
    data = [
        {"label": name, "value": one.estimate.value, "text": amount(one.estimate.value, "share")}
        for name, one in named
    ]
    top = max((one.estimate.value or 0.0 for _, one in named), default=1.0)
    y = alt.Y(
        "label:N", sort=[name for name, _ in named],
        axis=alt.Axis(title=None, ticks=False, domain=False, labelLimit=130),
    )  # fmt: skip
    x = alt.X("value:Q", axis=None, scale=alt.Scale(domain=[0, top * 1.25], nice=False))
    base = alt.Chart(rows(data)).encode(y=y, x=x)
    return layered(
        base.mark_bar(color=BLUE, cornerRadius=2, height=14).encode(
            tooltip=[tip("label", "Group"), tip("text", "Part of the mix")]
        ),
        base.mark_text(align="left", dx=6, fontSize=12, color="currentColor").encode(text="text:N"),
        height=26 * len(data) + 8,
    )


def _place(height: int) -> alt.Scale:
    """Pixels from the top, as a scale that all layers share."""
    return alt.Scale(domain=[0, height], range=[0, height], nice=False, zero=False)


@cached_spec
def balance(named: tuple[tuple[str, float, float], ...]) -> Chart:
    """Standardised differences as they were and within strata; the grey zone is called small."""
    data = [
        {
            "label": name, "raw": raw, "adjusted": adjusted,
            "before": amount(raw, "1"), "after": amount(adjusted, "1"),
            "top": place * 46 + 12, "middle": place * 46 + 30,
        }
        for place, (name, raw, adjusted) in enumerate(named)
    ]  # fmt: skip
    most = max([abs(one) for _, raw, after in named for one in (raw, after)] + [_LIMIT * 1.5])
    height = 46 * len(data) + 20
    scale = alt.Scale(
        domain=[-most, most], nice=False, range=[46, alt.ExprRef("width - 46")], zero=False
    )
    y = alt.Y(
        "middle:Q",
        axis=None,
        scale=_place(height),
    )
    base = alt.Chart(rows(data))
    zone = alt.Chart(
        rows([{"from": -_LIMIT, "to": _LIMIT, "mid": 0.0, "text": "small: within 0.1"}])
    )
    raw = alt.X("raw:Q", axis=None, scale=scale)
    after = alt.X("adjusted:Q", axis=None, scale=scale)
    tips = [tip("label", "Covariate"), tip("before", "As they are"), tip("after", "Within strata")]
    return layered(
        zone.mark_rect(opacity=0.12, color=MUTED).encode(
            x=alt.X("from:Q", axis=None, scale=scale), x2="to:Q",
            y=alt.value(0), y2=alt.value(height - 16),
        ),
        zone.mark_text(fontSize=11, baseline="bottom", color=MUTED).encode(
            x=alt.X("mid:Q", axis=None, scale=scale), y=alt.value(height), text="text:N"
        ),
        base.mark_rule(color=MUTED, strokeWidth=1.5).encode(x=raw, x2="adjusted:Q", y=y),
        base.mark_point(size=80, color=MUTED, strokeWidth=2, opacity=1).encode(
            x=raw, y=y, tooltip=tips
        ),
        base.mark_point(size=90, filled=True, color=BLUE, opacity=1).encode(
            x=after, y=y, tooltip=tips
        ),
        base.mark_text(align="left", fontSize=12.5, color="currentColor").encode(
            x=alt.value(0), text="label:N",
            y=alt.Y("top:Q", axis=None, scale=_place(height)),
        ),
        height=height,
    )  # fmt: skip
