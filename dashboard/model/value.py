"""The Value section: from value to net, week by week and to date."""

from __future__ import annotations

import streamlit as st

from dashboard import alts, data, ui, words
from dashboard.charts.bridge import bridge
from dashboard.charts.to_date import to_date
from dashboard.charts.weekly import net_by_week
from dashboard.format import money
from valuekit.period_words import of_model
from valuekit.scorecard import PeriodFigures, Scorecard


def section(shot: data.Snapshot, card: Scorecard, held: PeriodFigures | None) -> None:
    """Draw the section."""
    left, right = st.columns(2, gap="small")
    with left:
        _bridge(shot, card, held)
    with right:
        _to_date(shot, card)
    weeks = tuple(one for one in card.weeks if one.net is not None)
    with ui.card("Net value, week by week", "Pale bars: weeks whose outcomes still arrive"):
        if weeks:
            spec = net_by_week(card.weeks, shot.currency)
            ui.chart(spec, alts.net_weeks_alt(weeks, shot.currency))
        else:
            ui.note("No week has a known value yet.")


def _bridge(shot: data.Snapshot, card: Scorecard, held: PeriodFigures | None) -> None:
    title = "From value to net value"
    if held and held.value.value and held.net.value is not None and held.value.value > 0:
        kept = held.net.value / held.value.value
        gone = money(-held.net.value, shot.currency)
        title = (
            f"{kept:.0%} of the value is left after costs"
            if held.net.value >= 0
            else f"Costs exceed the value by {gone}"
        )
    days = f", {of_model(held, card.as_of)}" if held else ""
    with ui.card(title, f"Value less attributed cost, by category{days}"):
        if held and held.bridge:
            ui.chart(
                bridge(held.bridge, shot.currency), alts.bridge_alt(held.bridge, shot.currency)
            )
        if held is None or not held.value.known:
            ui.note(held.value.reason if held else "There is no data in this period.")


def _to_date(shot: data.Snapshot, card: Scorecard) -> None:
    whole = card.period("all")
    title = words.standing(whole.net) if whole else "Net value is not known yet"
    with ui.card(title, "Net value since launch. Band: 95% range, descriptive at every date"):
        if card.to_date:
            spec = to_date(card.to_date, shot.currency, None, 280)
            ui.chart(spec, alts.to_date_alt(card.to_date, shot.currency))
        else:
            ui.note(whole.net.reason if whole else "No outcome has matured yet.")
