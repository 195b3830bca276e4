"""The filters of the Portfolio page: period, area, owner, grade, each part of the address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from dashboard import data, words
from dashboard.format import plain
from valuekit.scorecard import PeriodName, Scorecard

_MODEL = "model_choice"
_LAST = "model_last"


@dataclass(frozen=True, slots=True)
class Choice:
    """What the reader chose to see."""

    period: PeriodName
    models: tuple[str, ...]
    filtered: bool


def choose(shot: data.Snapshot) -> Choice:
    """Draw the filters and return the models that they leave."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        period = pick_period()
        areas, owners, grades = _lists(shot)
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
        st.caption("Showing only: " + ", ".join(plain(one, 40) for one in active))
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


def _grade(card: Scorecard) -> str:
    return card.grade or "Unknown"


def pick_model(
    cards: Sequence[Scorecard], labels: dict[str, str], *, label: str, hidden: bool, width: int
) -> Scorecard | None:
    """A model selector whose address holds the model's name: ``?model=churn``.

    Streamlit's own binding would put the title there, which people change. The name in the
    address wins; without one, the model that was looked at last stays.

    Returns:
        The chosen scorecard; None when the address asks for a model that is not there.
    """
    names = [card.model for card in cards]
    asked = st.query_params.get("model")
    if asked in names:
        st.session_state[_MODEL] = asked
    elif asked is not None:
        st.session_state[_MODEL] = None
    elif st.session_state.get(_MODEL) not in names:
        last = st.session_state.get(_LAST)
        st.session_state[_MODEL] = last if last in names else names[0]
    chosen: str | None = st.selectbox(
        label,
        names,
        format_func=lambda name: labels.get(name, name),
        key=_MODEL,
        on_change=_to_address,
        width=width,
        placeholder="Pick a model",
        label_visibility="collapsed" if hidden else "visible",
    )
    if chosen is None:
        return None
    # The state of a widget is forgotten when another page is drawn; this outlives it.
    st.session_state[_LAST] = chosen
    if asked is None:
        st.query_params["model"] = chosen
    return next(card for card in cards if card.model == chosen)


def _to_address() -> None:
    chosen = st.session_state.get(_MODEL)
    if chosen:
        st.query_params["model"] = chosen


def read_period() -> bool:
    """Take the terminal's names of periods from an address too: ``?period=month``; whether it did.

    The widget that follows may then have no default of its own.
    """
    asked = st.query_params.get("period")
    label = next((label for name, label in words.PERIODS.items() if name == asked), None)
    if label is not None:
        st.query_params["period"] = label
        st.session_state["period"] = label
    elif asked is not None and asked not in words.PERIODS.values():
        st.caption(f"There is no period {plain(asked, 40)}; names: {', '.join(words.PERIODS)}.")
    return label is not None


def pick_period() -> PeriodName:
    """The period on show, part of the address and kept from page to page."""
    named = {label: name for name, label in words.PERIODS.items()}
    given = read_period()
    first = words.PERIODS["year"]
    shown = st.segmented_control(
        "Period",
        list(named),
        default=None if given else first,
        required=True,
        key="period",
        bind="query-params",
        persist_state="session",
        label_visibility="collapsed",
        wrap=True,
    )
    return named[shown or first]
