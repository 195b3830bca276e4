"""The value bridge: what was gained, what each cost took away, what is left."""

from __future__ import annotations

import altair as alt

from dashboard.charts.base import Chart, cached_spec, layered, level_line, reach, rows
from dashboard.format import money, signed
from dashboard.palette import BLUE, GRAY, MUTED, ORANGE
from valuekit.scorecard import BridgeStep

# Narrow screens get smaller type: Vega knows the width that the reader has, Python does not.
_BY_WIDTH = alt.ExprRef("width < 420 ? 9 : 12")
_BARS = 7  # what a phone can label; the smallest costs beyond it become one bar


@cached_spec
def bridge(steps: tuple[BridgeStep, ...], currency: str, height: int = 280) -> Chart:
    """A waterfall with every amount on its bar; totals stand on zero."""
    placed = _placed(merged(steps), currency)
    order = [str(one["step"]) for one in placed]
    low, high = reach([float(str(one[key])) for one in placed for key in ("start", "end")])
    room = (high - low) * 0.12
    x = alt.X(
        "step:N",
        sort=order,
        scale=alt.Scale(paddingInner=0.35, paddingOuter=0.2),
        axis=alt.Axis(
            title=None,
            labelAngle=0,
            labelAlign="center",
            labelOverlap=False,
            labelExpr="split(datum.label,' ')",
            labelFontSize=_BY_WIDTH,
            labelPadding=8,
            ticks=False,
            domain=False,
        ),
    )
    scale = alt.Scale(domain=[low - (room if low < 0 else 0), high + room], nice=False)
    hidden = alt.Axis(title=None, labels=False, ticks=False, domain=False, grid=False)
    colour = alt.Color(
        "kind:N",
        legend=None,
        scale=alt.Scale(domain=["total", "plus", "minus"], range=[GRAY, BLUE, ORANGE]),
    )
    base = alt.Chart(rows(placed))
    bars = base.mark_bar(cornerRadius=2).encode(
        x=x,
        y=alt.Y("start:Q", axis=hidden, scale=scale),
        y2="end:Q",
        color=colour,
        tooltip=[alt.Tooltip("step:N", title="Step"), alt.Tooltip("text:N", title="Amount")],
    )
    links = (
        base.transform_filter("isValid(datum.next)")
        .mark_rule(color=MUTED, strokeDash=[3, 3])
        .encode(
            x=alt.X("step:N", sort=order, bandPosition=0.5),
            x2=alt.X2("next:N", bandPosition=0.5),
            y="end:Q",
        )
    )
    amounts = base.mark_text(
        dy=-9, fontSize=_BY_WIDTH, fontWeight=600, color="currentColor"
    ).encode(x=alt.X("step:N", sort=order), y="top:Q", text="text:N")
    return layered(links, bars, level_line(0), amounts, height=height)


def _placed(steps: tuple[BridgeStep, ...], currency: str) -> list[dict[str, object]]:
    """Each step with the ends of its bar; a floating bar starts where the last one ended."""
    placed: list[dict[str, object]] = []
    level = 0.0
    for index, step in enumerate(steps):
        start = 0.0 if step.kind == "total" else level
        level = step.amount if step.kind == "total" else level + step.amount
        text = money(step.amount, currency)
        placed.append(
            {
                "step": step.label,
                "start": start,
                "end": level,
                "top": max(start, level),
                "kind": step.kind,
                "text": text if step.kind == "total" else signed(step.amount, text),
                "next": steps[index + 1].label if index + 1 < len(steps) else None,
            }
        )
    return placed


def merged(steps: tuple[BridgeStep, ...]) -> tuple[BridgeStep, ...]:
    """The steps with the smallest costs as one, where there are more than can be read."""
    costs = sorted((one for one in steps if one.kind == "minus"), key=lambda one: one.amount)
    others = len(steps) - len(costs)
    rest = costs[max(1, _BARS - others - 1) :] if len(steps) > _BARS else []
    if len(rest) < 2:
        return steps
    kept = [one for one in steps if one not in rest]
    last = max(index for index, one in enumerate(kept) if one.kind == "minus")
    other = BridgeStep("Other costs", sum(one.amount for one in rest), "minus")
    return (*kept[: last + 1], other, *kept[last + 1 :])
