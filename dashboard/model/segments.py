"""The Segments section: who gains and who loses. Exploratory, never added up."""

from __future__ import annotations

import streamlit as st

from dashboard import data, ui
from dashboard.charts.forest import forest
from dashboard.format import count, figure, interval
from valuekit.scorecard import Figure, PeriodFigures, Scorecard, SegmentRow


def section(shot: data.Snapshot, card: Scorecard, held: PeriodFigures | None) -> None:
    """Draw the section."""
    del shot, held  # segments are shown over all mature days
    if not card.segments:
        ui.empty(
            "No segments are declared",
            "Segments show where a model works and where it does not.",
            'Add segments = ["region"] to the model\'s predictions in valuekit.toml.',
        )
        return
    groups: dict[str, list[SegmentRow]] = {}
    for one in card.segments:
        groups.setdefault(one.segment.partition("=")[0], []).append(one)
    for name, rows in groups.items():
        _group(name, rows)
    st.caption(
        "Segments were not registered beforehand: with many of them, some differ by chance. "
        "They are a place to look, and are never added up."
    )


def _group(name: str, rows: list[SegmentRow]) -> None:
    with ui.card(_title(name, rows), f"Effect by {name}, with 95% ranges"):
        known = tuple(
            Figure(f"segment.{one.segment}", _value(one), one.effect)
            for one in rows
            if one.effect.known
        )
        if known:
            ui.chart(forest(known[:20], zero=_crosses(known[:20])), _alt(name, rows))
        with st.expander("All values", icon=":material/table_rows:"):
            ui.table([_row(one) for one in rows], f"Effect and performance by {name}.")


def _crosses(known: tuple[Figure, ...]) -> bool:
    """Whether the line of no effect lies among the ranges; far from them it would squeeze them."""
    lows = [one.estimate.low for one in known if one.estimate.low is not None]
    highs = [one.estimate.high for one in known if one.estimate.high is not None]
    return bool(lows) and min(lows) <= 0 <= max(highs)


def _value(one: SegmentRow) -> str:
    return one.segment.partition("=")[2] or one.segment


def _title(name: str, rows: list[SegmentRow]) -> str:
    losing = [_value(one) for one in rows if one.effect.high is not None and one.effect.high < 0]
    if losing:
        return f"By {name}: {', '.join(losing[:3])} clearly lose"
    known = [one for one in rows if one.effect.value is not None]
    if not known:
        return f"By {name}: no effect is known"
    best = max(known, key=lambda one: one.effect.value or 0.0)
    return f"By {name}: highest in {_value(best)}"


def _alt(name: str, rows: list[SegmentRow]) -> str:
    return f"Effect by {name}. " + "; ".join(f"{_value(one)} {figure(one.effect)}" for one in rows)


def _row(one: SegmentRow) -> dict[str, object]:
    effect = f"{figure(one.effect)}, {interval(one.effect)}" if one.effect.known else ""
    return {
        "Value": _value(one),
        "Predictions": count(one.predictions),
        "Effect": effect or f"Unknown: {one.effect.reason}",
        "Performance": figure(one.performance),
    }
