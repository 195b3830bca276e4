"""The Reports page: pick what, over which time, as which file; look at it; download it."""

from __future__ import annotations

from functools import partial

import pandas as pd
import streamlit as st

from dashboard import data, states, ui, words
from dashboard.filters import pick_model, read_period
from dashboard.format import amount, count, moment, plural, span
from valuekit.errors import StoreError
from valuekit.period_words import counted, of_models
from valuekit.report.build import Format, ReportKind, file_name
from valuekit.report.stamp import in_words
from valuekit.scorecard import PeriodName, Scorecard

_COLUMNS = {
    # As wide as the card on a laptop's screen, together.
    "Model": st.column_config.TextColumn(width=164, pinned=True),
    "Verdict": st.column_config.TextColumn(width=145),
    **{
        name: st.column_config.TextColumn(width=77, alignment="right")
        for name in ("Value", "Cost", "Net")
    },
    "Grade": st.column_config.TextColumn(width=58),
    "Predictions": st.column_config.TextColumn(width=90, alignment="right"),
    "Days counted": st.column_config.TextColumn(width=182),
}
_KINDS: dict[str, ReportKind] = {"Portfolio": "portfolio", "One model": "model"}
_FORMATS: dict[str, tuple[Format, str]] = {
    "Excel": ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "CSV": ("csv", "text/csv"),
}


def page() -> None:
    """Draw the page."""
    shot = states.require()
    states.banners(shot)
    ui.headline(
        "Take the figures with you",
        "Every number with its range, method, grade, formula and source; the file names its run.",
    )
    if not shot.cards:
        ui.empty("There is nothing to export yet", "", "Run: valuekit refresh")
        return
    left, right = st.columns([2, 5], gap="small")
    with left, ui.card("What to export"):
        kind, models, period, shape = _choose(shot)
    with right:
        _preview(shot, kind, models, period, shape)
    _exported(shot)
    states.footer(shot)


def _choose(shot: data.Snapshot) -> tuple[ReportKind, tuple[str, ...], PeriodName, str]:
    titles = {card.model: card.title for card in shot.cards}
    kind = _pick("Report", "kind", list(_KINDS))
    if _KINDS[kind] == "model":
        card = pick_model(shot.cards, titles, label="Model", hidden=False, width=300)
        models: tuple[str, ...] = (card.model if card else shot.cards[0].model,)
    else:
        chosen = st.multiselect(
            "Models",
            list(titles),
            format_func=lambda name: titles.get(name, name),
            key="models",
            bind="query-params",
            placeholder="All models",
        )
        models = tuple(chosen or titles)
    named = {label: name for name, label in words.PERIODS.items()}
    read_period()
    period = st.selectbox(
        "Period", list(named), key="period", bind="query-params", persist_state="session"
    )
    shape = _pick("Format", "format", list(_FORMATS))
    return _KINDS[kind], models, named[period], shape


def _pick(label: str, key: str, options: list[str]) -> str:
    made = st.segmented_control(
        label, options, default=options[0], required=True, key=key, bind="query-params"
    )
    return made or options[0]


def _preview(
    shot: data.Snapshot, kind: ReportKind, models: tuple[str, ...], period: PeriodName, shape: str
) -> None:
    total = data.total(shot, models, period)
    cards = [card for card in shot.cards if card.model in models]
    fmt, mime = _FORMATS[shape]
    meta = data.stamp(shot)
    name = file_name(kind, models, period, fmt, meta)
    title = total.headline if kind == "portfolio" else cards[0].headline
    tables = "one flat table of every figure" if fmt == "csv" else "a workbook with all tables"
    with ui.card(title, f"{of_models(total)}. {name}: {tables}"):
        frame = pd.DataFrame([_row(card, period) for card in cards])
        st.dataframe(
            frame,
            hide_index=True,
            width="stretch",
            height="content",
            alt="Preview of the report.",
            column_config=_COLUMNS,
        )
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.download_button(
                f"Download {shape}",
                # Built when it is clicked, not on every look at the page.
                partial(_build, shot, kind, models, period, fmt),
                file_name=name,
                mime=mime,
                key="download",
                icon=":material/download:",
                on_click="ignore",
            )
            made = in_words([card.model for card in cards], meta)
            ui.muted(f"{plural(len(cards), 'model')}, {made}", small=True)


def _build(
    shot: data.Snapshot, kind: ReportKind, models: tuple[str, ...], period: PeriodName, fmt: Format
) -> bytes:
    return data.report(shot, kind, models, period, fmt).data


def _row(card: Scorecard, period: PeriodName) -> dict[str, str]:
    held = card.period(period)

    def shown(name: str) -> str:
        if held is None:
            return "Unknown"
        one = getattr(held, name)
        return amount(one.value, one.unit)

    return {
        "Model": card.title,
        "Verdict": words.action_word(card.verdict.action),
        "Value": shown("value"),
        "Cost": shown("cost_attributed"),
        "Net": shown("net"),
        "Grade": card.grade or "–",
        "Predictions": count(held.predictions) if held else "0",
        "Days counted": span(counted(held)) if held else "none",
    }


def _exported(shot: data.Snapshot) -> None:
    try:
        held = data.exports(shot)
    except StoreError as error:
        ui.note(str(error.findings[0].rule))
        return
    with ui.card(
        "What was exported", "Name, run, time and hash of each file; its content is not kept"
    ):
        if not held:
            ui.note("Nothing yet. An export appears here the next time the page is loaded.")
            return
        rows = [
            {
                "File": one.name,
                "Made": moment(one.at),
                "Run": f"{one.run}",
                "Size": f"{one.size / 1000:,.0f} kB",
                "SHA-256": one.sha256[:12],
            }
            for one in held[:20]
        ]
        ui.table(rows, "Files that were exported, newest first.")
