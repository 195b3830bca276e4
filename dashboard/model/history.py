"""The Decisions section: what people decided about this model, and on which figures."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboard import data, ui, words
from dashboard.format import moment, money, plain, plural
from dashboard.palette import ACTIONS
from valuekit.scorecard import Decision, PeriodFigures, Scorecard


def section(shot: data.Snapshot, card: Scorecard, held: PeriodFigures | None) -> None:
    """Draw the section."""
    del held  # a decision keeps the figures that it was made on
    made = data.decisions(shot, card.model)
    if not made:
        ui.empty(
            "No decision has been recorded",
            "A decision keeps its reason, its author and the figures it was made on.",
        )
        st.page_link(
            ui.REVIEW,
            label="Decide in the review",
            icon=":material/rule:",
            query_params={"model": card.model},
        )
        return
    title = f"{plural(len(made), 'decision')} recorded"
    with ui.card(title, "Newest first. Decisions are never changed or deleted"):
        entries(made, shot.currency)


def entries(made: Sequence[Decision], currency: str, titles: dict[str, str] | None = None) -> None:
    """Decisions as lines: what, who, when, why, on which figures."""
    for one in made:
        with st.container(border=True, gap="xxsmall"):
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                if titles is not None:
                    st.markdown(
                        f"**{plain(titles.get(one.model, one.model), 80)}**", width="content"
                    )
                ui.verdict(one.action)
                who = f"{one.person}, {moment(one.at)}"
                st.markdown(f":gray[{plain(who, 160)}]", width="content")
            st.markdown(plain(one.reason, 2000))
            ui.muted(_basis(one, currency), small=True)


def _basis(one: Decision, currency: str) -> str:
    net = "net value unknown" if one.net is None else f"net value {money(one.net, currency)}"
    said = words.action_word(one.verdict) if one.verdict in ACTIONS else one.verdict
    return f"On run {one.run}: the verdict was {said.lower()}, {net} in 12 months."
