"""Parts of the Data health page: what became of every source row, and what was warned of."""

from __future__ import annotations

import streamlit as st

from dashboard import data, ui
from dashboard.format import count, percent, plain, plural
from valuekit.scorecard import IntakeRow

_SHOWN = 8
FATES = {
    "accepted": "used",
    "quarantined": "held back: the row breaks a rule",
    "deduplicated": "dropped: the same row was there already",
    "out_of_window": "not used: outside the declared window",
    "out of window": "not used: outside the declared window",
}


def intake(shot: data.Snapshot) -> None:
    """Source rows by fate and rule, in words."""
    found = [(card.title, one) for card in shot.cards for one in card.health.intake]
    read = sum(one.rows for _, one in found)
    other = [(title, one) for title, one in found if one.fate != "accepted" and one.rows]
    title = "Every source row was used" if not other else _title(other, read)
    with ui.card(
        title, "What became of every row that was read; the fates add up to the rows read"
    ):
        if not found:
            ui.note("No source row was counted.")
            return
        rows = [_row(name, one) for name, one in other] or [_row(name, one) for name, one in found]
        ui.table(rows[:60], "Source rows by model, source, fate and rule.")
        if len(other) > 60:
            ui.muted(f"{len(other) - 60} more lines are in the report.", small=True)


def _title(other: list[tuple[str, IntakeRow]], read: int) -> str:
    rows = sum(one.rows for _, one in other)
    return f"{count(rows)} of {count(read)} rows ({percent(rows / read, 2)}) were not used"


def _row(name: str, one: IntakeRow) -> dict[str, object]:
    rule = one.rule.replace("_", " ") if one.fate != "accepted" else "–"
    return {
        "Model": name,
        "Source": one.source,
        "Rows": count(one.rows),
        "What became of them": FATES.get(one.fate, one.fate),
        "Rule": rule,
    }


def warnings(shot: data.Snapshot) -> None:
    """Warnings of the run, of the models and of the workspace file."""
    said = [(card.title, text) for card in shot.cards for text in card.health.warnings]
    for held in data.run_models(shot):
        card = shot.card(held.model)
        title = card.title if card else held.model
        said += [(title, str(one)) for one in held.findings]
    said += [("All models", str(one)) for one in shot.run.findings]
    said += [("Workspace file", str(one)) for one in shot.findings]
    unique = list(dict.fromkeys(said))
    title = plural(len(unique), "warning") if unique else "No warnings"
    with ui.card(title, "Accepted, but worth knowing"):
        if not unique:
            ui.note("Nothing was found that makes a figure weaker.")
        for name, text in unique[:_SHOWN]:
            _warning(name, text)
        if len(unique) > _SHOWN:
            with st.expander(f"{len(unique) - _SHOWN} more", icon=":material/more_horiz:"):
                for name, text in unique[_SHOWN:100]:
                    _warning(name, text)


def _warning(name: str, text: str) -> None:
    st.markdown(f":orange[:material/warning:] **{plain(name, 80)}:** {plain(text, 400)}")
