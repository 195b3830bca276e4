"""Who was compared with whom, and what the estimate found when it checked itself."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from dashboard import evidence_words as say
from dashboard import ui
from dashboard.format import amount, count, percent, plain
from valuekit.scorecard import Arm, EvidenceReport


def arms(one: EvidenceReport) -> None:
    """A column for each arm: counts first, then what was seen in it."""
    total = sum(arm.units for arm in one.arms)
    noun = say.counted(one.design)
    title = f"{count(total)} {noun.lower()} were compared"
    if one.arms and all(arm.mean is None for arm in one.arms):
        title = f"{count(total)} {noun.lower()} so far, none of them compared yet"
    with ui.card(title, "Who was compared with whom"):
        ui.table(_columns(one, noun), f"Arms of the {say.DESIGNS.get(one.design, one.design)}.")


def _columns(one: EvidenceReport, noun: str) -> list[dict[str, object]]:
    unit = one.effect.unit.partition("/")[0]

    def mean(value: float | None) -> str:
        return "Unknown" if value is None else amount(value, unit)

    facts: list[tuple[str, Callable[[Arm], str]]] = [
        (noun, lambda arm: count(arm.units)),
        ("With an outcome", _matched),
        ("Mean", lambda arm: mean(arm.mean)),
        ("Spread (SD)", lambda arm: mean(arm.sd)),
        ("Above zero", lambda arm: "Unknown" if arm.nonzero is None else count(arm.nonzero)),
    ]
    return [
        {"Arm": name, **{say.arm_name(arm): shown(arm) for arm in one.arms}}
        for name, shown in facts
    ]


def _matched(arm: Arm) -> str:
    if arm.matched is None:
        return "Unknown"
    share = f" ({percent(arm.matched / arm.units)})" if arm.units else ""
    return f"{count(arm.matched)}{share}"


def checks(one: EvidenceReport) -> None:
    """Every check with icon and word, what it looked for and what it found; the worst first."""
    title = say.checks_title(one.diagnostics)
    with (
        ui.card(title, "What the estimate found when it checked itself"),
        st.grid(2, min_column_width=300, gap=("small", "large")),
    ):
        for check in say.worst_first(one.diagnostics):
            found = plain(say.sentence(check.text), 400)
            st.markdown(f"{ui.status_mark(check.status)} **{plain(check.name)}**  \n{found}")
