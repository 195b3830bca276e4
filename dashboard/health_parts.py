"""Parts of the Data health page: what was warned of."""

from __future__ import annotations

import streamlit as st

from dashboard import data, ui
from dashboard.format import plain, plural
from valuekit.quarantine.limits import WARNED

_SHOWN = 8


def warnings(shot: data.Snapshot) -> None:
    """Warnings of the run, of the models and of the workspace file."""
    said = [(card.title, text) for card in shot.cards for text in card.health.warnings]
    for held in data.run_models(shot):
        card = shot.card(held.model)
        title = card.title if card else held.model
        said += [(title, str(one)) for one in held.findings]
    said += [("All models", str(one)) for one in shot.run.findings]
    said += [("Workspace file", str(one)) for one in shot.findings]
    # Rules that hold rows back have a card of their own.
    unique = [one for one in dict.fromkeys(said) if f": {WARNED} " not in one[1]]
    some = len(unique) < len(set(said))  # told elsewhere
    title = plural(len(unique), "other warning" if some else "warning")
    if not unique:
        title = "No other warnings" if some else "No warnings"
    with ui.card(title, "Accepted, but worth knowing"):
        if not unique:
            nothing = "Nothing else" if some else "Nothing"
            ui.note(f"{nothing} was found that makes a figure weaker.")
        for name, text in unique[:_SHOWN]:
            _warning(name, text)
        if len(unique) > _SHOWN:
            with st.expander(f"{len(unique) - _SHOWN} more", icon=":material/more_horiz:"):
                for name, text in unique[_SHOWN:100]:
                    _warning(name, text)


def _warning(name: str, text: str) -> None:
    st.markdown(f":orange[:material/warning:] **{plain(name, 80)}:** {plain(text, 400)}")
