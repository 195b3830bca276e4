"""The Model page: its value, how that is known, how good it is, what it costs, how it ages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import streamlit as st

from dashboard import data, passport, states, ui, words
from dashboard.filters import pick_model, pick_period
from dashboard.format import change, interval, remark, span
from dashboard.health_restated import line as restated_line
from dashboard.model import (
    accuracy,
    cost,
    degradation,
    evidence,
    history,
    provenance,
    segments,
    value,
    versions,
)
from valuekit.period_words import counted, headline, of_model
from valuekit.scorecard import PeriodFigures, PeriodName, Scorecard
from valuekit.text import symbol

Section = Callable[[data.Snapshot, Scorecard, PeriodFigures | None], None]
SECTIONS: dict[str, Section] = {
    "Value": value.section,
    "Evidence": evidence.section,
    "Accuracy": accuracy.section,
    "Cost": cost.section,
    "Degradation": degradation.section,
    "Segments": segments.section,
    "Versions": versions.section,
    "Provenance": provenance.section,
    "Decisions": history.section,
}


def page() -> None:
    """Draw the page."""
    shot = states.require()
    states.banners(shot)
    if not shot.cards:
        ui.headline(f"{shot.name} has no models with figures yet")
        ui.empty("No model has been refreshed", "", "Run: valuekit refresh")
        return
    card, period = _choose(shot)
    if card is None:
        states.unknown_model(shot)
        return
    held = card.period(period)
    ui.headline(headline(card, held), *_leads(card, period, held))
    restated_line(shot, card)
    _tiles(shot, card, held)
    _advice(card)
    tabs = st.tabs(list(SECTIONS), key="section", bind="query-params", on_change="rerun")
    for tab, section in zip(tabs, SECTIONS.values(), strict=True):
        # Only the open section is drawn: the others cost nothing until they are asked for.
        if tab.open:
            with tab:
                section(shot, card, held)
    states.footer(shot)


def _choose(shot: data.Snapshot) -> tuple[Scorecard | None, PeriodName]:
    titles = {card.model: card.title for card in shot.cards}
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        card = pick_model(shot.cards, titles, label="Model", hidden=True, width=300)
        period = pick_period()
        if card is not None:
            ui.verdict(card.verdict.action)
            ui.grade(card.grade)
    return card, period


def _leads(card: Scorecard, period: PeriodName, held: PeriodFigures | None) -> tuple[str, ...]:
    label = words.PERIODS[period]
    if held is None:
        return (words.owner_line(card), f"{label}: no data in this period.", card.description)
    known = interval(held.net) if held.net.known else held.net.reason
    return (
        f"{of_model(held, card.as_of)}. Net value: {known}.",
        words.owner_line(card),
        card.description,
    )


def _tiles(shot: data.Snapshot, card: Scorecard, held: PeriodFigures | None) -> None:
    if held is None:
        ui.empty("No data in this period", "Choose a longer period above.")
        return
    before = card.quarter_before() if held.name == "quarter" else None
    moved = None
    if before and held.net.value is not None and before.net.value is not None:
        moved = ui.change(change(held.net.value, before.net.value, shot.currency))
    run, make = shot.run_of(card.model), passport.figure_of
    thousand = held.cost_per_prediction.scaled(1000, f"{shot.currency}/1,000 predictions")
    # The Cost section has the same over all days: the days tell the two apart.
    thousand = replace(thousand, method=f"attributed, on the days counted: {span(counted(held))}")
    with st.grid(5, min_column_width=150, gap="small"):
        passport.tile(
            make("net", "Net value", held.net), run, change=moved, against="vs prior quarter"
        )
        passport.tile(make("value", "Value before costs", held.value), run)
        passport.tile(make("cost", "Cost", held.cost_attributed), run)
        passport.tile(
            make(
                "roi",
                f"Return per {symbol(shot.currency)}1 of cost",
                held.roi.scaled(1, shot.currency),
            ),
            run,
        )
        passport.tile(make("thousand", "Cost per 1,000 predictions", thousand), run)


def _advice(card: Scorecard) -> None:
    held = card.verdict
    with st.container(border=True, gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            ui.verdict(held.action)
            st.markdown(f"**{remark(held.headline, 200)}**", width="content")
        if held.reasons:
            ui.listing(held.reasons)
        st.markdown(f"**Next step:** {remark(held.next_step, 300)}")
        st.page_link(
            ui.REVIEW,
            label="Decide in the review",
            icon=":material/rule:",
            query_params={"model": card.model},
        )
