"""The Portfolio page: what all models earned, how sure that is, what needs a decision."""

from __future__ import annotations

import streamlit as st

from dashboard import alts, data, states, ui, words
from dashboard.charts.bridge import bridge
from dashboard.charts.grades import grades
from dashboard.charts.to_date import to_date
from dashboard.filters import Choice, choose
from dashboard.format import amount, figure, money, plain, signed
from dashboard.portfolio_parts import models_table, small_multiples, strip
from valuekit.left_out import said
from valuekit.missing import missing
from valuekit.period_words import of_models
from valuekit.portfolio import Portfolio


def page() -> None:
    """Draw the page."""
    shot = states.require()
    states.banners(shot)
    if not shot.cards:
        ui.headline(f"{shot.name} has no models with figures yet")
        ui.empty(
            "No model has been refreshed",
            "The workspace declares no model, or none has data.",
            "Declare models in valuekit.toml, then run: valuekit refresh",
        )
        return
    # The headline needs the filters and stands above them: a place is kept for it.
    top = st.container()
    choice = choose(shot)
    if not choice.models:
        with top:
            ui.headline("No model matches these filters")
        ui.empty("Nothing to add up", "Area, owner and grade together leave no model.")
        return
    total = data.total(shot, choice.models, choice.period)
    with top:
        ui.headline(
            total.headline,
            f"{of_models(total)}. {words.sum_range(total)}. {shot.name}.",
            data.fresh(shot, choice.models),
            words.measured(total),
            missing(total),
            said(total.left_out),
        )
    strip(shot, choice.models)
    _bridge_and_decisions(shot, choice, total)
    _to_date_and_grades(shot, choice, total)
    small_multiples(shot, choice)
    models_table(shot, choice)
    states.footer(shot)


def _bridge_and_decisions(shot: data.Snapshot, choice: Choice, total: Portfolio) -> None:
    left, right = st.columns([5, 3], gap="small")
    period = of_models(total)
    with left, ui.card(words.kept(total), f"Value less costs by category, {period}"):
        if total.bridge:
            spec = bridge(total.bridge, shot.currency)
            ui.chart(spec, alts.bridge_alt(total.bridge, shot.currency))
        else:
            ui.note("No model has a known value in this period.")
    with right, ui.card(words.decisions_title(len(total.attention)), f"Net value, {period}"):
        _decisions(shot, choice, total)


def _decisions(shot: data.Snapshot, choice: Choice, total: Portfolio) -> None:
    cards = [card for card in shot.cards if card.model in choice.models]
    if not total.attention:
        ui.note(words.none_asks([card.verdict.action for card in cards]))
    with st.container(gap="xsmall"):
        for one in total.attention:
            with st.container(
                horizontal=True, vertical_alignment="center", gap="small", wrap=False
            ):
                st.page_link(
                    ui.MODEL,
                    label=plain(one.title, 60),
                    icon=":material/chevron_right:",
                    icon_position="right",
                    query_params={"model": one.model},
                    width="stretch",
                )
                ui.verdict(one.action)
                shown = figure(one.net) if one.net.known else "–"
                value = one.net.value or 0.0
                st.markdown(
                    f":small[{plain(signed(value, shown))}]", width=66, text_alignment="right"
                )
    saving = words.retire_saving(total, cards)
    if saving:
        st.markdown(f":small[{plain(saving, 300)}]")
    st.page_link(ui.REVIEW, label="**Open the review**", icon=":material/rule:")


def _to_date_and_grades(shot: data.Snapshot, choice: Choice, total: Portfolio) -> None:
    left, right = st.columns([5, 3], gap="small")
    plan = words.against_plan(total.to_date, shot.plan_per_year, shot.currency)
    lacking = "Without models of unknown value. " if total.left_out else ""
    sub = f"Net value since launch. {lacking}Line: best estimate. Band: 95% range. {plan}".strip()
    with left, ui.card(words.standing(total.net), sub):
        if total.to_date:
            spec = to_date(total.to_date, shot.currency, shot.plan_per_year)
            ui.chart(spec, alts.to_date_alt(total.to_date, shot.currency))
        else:
            ui.note("No outcome has matured yet, so nothing can be added up.")
    with right, ui.card(_measured_title(total), "Value before costs, by grade of evidence"):
        ui.chart(grades(total.by_grade, shot.currency), words.measured(total))
        _resolved(total)
        _largest_assumption(shot, choice)


def _measured_title(total: Portfolio) -> str:
    known = [one.value.value or 0.0 for one in total.by_grade]
    held = [one.value.value or 0.0 for one in total.by_grade if one.grade in {"A", "B"}]
    if not sum(known) > 0:
        return "How the value is known"
    return f"{amount(sum(held) / sum(known), 'share')} of the value is measured"


def _resolved(total: Portfolio) -> None:
    open_value = total.measured_unresolved.value
    if open_value and abs(open_value) >= 0.01 * abs(total.value.value or 0.0):
        ui.muted(
            f"{money(open_value, total.currency)} of the measured value cannot be told from zero.",
            small=True,
        )


def _largest_assumption(shot: data.Snapshot, choice: Choice) -> None:
    """Where a measurement would add most to what is known."""
    assumed = [
        (held.value.value, card)
        for card in shot.cards
        if card.model in choice.models
        and (held := card.period(choice.period)) is not None
        and held.value.value is not None
        and held.value.grade == "D"
    ]
    if not assumed:
        return
    value, card = max(assumed, key=lambda pair: pair[0])
    ui.muted(
        f"The largest assumption is {card.title}: {money(value, shot.currency)}. A holdout "
        "there would add most to what is measured.",
        small=True,
    )
    st.page_link(
        ui.MODEL,
        label="See its evidence",
        icon=":material/science:",
        query_params={"model": card.model, "section": "Evidence"},
    )
