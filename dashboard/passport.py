"""Every figure opens to its passport: formula in words, source, inputs, n, method and grade."""

from __future__ import annotations

import streamlit as st

from dashboard.format import (
    UNKNOWN,
    figure,
    full_count,
    full_money,
    interval,
    locale_of,
    plain,
    span,
)
from dashboard.palette import GRADES
from valuekit.estimate import Estimate
from valuekit.scorecard import Figure

_FORMULAS = {
    "value": "Money of the primary evidence over the mature days of the period.",
    "cost": "Charges that end with the model plus its share of shared ones.",
    "net": "Value less attributed cost.",
    "roi": "Net value divided by attributed cost.",
    "thousand": "Attributed cost of the days counted, divided by their predictions, times 1,000.",
}


def figure_of(key: str, label: str, estimate: Estimate, formula: str = "") -> Figure:
    """A figure from a bare estimate, with the formula known for its kind."""
    return Figure(key, label, estimate, formula or _FORMULAS.get(key.rsplit(".", 1)[-1], ""))


def text(one: Figure, run: int) -> str:
    """The passport as Markdown, every part of it escaped."""
    held = one.estimate
    lines = [f"**{plain(one.label)}**", f"{plain(_exact(held))}"]
    if held.reason and not held.known:
        lines.append(f"**Why unknown:** {plain(held.reason, 400)}")
    elif held.low is not None or held.reason:
        lines.append(f"**Range:** {plain(interval(held), 300)}")
    pairs = [
        ("Formula", one.formula),
        ("Method", held.method),
        ("Based on", _count(held)),
        ("Period", span(held.period) if held.period else ""),
        ("Grade", f"{held.grade}, {GRADES[held.grade][1]}" if held.grade else ""),
        ("Facts", ", ".join(one.facts)),
        ("Source", one.source),
        ("Run", f"{run}"),
    ]
    lines += [f"**{name}:** {plain(shown, 500)}" for name, shown in pairs if shown]
    lines += [f":gray[{plain(cautious, 400)}]" for cautious in held.notes]
    return "\n\n".join(lines)


def popover(one: Figure, run: int, label: str = "How we know") -> None:
    """A quiet button that opens the passport."""
    with st.popover(label, type="tertiary", icon=":material/fact_check:"):
        st.markdown(text(one, run))


def tile(
    one: Figure,
    run: int,
    *,
    change: str | None = None,
    against: str = "",
    inverse: bool = False,
    shown: str = "",
    border: bool = True,
) -> None:
    """A figure in a place of its own: label, value, range, change and its passport."""
    held = one.estimate
    with st.container(border=border, height="stretch", gap="xsmall"):
        st.metric(
            plain(one.label),
            shown or figure(held),
            change,
            delta_color="inverse" if inverse else "normal",
            delta_description=against if change and against else None,
        )
        st.markdown(f":small[:gray[{plain(_line(held), 160)}]]")
        popover(one, run, f"Grade {held.grade}" if held.grade else "How we know")


def _line(held: Estimate) -> str:
    """What stands under the figure: its range, why it is unknown, or how it was counted."""
    if not held.known:
        return held.reason
    if held.low is not None or held.reason:
        return interval(held)
    return held.method or "counted, no range"


def _exact(held: Estimate) -> str:
    if held.value is None:
        return UNKNOWN
    locale = locale_of(st.context.locale)
    currency, _, per = held.unit.partition("/")
    if len(currency) == 3 and currency.isupper():
        whole = full_money(held.value, currency, locale)
        return f"{whole} per {per}" if per else whole
    if held.unit == "share":
        return f"{full_count(held.value * 100, locale)}%"
    shown = full_count(held.value, locale)
    return shown if held.unit == "1" else f"{shown} {held.unit}"


def _count(held: Estimate) -> str:
    if held.n is None:
        return ""
    return f"n = {full_count(held.n, locale_of(st.context.locale))}"
