"""The Data health page: how fresh, complete and clean the data behind the figures is."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from dashboard import data, states, ui
from dashboard.evidence_words import sentence
from dashboard.format import count, day, figure, moment, percent, plural
from dashboard.health_held import rules, sums
from dashboard.health_look import general, problems
from dashboard.health_parts import warnings
from dashboard.health_restated import asked, restated
from dashboard.health_runs import runs
from valuekit.scorecard import Scorecard
from valuekit.text import cut, listed

_LINES = 8  # models named with what to look at
_SAID = 2  # sentences of each


def page() -> None:
    """Draw the page."""
    shot = states.require()
    states.banners(shot, whole=True)
    found = problems(shot)
    ui.headline(_title(shot, found), _lead(shot))
    _strip(shot)
    # Who follows a link to restated days finds them first.
    first = bool(asked(shot))
    if first:
        restated(shot)
    if shot.cards:
        with ui.card(_models_title(shot, found), "How far each model's data reaches"):
            _look(shot, found)
            ui.table([_row(card) for card in shot.cards], "Freshness and coverage by model.")
            _unknown(shot)
    rules(shot)
    sums(shot)
    if not first:
        restated(shot)
    warnings(shot)
    runs(shot)
    states.footer(shot)


def _title(shot: data.Snapshot, found: Mapping[str, list[str]]) -> str:
    if data.cut_off(shot) is not None:
        return "The last refresh was interrupted; the figures are those of the last good run"
    if shot.failed is not None:
        return "The last refresh failed; the figures are those of the run before"
    if not shot.cards:
        return "No model has data yet"
    return _to_look_at(shot, found) if found else _complete(shot)


def _to_look_at(shot: data.Snapshot, found: Mapping[str, list[str]]) -> str:
    if len(shot.cards) == 1:
        return "The model has something to look at"
    if len(found) == len(shot.cards):
        whose = "Both" if len(found) == 2 else f"All {len(found)}"
        return f"{whose} models have something to look at"
    models = plural(len(found), "model has", "models have")
    return f"{models} something to look at; the others are complete"


def _complete(shot: data.Snapshot) -> str:
    n = len(shot.cards)
    whose = {1: "the model", 2: "both models"}.get(n, f"all {n} models")
    more = general(shot)
    beside = f", with {plural(more, 'warning')}" if more else ""
    return f"The data of {whose} is complete{beside}"


def _lead(shot: data.Snapshot) -> str:
    made = f"Run {shot.run.id} finished {moment(shot.finished)}."
    return f"{made} {data.through(shot)}." if shot.cards else made


def _strip(shot: data.Snapshot) -> None:
    age = _age(data.age_hours(shot))
    rows = [one for card in shot.cards for one in card.health.intake]
    read = sum(one.rows for one in rows)
    good = sum(one.rows for one in rows if one.fate == "accepted")
    held_back = sum(one.rows for one in rows if one.fate == "quarantined")
    missing = sum(card.health.missing_days for card in shot.cards)
    with st.grid(5, min_column_width=150, gap="small"):
        st.metric("Age of the figures", age, border=True, height="stretch")
        st.metric("Rows read", count(read), border=True, height="stretch")
        used = percent(good / read, 2) if read else "–"
        st.metric("Rows used", used, border=True, height="stretch")
        st.metric("Rows held back", count(held_back), border=True, height="stretch")
        st.metric("Days without data", count(missing), border=True, height="stretch")


def _age(hours: float) -> str:
    """Hours as a few words; the first are counted in minutes."""
    if hours < 2:
        minutes = int(hours * 60)
        return f"{minutes} min" if minutes > 0 else "under 1 min"
    return f"{hours:.0f} h" if hours < 48 else plural(int(hours // 24), "day")


def _models_title(shot: data.Snapshot, found: Mapping[str, list[str]]) -> str:
    if not found:
        return "No model has a gap in its data"
    titles = [card.title for card in shot.cards if card.model in found]
    return f"Look at {listed(titles, 3)}"


def _look(shot: data.Snapshot, found: Mapping[str, list[str]]) -> None:
    """What it is that should be looked at; all of it is told in full further down."""
    lines = []
    for card in shot.cards:
        said = found.get(card.model, [])
        if said:
            more = f" And {len(said) - _SAID} more, below." if len(said) > _SAID else ""
            lines.append(f"{card.title}: {cut(' '.join(said[:_SAID]), 300)}{more}")
    if lines:
        ui.listing(lines[:_LINES])
    if len(lines) > _LINES:
        ui.muted(f"{len(lines) - _LINES} more models have something; see below.", small=True)


def _unknown(shot: data.Snapshot) -> None:
    """Why a coverage is unknown: models with the same reason together."""
    whys: dict[str, list[str]] = {}
    for card in shot.cards:
        one = card.health.coverage
        if one.value is None and one.reason:
            whys.setdefault(one.reason, []).append(card.title)
    for reason, titles in list(whys.items())[:_LINES]:
        ui.muted(f"The coverage of {listed(titles)} is unknown. {sentence(reason)}", small=True)


def _row(card: Scorecard) -> dict[str, object]:
    held = card.health

    def shown(value: object) -> str:
        return day(value) if hasattr(value, "year") else "–"  # type: ignore[arg-type]

    return {
        "Model": card.title,
        "Coverage": figure(held.coverage),
        "With a cost": figure(held.costed),
        "Last prediction": shown(held.last_prediction),
        "Last outcome": shown(held.last_outcome),
        "Mature through": shown(held.mature_through),
        "Days waiting": count(held.immature_days),
        "Days missing": count(held.missing_days),
    }
