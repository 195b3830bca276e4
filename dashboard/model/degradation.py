"""The Degradation section: performance by week, what changed and what it cost, drift."""

from __future__ import annotations

import streamlit as st

from dashboard import alts, data, passport, ui, words
from dashboard.charts.drift import drift
from dashboard.charts.weekly import performance
from dashboard.format import count, day, figure, plain
from valuekit.scorecard import Change, Degradation, Drift, Figure, PeriodFigures, Scorecard

_TEXT = 820  # pixels of a line that is still easy to read


def section(shot: data.Snapshot, card: Scorecard, held: PeriodFigures | None) -> None:
    """Draw the section."""
    del held  # change is looked for in the whole history
    one = card.degradation
    changes = tuple(change for change in one.changes if change.series == "performance")
    title = words.change_title(one.changes, one.performance_name, shot.currency)
    with ui.card(title, _sub(one)):
        known = [week for week in card.weeks if week.performance is not None]
        if known:
            spec = performance(card.weeks, changes, one.performance_name)
            ui.chart(spec, alts.weeks_alt(card.weeks, one.performance_name))
        else:
            ui.note("No week has labels yet, so performance is not known.")
        if one.text and not one.changes:
            ui.muted(one.text)
        if one.trend:
            passport.popover(
                one.trend,
                shot.run_of(card.model),
                f"{one.trend.label}: {figure(one.trend.estimate)}",
            )
    if one.changes:
        with ui.card("What changed", "Each change with its date, its range and its price"):
            for change in one.changes:
                _change(shot.run_of(card.model), one, change)
    _drifts(one)


def _sub(one: Degradation) -> str:
    better = "higher is better" if one.performance_better == "higher" else "lower is better"
    return f"{one.performance_name} by week, {better}. Hollow points: outcomes still arrive"


def _change(run: int, one: Degradation, change: Change) -> None:
    lost = Figure(
        "degradation.lost",
        "Money lost since",
        change.lost,
        f"({one.performance_name} or value before less after) priced over the days since",
    )
    label = figure(change.lost) if change.lost.known else "price unknown"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        said = f"**{plain(day(change.day))}**  \n{plain(change.text, 400)}"
        # On a phone the button goes below: a text of this width leaves no room beside it.
        with st.container(width=_TEXT):
            st.markdown(said)
        passport.popover(lost, run, f"Lost since: {label}")


def _drifts(one: Degradation) -> None:
    if not one.drifts:
        with ui.card("Drift of the scores"):
            ui.note("There are too few scored days to compare a recent window with a reference.")
        return
    columns = st.columns(min(2, len(one.drifts)), gap="small")
    for index, held in enumerate(one.drifts):
        with columns[index % len(columns)]:
            _drift(held)


def _drift(held: Drift) -> None:
    name = held.name.replace("_", " ")
    title = f"The {name} has drifted" if held.alert else f"The {name} lies where it did"
    sub = f"{count(held.n_reference)} reference against {count(held.n_current)} recent predictions"
    with ui.card(title, sub):
        if held.bins:
            ui.chart(drift(held), alts.drift_alt(held))
        mark = ui.status_mark("warning" if held.alert else "passed")
        st.markdown(f"{mark} :small[:gray[{plain(held.text or _psi(held), 300)}]]")


def _psi(held: Drift) -> str:
    psi = "unknown" if held.psi is None else f"{held.psi:.3g}"
    limit = "" if held.threshold is None else f"; an alert needs more than {held.threshold:.3g}"
    return f"Population stability index {psi}{limit}."
