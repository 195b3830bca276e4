"""Parts of the Portfolio page: the strip of five, the small multiples and the table."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import partial
from typing import Literal

import pandas as pd
import streamlit as st

from dashboard import data, passport, ui, words
from dashboard.filters import Choice
from dashboard.format import amount, change, figure, money, plain, signed, span
from dashboard.palette import ACTIONS, BLUE, PILLS
from valuekit.estimate import Estimate
from valuekit.portfolio import Portfolio, comparable
from valuekit.scorecard import PeriodFigures, PeriodName, Scorecard, Week

_SMOOTH = 4  # weeks in the moving mean of the trend lines


def strip(shot: data.Snapshot, models: tuple[str, ...]) -> None:
    """Five figures of the last quarter, each with its change and its trend over 12 months."""
    now = data.total(shot, models, "quarter")
    cards = [card for card in shot.cards if card.model in models]
    before = data.total(shot, models, "prior_quarter") if comparable(cards) else None
    weeks = _summed(cards)
    against = "change against the 13 weeks before" if before else "no whole quarter before it"
    with st.container(gap="xsmall"):
        st.markdown(
            ":small[:gray[**Last quarter**: each model's last 13 weeks with complete outcomes "
            f"({plain(span(now.period))}), {against}; the line shows 12 months]]"
        )
        with st.grid(5, min_column_width=150, gap="small"):
            _five(shot, now, before, weeks)


def _five(
    shot: data.Snapshot, now: Portfolio, was: Portfolio | None, weeks: Sequence[Week]
) -> None:
    money_unit = shot.currency
    roi = f"Return per {amount(1, money_unit).removesuffix('.00')} of cost"
    known = now.models - len(now.unknown)
    _metric(
        shot,
        "net",
        "Net value",
        now.net,
        was.net if was else None,
        _means([one.net for one in weeks]),
    )
    _metric(shot, "roi", roi, _in_money(now.roi, money_unit),
            _in_money(was.roi, money_unit) if was else None,
            _ratios([one.net for one in weeks], [one.cost for one in weeks]))  # fmt: skip
    _metric(shot, "cost", "Cost to run", now.cost, was.cost if was else None,
            _means([one.cost for one in weeks]), bad=True)  # fmt: skip
    _metric(shot, "thousand", "Cost per 1k predictions", now.cost_per_thousand,
            was.cost_per_thousand if was else None,
            _ratios([one.cost for one in weeks], [one.predictions / 1000 for one in weeks]),
            bad=True)  # fmt: skip
    _losing(shot, now, known)


def _metric(
    shot: data.Snapshot,
    key: str,
    label: str,
    now: Estimate,
    before: Estimate | None,
    trend: list[float],
    *,
    bad: bool = False,
) -> None:
    moved = None
    if now.value is not None and before is not None and before.value is not None:
        moved = change(now.value, before.value, shot.currency)
    one = passport.figure_of(f"portfolio.{key}", label, now)
    st.metric(
        plain(label),
        figure(now),
        ui.change(moved),
        delta_color=_colour(moved, bad=bad),
        delta_arrow="off" if moved == "0%" else "auto",
        delta_description="vs prior" if moved else None,
        chart_data=trend or None,
        chart_type="line",
        border=True,
        height="stretch",
        help="\n\n".join(
            [
                *filter(None, [plain(words.GLOSSARY.get(key, ""), 300)]),
                passport.text(one, shot.run.id),
            ]
        ),
    )


def _colour(moved: str | None, *, bad: bool) -> Literal["normal", "inverse", "off"]:
    if moved == "0%":
        return "off"
    return "inverse" if bad else "normal"


def _losing(shot: data.Snapshot, now: Portfolio, known: int) -> None:
    cards = [card for card in shot.cards if card.model in now.losing]
    nets = [held.net.value or 0.0 for card in cards if (held := card.period("quarter"))]
    by_week: dict[object, float] = {}
    for card in cards:
        for week in _closed(card.weeks):
            by_week[week.start] = by_week.get(week.start, 0.0) + (week.net or 0.0)
    st.metric(
        "Models losing money",
        f"{len(now.losing)} of {known}",
        ui.change(money(sum(nets), shot.currency)) if nets else None,
        delta_description="their net" if nets else None,
        chart_data=_means(list(by_week.values())) or None,
        chart_type="line",
        border=True,
        height="stretch",
        help="Models with a net value below zero in the quarter; the line is their sum.",
    )


def _summed(cards: Sequence[Scorecard]) -> list[Week]:
    """Weekly sums of the models with a known value, up to the last week closed for all."""
    known = {card.model: _closed(card.weeks) for card in cards}
    ends = [
        weeks[-1].start for card in cards if (weeks := known[card.model]) and card.retired is None
    ]
    by_week: dict[date, list[Week]] = {}
    for weeks in known.values():
        for one in weeks:
            if not ends or one.start <= min(ends):
                by_week.setdefault(one.start, []).append(one)
    return [_sum(start, held) for start, held in sorted(by_week.items())][-52:]


def _sum(start: date, held: Sequence[Week]) -> Week:
    value, net = sum(one.value or 0.0 for one in held), sum(one.net or 0.0 for one in held)
    cost, served = sum(one.cost for one in held), sum(one.predictions for one in held)
    return Week(start, value, cost, net, served, None, mature=True, days=7)


def _in_money(roi: Estimate, currency: str) -> Estimate:
    return roi.scaled(1.0, currency)


def _closed(weeks: Sequence[Week]) -> list[Week]:
    """Weeks that are complete: an open week's value still arrives and would look like a fall."""
    return [one for one in weeks if one.mature and one.net is not None and one.days == 7][-52:]


