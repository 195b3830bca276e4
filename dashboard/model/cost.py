"""The Cost section: unit costs, categories and their trend."""

from __future__ import annotations

import streamlit as st

from dashboard import data, passport, ui
from dashboard.charts.cost import categories
from dashboard.charts.weekly import cost_per_thousand
from dashboard.format import amount, money, percent, plain, span
from valuekit.period_words import counted
from valuekit.scorecard import CostLine, PeriodFigures, Scorecard

_BASES = {
    "marginal": "ends when the model is retired",
    "shared": "stays when the model is retired",
    "sunk": "already spent",
}


def section(shot: data.Snapshot, card: Scorecard, held: PeriodFigures | None) -> None:
    """Draw the section."""
    if card.unit_costs:
        days = span(card.unit_costs[0].estimate.period)
        ui.muted(
            f"Over all days with data, {days}, open outcomes included; the tile above counts the "
            "days with complete outcomes of the chosen period alone.",
            small=True,
        )
        with st.grid(min(5, len(card.unit_costs)), min_column_width=150, gap="small"):
            for one in card.unit_costs:
                passport.tile(one, shot.run_of(card.model))
    left, right = st.columns(2, gap="small")
    with (
        left,
        ui.card(_title(shot, held), f"Cost by category{days_of(held)}"),
    ):
        if held and held.costs:
            ui.chart(categories(held.costs, shot.currency), _alt(held.costs, shot.currency))
            bases = [basis for basis in _BASES if any(one.basis == basis for one in held.costs)]
            said = "; ".join(f"{basis}: {_BASES[basis]}" for basis in bases)
            ui.muted(f"{said[:1].upper()}{said[1:]}.", small=True)
        else:
            ui.note("No cost is declared or charged in this period.")
    with right, ui.card(_trend_title(shot, card), "Attributed cost of 1,000 predictions, by week"):
        known = [one for one in card.weeks if one.predictions > 0]
        if known:
            ui.chart(cost_per_thousand(card.weeks, shot.currency), _trend_alt(shot, card))
        else:
            ui.note("No prediction was served, so a cost per prediction is not known.")
    if card.health.costed.known and (card.health.costed.value or 0) < 1:
        share = percent(card.health.costed.value or 0.0)
        st.info(plain(f"Only {share} of the predictions have a cost."), icon=":material/info:")


def days_of(held: PeriodFigures | None) -> str:
    """The days whose cost is shown, after a comma."""
    return f", {span(counted(held))}" if held else ""


def _title(shot: data.Snapshot, held: PeriodFigures | None) -> str:
    if held is None or not held.costs:
        return "No costs in this period"
    whole = sum(abs(one.amount) for one in held.costs)
    first = max(held.costs, key=lambda one: abs(one.amount))
    if not whole:
        return "This model costs nothing"
    name = first.category.replace("_", " ")
    share = percent(float(abs(first.amount) / whole), 0)
    total = money(sum(one.amount for one in held.costs), shot.currency)
    return f"{share} of the {total} goes into {name}"


def _alt(lines: tuple[CostLine, ...], currency: str) -> str:
    parts = [f"{one.category}, {one.basis}: {money(one.amount, currency)}" for one in lines]
    return "Costs. " + "; ".join(parts) + "."


def _ends(card: Scorecard) -> tuple[float, float] | None:
    known = [one for one in card.weeks if one.predictions > 0 and one.days == 7]
    if len(known) < 8:
        return None
    costs = [1000 * one.cost / one.predictions for one in known]
    return sum(costs[:4]) / 4, sum(costs[-4:]) / 4


def _trend_title(shot: data.Snapshot, card: Scorecard) -> str:
    ends = _ends(card)
    if ends is None:
        return "Cost per 1,000 predictions"
    first, last = ends
    if not first or abs(last / first - 1) < 0.03:
        return f"A thousand predictions steadily cost {amount(last, shot.currency)}"
    word = "rose" if last > first else "fell"
    return (
        f"A thousand predictions {word} from {amount(first, shot.currency)} "
        f"to {amount(last, shot.currency)}"
    )


def _trend_alt(shot: data.Snapshot, card: Scorecard) -> str:
    return f"{_trend_title(shot, card)}, four-week means at the start and the end."
