"""The filters of the Portfolio page: period, area, owner, grade, each part of the address."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from dashboard import data, words
from valuekit.scorecard import PeriodName, Scorecard


@dataclass(frozen=True, slots=True)
class Choice:
    """What the reader chose to see."""

    period: PeriodName
    models: tuple[str, ...]
    filtered: bool


def choose(shot: data.Snapshot) -> Choice:
    """Draw the filters and return the models that they leave."""
    named = {label: name for name, label in words.PERIODS.items()}
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        shown = st.segmented_control(
            "Period",
            list(named),
            default=words.PERIODS["year"],
            required=True,
            key="period",
            bind="query-params",
            persist_state="session",
            label_visibility="collapsed",
        )
        areas, owners, grades = _lists(shot)
    period = named[shown or words.PERIODS["year"]]
    kept = tuple(
        card.model
        for card in shot.cards
        if (not areas or card.area in areas)
        and (not owners or card.owner in owners)
        and (not grades or _grade(card) in grades)
    )
    return Choice(period, kept, bool(areas or owners or grades))


def _lists(shot: data.Snapshot) -> tuple[list[str], list[str], list[str]]:
    with st.popover("Filter", icon=":material/filter_list:", key="filters"):
        areas = _multi("Area", "area", sorted({card.area for card in shot.cards}))
        owners = _multi("Owner", "owner", sorted({card.owner for card in shot.cards}))
        grades = _multi("Grade of evidence", "grade", ["A", "B", "C", "D", "Unknown"])
    active = [*areas, *owners, *(f"Grade {one}" for one in grades)]
    if active:
        st.caption("Showing only: " + ", ".join(_shown(one) for one in active))
    return areas, owners, grades


def _multi(label: str, key: str, options: list[str]) -> list[str]:
    return st.multiselect(
        label,
        options,
        key=key,
        bind="query-params",
        persist_state="session",
        placeholder="All",
    )


def _shown(text: str) -> str:
    from dashboard.format import plain

    return plain(text, 40)


def _grade(card: Scorecard) -> str:
    return card.grade or "Unknown"
