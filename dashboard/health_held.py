"""Parts of the Data health page: the rules that hold rows back, and the sum of all rows."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboard import data, ui
from dashboard.format import count, moment, plain, plural
from valuekit.quarantine.limits import State, part
from valuekit.quarantine.rules import named
from valuekit.quarantine.rules import rule as told
from valuekit.quarantine.summary import Example, HeldBack, balances, credit, credited
from valuekit.text import listed

_MODELS = 12  # shown at once; the rest is folded away
_LINES = 60
_ICONS: dict[State, tuple[str, str]] = {
    "counted": (":material/info:", "Within what the workspace allows."),
    "warning": (":material/warning:", "More than the workspace allows without a warning."),
    "failed": (":material/error:", "More than the workspace allows: the next run is refused."),
}


def rules(shot: data.Snapshot) -> None:
    """Model by model the rules with count, share, meaning, remedy and the newest rows."""
    found = data.held(shot)
    models = dict.fromkeys(one.model for one in found)
    with ui.card(_title(found), "Rows that break a rule are left out, counted and kept"):
        if not found:
            ui.note("Every row that was read could be used as it is.")
            return
        ui.muted(
            "Ids of units and customers are masked: the first characters and a hash. "
            "All examples as a file: valuekit quarantine export.",
            small=True,
        )
        order = sorted(models, key=lambda name: -sum(o.rows for o in found if o.model == name))
        for name in order[:_MODELS]:
            _model(shot, name, [one for one in found if one.model == name])
        if len(order) > _MODELS:
            rest = order[_MODELS:]
            with st.expander(f"{plural(len(rest), 'more model')}", icon=":material/more_horiz:"):
                ui.table([_line(shot, one) for one in found if one.model in rest][:_LINES],
                         "Rules of the other models.")  # fmt: skip


def _title(found: Sequence[HeldBack]) -> str:
    if not found:
        return "No row is held back"
    rows = sum(one.rows for one in found)
    models = plural(len({one.model for one in found}), "model")
    severe = sorted({told(one.rule).title for one in found if one.state == "failed"})
    if severe:
        return f"Too many rows break a rule: {listed(severe)}"
    held = plural(rows, "row is held back", "rows are held back")
    return f"{held} in {models}"


def _model(shot: data.Snapshot, name: str, found: Sequence[HeldBack]) -> None:
    card = shot.card(name)
    rows = plural(sum(one.rows for one in found), "row")
    with st.container(gap="xsmall"):
        st.markdown(f"**{plain(card.title if card else name, 80)}** :gray[· {rows} held back]")
        for one in found:
            _rule(one)


def _rule(one: HeldBack) -> None:
    icon, meaning = _ICONS[one.state]
    rule = told(one.rule)
    label = f"{rule.title} · {one.source} · {count(one.rows)} ({part(one.rows, one.read)})"
    with st.expander(plain(label, 160), icon=icon):
        held = f"{count(one.rows)} of {plural(one.read, 'row')} of {one.source}"
        st.markdown(f"**What:** {plain(rule.meaning, 300)}. :gray[{plain(held)}.]")
        st.markdown(f"**Why it matters:** {plain(one.why, 400)}")
        st.markdown(f"**What to do:** {plain(one.remedy, 400)}")
        ui.muted(f"{meaning} Rule: {one.rule}.", small=True)
        if one.examples:
            shown = _shown(len(one.examples), one.rows)
            ui.muted(shown, small=True)
            ui.table([_example(row) for row in one.examples], f"{shown} under {rule.title}.")
        else:
            ui.note("Examples are kept from the next refresh on.")


def _shown(examples: int, rows: int) -> str:
    if examples == rows:
        return "The row" if rows == 1 else f"All {examples} rows"
    return f"The newest {examples} of {plural(rows, 'row')}"


def _example(row: Example) -> dict[str, object]:
    return {
        "Row": row.reference or "–",
        "File": row.where or "–",
        "Column": row.column or "–",
        "Value": row.value or "–",
        "Time": moment(row.at) if row.at else "–",
    }


def _line(shot: data.Snapshot, one: HeldBack) -> dict[str, object]:
    card = shot.card(one.model)
    return {
        "Model": card.title if card else one.model,
        "Source": one.source,
        "Rule": named(one.rule),
        "Rows": count(one.rows),
        "Share": part(one.rows, one.read),
    }


def sums(shot: data.Snapshot) -> None:
    """Conservation: what was read is used, held back, repeated or outside of the window."""
    found = [
        (card.title, one) for card in shot.cards for one in balances(card.model, data.counts(card))
    ]
    read = sum(one.read for _, one in found)
    used = sum(one.accepted for _, one in found)
    title = "Every source row was used"
    if used != read:
        lost = part(read - used, read)
        title = f"{count(read - used)} of {count(read)} rows ({lost}) were not used"
    with ui.card(title, "Read = used + held back + repeated + outside the window, row for row"):
        if not found:
            ui.note("No source row was counted.")
            return
        rows = [
            {
                "Model": name,
                "Source": one.source,
                "Read": count(one.read),
                "Used": count(one.accepted),
                "Held back": count(one.quarantined),
                "Repeated": count(one.deduplicated),
                "Outside window": count(one.out_of_window),
            }
            for name, one in found
        ]
        for card in shot.cards:
            one_of = credit(card.model, data.counts(card))
            if one_of is not None and one_of.uncredited:
                ui.muted(f"{card.title}: {credited(one_of)}", small=True)
        ui.table(rows[:_LINES], "Rows read of each source and what became of them.")
        if len(rows) > _LINES:
            ui.muted(f"{len(rows) - _LINES} more lines: valuekit quarantine.", small=True)
