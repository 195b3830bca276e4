"""Parts of the Data health page: what was warned of."""

from __future__ import annotations

import streamlit as st

from dashboard import data, ui
from dashboard.format import plain, plural
from valuekit.quarantine.limits import WARNED

_SHOWN = 8


def warnings(shot: data.Snapshot) -> None:
    """Warnings of the run, of the models and of the workspace file."""
    titles = {card.model: card.title for card in shot.cards}
    found = [
        (titles.get(held.model, held.model), one)
        for held in data.run_models(shot)
        for one in held.findings
    ]
    found += [("All models", one) for one in shot.run.findings]
    found += [("Workspace file", one) for one in shot.findings]
    said = [(card.title, text) for card in shot.cards for text in card.health.warnings]
    said += [(title, str(one)) for title, one in found]
    infos = {str(one) for _, one in found if one.severity == "info"}
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
            _warning(name, text, info=text in infos)
        if len(unique) > _SHOWN:
            with st.expander(f"{len(unique) - _SHOWN} more", icon=":material/more_horiz:"):
                for name, text in unique[_SHOWN:100]:
                    _warning(name, text, info=text in infos)


def _warning(name: str, text: str, *, info: bool) -> None:
    icon = ":gray[:material/info:]" if info else ":orange[:material/warning:]"
    st.markdown(f"{icon} **{plain(name, 80)}:** {plain(text, 400)}")