def _means(values: Sequence[float | None]) -> list[float]:
    held = [one for one in values if one is not None]
    starts = range(len(held) - _SMOOTH + 1)
    return [round(sum(held[at : at + _SMOOTH]) / _SMOOTH, 4) for at in starts]


def _ratios(above: Sequence[float | None], below: Sequence[float]) -> list[float]:
    tops, bottoms = _means(above), _means(below)
    return [round(top / bottom, 4) for top, bottom in zip(tops, bottoms, strict=True) if bottom > 0]


def small_multiples(shot: data.Snapshot, choice: Choice) -> None:
    """Each model's last quarter, its change and its own trend."""
    cards = sorted(_chosen(shot, choice), key=partial(_net, name="quarter"), reverse=True)
    known = [one for one in cards if _net(one, "quarter") != float("-inf")]
    losing = sum(_net(one, "quarter") < 0 for one in known)
    sub = (
        "Net value last quarter, change on the quarter before, and 12-month trend on its own scale"
    )
    title = f"{words.losing_title(losing, len(known))} last quarter"
    with ui.card(title, sub), st.grid(4, min_column_width=150, gap="small"):
        for one in cards:
            _small(shot, one)


def _small(shot: data.Snapshot, one: Scorecard) -> None:
    now, before = one.period("quarter"), one.quarter_before()
    moved = None
    if now and before and now.net.value is not None and before.net.value is not None:
        gap = now.net.value - before.net.value
        moved = ui.change(signed(gap, money(gap, shot.currency)))
    trend = _means([week.net for week in _closed(one.weeks)])
    with st.container(gap=None):
        st.page_link(ui.MODEL, label=plain(one.title, 40), query_params={"model": one.model})
        st.metric(
            plain(one.title, 40),
            figure(now.net) if now else "Unknown",
            moved,
            label_visibility="collapsed",
            chart_data=trend or None,
            chart_type="line",
        )
        if now and not now.net.known:
            ui.muted(now.net.reason, small=True)


def _chosen(shot: data.Snapshot, choice: Choice) -> list[Scorecard]:
    return [card for card in shot.cards if card.model in choice.models]


def _net(card: Scorecard, name: str) -> float:
    held = next((one for one in card.periods if one.name == name), None)
    return held.net.value if held and held.net.value is not None else float("-inf")


def models_table(shot: data.Snapshot, choice: Choice) -> None:
    """Every model as a row."""
    _draw_table(shot.key, choice.period, choice.models, shot, choice)


# Streamlit keeps what a cached function draws and sends it again: formatting a table's cells is
# the dearest part of the page. The key names the data (workspace, version) and the filters.
@st.cache_data(max_entries=64, show_spinner=False)
def _draw_table(
    key: tuple[str, str],
    period: PeriodName,
    models: tuple[str, ...],
    _shot: data.Snapshot,
    _choice: Choice,
) -> None:
    del key, period, models
    shot, choice = _shot, _choice
    label = words.PERIODS[choice.period]
    with ui.card("All models", f"{label}. Select a column header to sort"):
        frame, styled = _table(shot, choice)
        wide = st.column_config
        st.dataframe(
            styled,
            hide_index=True,
            width="stretch",
            height="content",
            row_height=38,
            placeholder="Unknown",
            alt=_table_alt(frame, label),
            column_config={
                "Verdict": wide.MultiselectColumn(
                    options=[word for word, _, _ in ACTIONS.values()], color=list(PILLS), width=185
                ),
                "Model": wide.TextColumn(width="medium"),
                "Net": wide.Column(width=84),  # "Unknown" fits
                "Return": wide.Column(width=84),
                "Weekly net": wide.LineChartColumn("Weekly net, 12 months", color=BLUE),
            },
        )


def _table(shot: data.Snapshot, choice: Choice) -> tuple[pd.DataFrame, object]:
    cards = sorted(_chosen(shot, choice), key=partial(_net, name=choice.period), reverse=True)
    frame = pd.DataFrame([_row(card, card.period(choice.period)) for card in cards])
    unit = shot.currency
    shown = partial(_cell, unit=unit)
    styled = frame.style.format(
        {"Net": shown, "Cost": shown, "Return": shown, "Cost per 1k": shown}
    )
    return frame, styled


def _cell(value: float, unit: str) -> str:
    return amount(value, unit)


def _row(card: Scorecard, held: PeriodFigures | None) -> dict[str, object]:
    thousand = held.cost_per_prediction.value if held else None
    return {
        "Model": card.title,
        "Verdict": [words.action_word(card.verdict.action)],
        "Area": card.area,
        "Weekly net": _means([week.net for week in _closed(card.weeks)])[::2],
        "Net": _number(held.net.value if held else None),
        "Return": _number(held.roi.value if held else None),
        "Cost": _number(held.cost_attributed.value if held else None),
        "Cost per 1k": _number(None if thousand is None else 1000 * thousand),
        "Grade": card.grade or "–",
        "Owner": card.owner,
    }


def _number(value: float | None) -> float:
    # A frame has no other word for unknown; the table shows its placeholder, "Unknown".
    return float("nan") if value is None else value


def _table_alt(frame: pd.DataFrame, label: str) -> str:
    rows = [
        f"{one['Model']}: {', '.join(one['Verdict'])}, grade {one['Grade']}"
        for one in frame.to_dict("records")
    ]
    return f"All models, {label}. " + "; ".join(rows) + "."
