"""The form that records a decision. What was typed survives every error."""

from __future__ import annotations

import streamlit as st

from dashboard import data, ui
from dashboard.format import plain
from dashboard.palette import ACTIONS
from valuekit.errors import StoreError
from valuekit.scorecard import Action, Scorecard

_CHOICES: dict[str, Action] = {
    ACTIONS[action][0]: action for action in ("keep", "watch", "retrain", "retire", "measure first")
}
REASON_MIN = 10
_SAVED = "decision_saved"


def form(shot: data.Snapshot, card: Scorecard) -> None:
    """Decision, reason and name; stored append-only with the figures it rests on."""
    with ui.card("Record the decision", "Kept for good with your reason and today's figures"):
        with st.form(f"decide-{card.model}", border=False, enter_to_submit=False):
            chosen = st.segmented_control("Decision", list(_CHOICES), key=f"action-{card.model}")
            reason = st.text_area(
                "Reason",
                key=f"reason-{card.model}",
                max_chars=2000,
                placeholder="What decided it, in a sentence or two",
            )
            person = st.text_input(
                "Your name", key=f"person-{card.model}", max_chars=120, autocomplete="name"
            )
            sent = st.form_submit_button("Store the decision", icon=":material/save:")
        if sent:
            _store(shot, card, chosen, reason, person)
        _confirm(card)


def problems(chosen: str | None, reason: str, person: str) -> tuple[str, ...]:
    """What is missing, each as a sentence that says what to do."""
    found = []
    if chosen not in _CHOICES:
        found.append("Choose a decision: keep, watch, retrain, retire or measure first.")
    if len(reason.strip()) < REASON_MIN:
        found.append(f"Give a reason of at least {REASON_MIN} characters: others will read it.")
    if not person.strip():
        found.append("Give your name: a decision has an author.")
    return tuple(found)


def _store(
    shot: data.Snapshot, card: Scorecard, chosen: str | None, reason: str, person: str
) -> None:
    found = problems(chosen, reason, person)
    if found or chosen is None:
        lines = "\n".join(f"- {plain(one)}" for one in found)
        st.error(lines, title="Not stored yet", icon=":material/edit:")
        return
    try:
        data.decide(shot, card, _CHOICES[chosen], reason, person)
    except StoreError as error:
        said = " ".join(f"{one.rule}. {one.remedy}" for one in error.findings)
        st.error(
            plain(said, 400), title="Not stored; your text is still here", icon=":material/error:"
        )
        return
    st.session_state[_SAVED] = (card.model, chosen)
    for key in ("action", "reason"):
        st.session_state.pop(f"{key}-{card.model}", None)
    st.rerun()


def _confirm(card: Scorecard) -> None:
    saved = st.session_state.get(_SAVED)
    if saved and saved[0] == card.model:
        del st.session_state[_SAVED]
        st.success(
            f"Stored: {saved[1].lower()}. It is in the history below and on the model's page.",
            icon=":material/check_circle:",
        )
