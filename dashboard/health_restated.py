"""Published days that a later run found to be another: the Data health page, and a line elsewhere.

``?restated=MODEL`` shows one model's, above all other cards, so that a copied address leads there.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import streamlit as st

from dashboard import data, ui
from dashboard.format import day, moment, plain, plural, span
from valuekit.estimate import Period
from valuekit.restatements import Moved
from valuekit.scorecard import Scorecard
from valuekit.store.records import RestatedRecord

ASKED = "restated"
RECENT = timedelta(days=30)  # a line beside the figures that is older says nothing new
_GROUPS = 5  # shown at once; the rest is folded away
_FOLDED = 60
_LINES = 40  # figures of a run and model
_ALL = "All models"
_WIDGET = "restated_choice"


def asked(shot: data.Snapshot) -> str:
    """The model whose restated days the address asks for; empty for none."""
    name = st.query_params.get(ASKED, "")
    return name if shot.card(name) else ""


def restated(shot: data.Snapshot) -> None:
    """Run by run which figures of which published days changed, before and after."""
    found = data.restated(shot)
    name = asked(shot)
    shown = [one for one in found if not name or one.model == name]
    sub = "A day is published once its outcome window is closed; later rows may still change it"
    with ui.card(_title(shot, shown, name), sub):
        if not shown:
            ui.note(
                "When late, corrected or deleted rows change a day that was published, it is "
                "listed here with its figures before and after, and stays listed."
            )
        if len({one.model for one in found}) > 1:
            _pick(shot, found)
        for place, one in enumerate(shown[:_GROUPS]):
            _group(shot, one, alone=bool(name), first=place == 0)
        if len(shown) > _GROUPS:
            rest = shown[_GROUPS:]
            with st.expander(f"{len(rest)} earlier", icon=":material/more_horiz:"):
                ui.table([_line(shot, one) for one in rest[:_FOLDED]], "Earlier restatements.")
                if len(rest) > _FOLDED:
                    ui.muted(f"{len(rest) - _FOLDED} more: valuekit restatements.", small=True)


def line(shot: data.Snapshot, card: Scorecard) -> None:
    """Beside a model's figures: which published days the latest runs changed, and the way there."""
    found = [one for one in data.restated(shot) if one.model == card.model]
    recent = [one for one in found if shot.finished - one.at <= RECENT]
    if not recent:
        return
    newest = recent[0]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        days = plural(newest.days, "published day was", "published days were")
        text = f"{days} restated on {day(newest.at.date())} (run {newest.run}): {_days(newest)}."
        st.markdown(f":orange[:material/history:] {plain(text, 300)}", width="content")
        st.page_link(
            ui.HEALTH,
            label="Before and after",
            icon=":material/arrow_forward:",
            query_params={ASKED: card.model},
        )


def _title(shot: data.Snapshot, shown: Sequence[RestatedRecord], name: str) -> str:
    card = shot.card(name) if name else None
    of = f" of {card.title}" if card else ""
    if not shown:
        return f"No published day{of} was ever restated"
    # A day that several runs found to be another is one day.
    n = sum(data.restated_days(shot).get(one, 0) for one in {one.model for one in shown})
    runs = plural(len({one.run for one in shown}), "run")
    models = "" if name else f" of {plural(len({one.model for one in shown}), 'model')}"
    days = plural(n, "published day was", "published days were")
    subject, verb = days.rsplit(" ", 1)
    return f"{subject}{of or models} {verb} restated by {runs}"


def _pick(shot: data.Snapshot, found: Sequence[RestatedRecord]) -> None:
    names = ["", *sorted({one.model for one in found if shot.card(one.model)})]
    now = asked(shot)
    st.session_state[_WIDGET] = now if now in names else ""
    st.selectbox(
        "Model",
        names,
        format_func=lambda name: _name(shot, name) if name else _ALL,
        key=_WIDGET,
        on_change=_to_address,
        width=300,
    )


def _to_address() -> None:
    # The name, not the title, which people change.
    chosen = st.session_state.get(_WIDGET)
    if chosen:
        st.query_params[ASKED] = chosen
    else:
        st.query_params.pop(ASKED, None)


def _name(shot: data.Snapshot, model: str) -> str:
    card = shot.card(model)
    return card.title if card else model


def _days(one: RestatedRecord) -> str:
    """The days, or between which they lie: they need not follow each other."""
    text = span(Period(one.first, one.last))
    whole = one.days == (one.last - one.first).days + 1
    return text if whole else f"between {text.replace(' to ', ' and ', 1)}"


def _group(shot: data.Snapshot, one: RestatedRecord, *, alone: bool, first: bool) -> None:
    days = plural(one.days, "day")
    whose = "" if alone else f"{_name(shot, one.model)} · "
    when = _days(one)
    comma = " " if when.startswith("between") else ", "
    label = f"{whose}{days}{comma}{when} · run {one.run}, {day(one.at.date())}"
    with st.expander(plain(label, 200), icon=":material/history:", expanded=alone and first):
        ui.muted(
            f"Run {one.run} found them: the figures after have been shown since "
            f"{moment(one.at)}, those before until then.",
            small=True,
        )
        figures = data.moved(shot, one, _LINES + 1)
        ui.table([_row(figure) for figure in figures[:_LINES]], _alt(figures[:_LINES]))
        if len(figures) > _LINES:
            ui.muted(f"All: valuekit restatements {one.model} --run {one.run}", small=True)


def _row(one: Moved) -> dict[str, object]:
    before, after, gap = one.texts
    known = one.before is not None and one.after is not None
    text = f"{before} → {after}" + (f" ({gap})" if known else "")
    if one.before is None and one.after is None:
        text = before
    # Three columns: a phone shows all of them without scrolling sideways.
    return {"Day": day(one.day), "Figure": one.figure, "Before → after": text}


def _alt(figures: Sequence[Moved]) -> str:
    said = [
        f"{day(one.day)}, {one.figure}: {one.texts[0]}, now {one.texts[1]}" for one in figures[:3]
    ]
    return f"Restated figures, newest day first. {'. '.join(said)}."


def _line(shot: data.Snapshot, one: RestatedRecord) -> dict[str, object]:
    return {
        "Model": _name(shot, one.model),
        "Days restated": str(one.days),
        "From": day(one.first),
        "To": day(one.last),
        "Run": str(one.run),
        "Shown since": moment(one.at),
    }
