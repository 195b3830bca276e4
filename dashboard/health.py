"""The Data health page: how fresh, complete and clean the data behind the figures is."""

from __future__ import annotations

import streamlit as st

from dashboard import data, states, ui
from dashboard.format import count, day, figure, moment, percent, plural
from dashboard.health_held import rules, sums
from dashboard.health_parts import warnings
from dashboard.health_restated import asked, restated
from dashboard.health_runs import runs
from valuekit.scorecard import Scorecard

_FLOOR = 0.9


def page() -> None:
    """Draw the page."""
    shot = states.require()
    states.banners(shot)
    found = [card for card in shot.cards if _problems(card)]
    ui.headline(_title(shot, found), _lead(shot))
    _strip(shot)
    # Who follows a link to restated days finds them first.
    first = bool(asked(shot))
    if first:
        restated(shot)
    if shot.cards:
        with ui.card(_models_title(found), "How far each model's data reaches"):
            ui.table([_row(card) for card in shot.cards], "Freshness and coverage by model.")
    rules(shot)
    sums(shot)
    if not first:
        restated(shot)
    warnings(shot)
    runs(shot)
    states.footer(shot)


def _title(shot: data.Snapshot, found: list[Scorecard]) -> str:
    if shot.failed is not None:
        return "The last refresh failed; the figures are those of the run before"
    if not shot.cards:
        return "No model has data yet"
    if found:
        if len(shot.cards) == 1:
            return "The model has something to look at"
        if len(found) == len(shot.cards):
            return f"All {len(found)} models have something to look at"
        models = plural(len(found), "model has", "models have")
        return f"{models} something to look at; the others are complete"
    return f"The data of all {len(shot.cards)} models is complete"


def _lead(shot: data.Snapshot) -> str:
    made = moment(shot.finished)
    last = max((card.as_of for card in shot.cards if card.as_of), default=None)
    return f"Run {shot.run.id} finished {made}." + (f" Data until {day(last)}." if last else "")


def _problems(card: Scorecard) -> list[str]:
    held = card.health
    found = list(held.warnings)
    if held.coverage.value is not None and held.coverage.value < _FLOOR:
        found.append(f"Only {percent(held.coverage.value)} of predictions found their outcome.")
    if held.missing_days:
        found.append(f"{plural(held.missing_days, 'day has', 'days have')} no data.")
    return found


def _strip(shot: data.Snapshot) -> None:
    hours = data.age_hours(shot)
    age = f"{hours:.0f} h" if hours < 48 else plural(int(hours // 24), "day")
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


def _models_title(found: list[Scorecard]) -> str:
    if not found:
        return "No model has a gap in its data"
    names = ", ".join(card.title for card in found[:3])
    return f"Look at {names}" + (f" and {len(found) - 3} more" if len(found) > 3 else "")


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
