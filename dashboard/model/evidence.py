"""The Evidence section: why the money is believed to be due to the model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import streamlit as st

from dashboard import alts, data, passport, ui, words
from dashboard import evidence_words as say
from dashboard.charts.forest import forest
from dashboard.format import percent, plain
from dashboard.model.evidence_checks import arms, checks
from dashboard.model.evidence_panels import panels
from valuekit.scorecard import EvidenceReport, Figure, PeriodFigures, Scorecard
from valuekit.uplift.valued import partly

Draw = Callable[[], None]
_PER = (", per unit", ", per row", ", per day", "Effect per day, ")
_LEAD = "evidence.effect"


def section(shot: data.Snapshot, card: Scorecard, held: PeriodFigures | None) -> None:
    """Draw the section."""
    del held  # evidence is judged over all mature days, whatever period is on show
    if not card.evidence:
        ui.empty(
            "No evidence is declared for this model",
            "Without a design no money can be claimed for it.",
            "Add [[models.NAME.evidence]] to valuekit.toml.",
        )
    for index, one in enumerate(card.evidence):
        _report(shot.run_of(card.model), one, index)


def _report(run: int, one: EvidenceReport, index: int) -> None:
    left, right = st.columns([5, 3], gap="small")
    with left, ui.card(say.effect_title(one), say.design_line(one)):
        _finding(one, run)
    with right, ui.card(say.grade_title(one), "The weakest link decides"):
        _grade(one)
    drawn = panels(one, run, index)
    if one.arms:
        drawn.insert(min(1, len(drawn)), lambda: arms(one))
    _in_pairs(drawn)
    if one.diagnostics:
        checks(one)


def _in_pairs(drawn: list[Draw]) -> None:
    """Two cards a row; one that is left over has the row for itself."""
    for place in range(0, len(drawn), 2):
        pair = drawn[place : place + 2]
        for column, draw in zip(st.columns(len(pair), gap="small"), pair, strict=True):
            with column:
                draw()


def _finding(one: EvidenceReport, run: int) -> None:
    glossary = f"{words.GLOSSARY['uplift']}\n\n{words.GLOSSARY['range']}"
    st.markdown(plain(say.sentence(one.title), 600), help=glossary)
    if not one.effect.known and one.effect.reason not in one.title:
        ui.note(say.sentence(one.effect.reason))
    _three(one, run)
    if left := partly(one.unvalued):
        ui.note(say.sentence(left))
    lines = by_method(one)
    if lines:
        st.markdown(f":small[:gray[{plain(_methods_sub(one, len(lines)), 200)}]]")
        ui.chart(forest(lines, _LEAD), alts.figures_alt(lines))


def _three(one: EvidenceReport, run: int) -> None:
    """Money, effect and relative lift, each with its range and its passport."""
    unit = one.effect.unit.partition("/")[2].replace("_", " ") or "unit"
    with st.grid(3, min_column_width=140, gap="small"):
        for key, label, held in (
            ("money", "Money to date", one.money),
            ("effect", f"Effect per {unit}", one.effect),
            ("relative", "Relative lift", one.relative),
        ):
            if key == "relative" and not held.known and one.effect.known:
                continue
            made = Figure(f"evidence.{key}", label, held, one.formula, one.source)
            passport.tile(made, run, border=False)


def by_method(one: EvidenceReport) -> tuple[Figure, ...]:
    """The effect by every method that gives it in the same unit, the leading one first."""
    if not one.effect.known:
        return ()
    unit = one.effect.unit
    others = [
        replace(held, label=_short(held.label))
        for held in one.others
        if held.key.startswith("uplift.") and held.estimate.known and held.estimate.unit == unit
    ]
    return (*_readings(one), *others)


def _readings(one: EvidenceReport) -> tuple[Figure, ...]:
    reading = one.reading
    if reading is None:
        return (Figure(_LEAD, say.method_name(one.effect), one.effect),)
    held = {
        "sequence": ("Holds on every day one looks", reading.sequence_effect),
        "fixed": ("Holds for one look at a set date", reading.fixed_effect),
    }
    ordered = ("sequence", "fixed") if reading.kind == "sequence" else ("fixed", "sequence")
    return tuple(
        Figure(_LEAD if kind == reading.kind else f"evidence.{kind}", *held[kind])
        for kind in ordered
    )


def _short(label: str) -> str:
    """A label without the unit, which the card names once."""
    made = label
    for part in _PER:
        made = made.replace(part, "")
    return made[:1].upper() + made[1:]


def _methods_sub(one: EvidenceReport, lines: int) -> str:
    level = percent(one.effect.level, 0)
    if lines == 1:
        return f"Best estimate and its {level} range"
    return f"The same effect by each method, with {level} ranges; bold: the one that counts"


def _grade(one: EvidenceReport) -> None:
    with st.container(horizontal=True, gap="small"):
        ui.grade(one.grade)
        if one.effect_grade and one.effect_grade != one.grade:
            st.badge(f"Effect alone: {one.effect_grade}", color="gray")
    reasons = [say.sentence(reason) for reason in one.grade_reasons]
    ui.listing(reasons or ["No reason was recorded."])
    settle = plain(say.sentence(one.settle), 600)
    st.markdown(f"**{say.settle_title(one)}**  \n{settle}")
    if one.reading is not None:
        ui.muted(f"How it is read: {one.reading.why}", small=True)
        _p_value(one)
    with st.expander("Formula and source", icon=":material/function:"):
        st.markdown(plain(say.sentence(one.formula), 800))
        ui.muted(one.source, small=True)
        if one.effect.method:
            ui.muted(f"Method: {one.effect.method}", small=True)


def _p_value(one: EvidenceReport) -> None:
    reading = one.reading
    if reading is None or reading.p_value is None:
        return
    shown = "under 0.001" if reading.p_value < 0.001 else f"{reading.p_value:.3f}"
    ui.muted(
        f"p-value {shown} ({reading.p_kind}); {percent(reading.information, 0)} of the planned "
        "information is in.",
        small=True,
    )
