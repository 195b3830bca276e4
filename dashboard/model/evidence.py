"""The Evidence section: why the money is believed to be due to the model."""

from __future__ import annotations

import streamlit as st

from dashboard import alts, data, passport, ui, words
from dashboard.charts import evidence as charts
from dashboard.charts.accuracy import ranked
from dashboard.format import amount, count, figure, interval, percent, plain
from valuekit.scorecard import EvidenceReport, Figure, PeriodFigures, Scorecard

_DESIGNS = {
    "holdout": "Randomised holdout",
    "payoff": "Payoff matrix",
    "baseline_forecast": "Against a baseline forecast",
    "hours_saved": "Hours saved",
}


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
        _report(shot, one, index)


def _report(shot: data.Snapshot, one: EvidenceReport, index: int) -> None:
    run = shot.run.id
    design = _DESIGNS.get(one.design, one.design)
    role = "carries the headline" if one.primary else "a second opinion"
    left, right = st.columns([5, 3], gap="small")
    with left, ui.card(one.title, f"{design} on {one.metric or 'the outcome'}; {role}"):
        _effect(one, run)
    with right, ui.card(_grade_title(one), "Grade of the money; the worst link decides"):
        _grade(one)
    if one.arms:
        with ui.card("Arms", "Who was compared with whom"):
            ui.table(_arms(one), f"Arms of the {design}.")
    if one.diagnostics:
        with ui.card(_checks_title(one), "Checks that the estimate ran on itself"):
            _checks(one)
    both = bool(one.timeline) and bool(one.others)
    left, right = st.columns(2, gap="small") if both else (st.container(), st.container())
    if one.timeline:
        with left, ui.card("How the effect settled", "Effect to date, descriptive at every date"):
            spec = charts.timeline(one.timeline, one.effect.unit)
            ui.chart(spec, _timeline_alt(one))
    if one.others:
        with right, ui.card("Other figures of this design"):
            figures(one.others, run, f"evidence-{index}")
    with ui.card("What would settle it"):
        st.markdown(plain(one.settle or "Nothing further is needed at this size.", 600))
        with st.expander("Formula and source", icon=":material/function:"):
            st.markdown(plain(one.formula, 800))
            ui.muted(one.source, small=True)


def _effect(one: EvidenceReport, run: int) -> None:
    title = words.effect_title(one.effect, one.metric or "the outcome")
    glossary = f"{words.GLOSSARY['uplift']}\n\n{words.GLOSSARY['range']}"
    st.markdown(f"**{plain(title)}**", help=glossary)
    if one.effect.known:
        ui.chart(charts.effect(one.effect), alts.effect_alt(one.effect))
        unit = one.effect.unit.partition("/")[2] or "unit"
        relative = (
            f" Relative lift {figure(one.relative)}, {interval(one.relative)}."
            if (one.relative.known)
            else ""
        )
        ui.muted(f"Effect per {unit}: {figure(one.effect)}, {interval(one.effect)}.{relative}")
    else:
        ui.note(one.effect.reason)
    with st.container(horizontal=True, gap="small"):
        for key, label, held in (
            ("money", "Money", one.money),
            ("effect", "Effect", one.effect),
            ("relative", "Relative lift", one.relative),
        ):
            made = Figure(f"evidence.{key}", label, held, one.formula, one.source)
            passport.popover(made, run, f"{label}: {figure(held)}")


def _grade_title(one: EvidenceReport) -> str:
    if one.grade is None:
        return "No grade: the money is unknown"
    return f"Grade {one.grade} for the money"


def _grade(one: EvidenceReport) -> None:
    with st.container(horizontal=True, gap="small"):
        ui.grade(one.grade)
        if one.effect_grade and one.effect_grade != one.grade:
            st.badge(f"Effect alone: {one.effect_grade}", color="gray")
    for reason in one.grade_reasons:
        st.markdown(f"- {plain(reason, 300)}")
    if not one.grade_reasons:
        ui.note("No reason was recorded.")


def _arms(one: EvidenceReport) -> list[dict[str, object]]:
    unit = one.effect.unit.partition("/")[0]
    return [
        {
            "Arm": arm.name,
            "Role": arm.role,
            "Units": count(arm.units),
            "With outcome": f"{count(arm.matched)} ({percent(arm.matched / arm.units)})"
            if arm.units
            else count(arm.matched),
            "Mean": "Unknown" if arm.mean is None else amount(arm.mean, unit),
            "Spread (SD)": "Unknown" if arm.sd is None else amount(arm.sd, unit),
            "Above zero": count(arm.nonzero),
        }
        for arm in one.arms
    ]


def _checks_title(one: EvidenceReport) -> str:
    failed = sum(check.status == "failed" for check in one.diagnostics)
    missing = sum(check.status == "not run" for check in one.diagnostics)
    if not failed and not missing:
        return (
            f"All {len(one.diagnostics)} checks passed"
            if _all_passed(one)
            else "Checks passed with warnings"
        )
    said = [f"{failed} failed"] if failed else []
    said += [f"{missing} could not be run"] if missing else []
    return f"Of {len(one.diagnostics)} checks {' and '.join(said)}"


def _all_passed(one: EvidenceReport) -> bool:
    return all(check.status == "passed" for check in one.diagnostics)


def _checks(one: EvidenceReport) -> None:
    for check in one.diagnostics:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            ui.status(check.status)
            st.markdown(f"**{plain(check.name)}**", width="content")
            st.markdown(plain(check.text, 400), width="content")


def _timeline_alt(one: EvidenceReport) -> str:
    last = one.timeline[-1]
    unit = one.effect.unit
    return (
        f"Effect to date over {len(one.timeline)} dates, at the end {amount(last.value, unit)}, "
        f"95% range {amount(last.low, unit)} to {amount(last.high, unit)}."
    )


def figures(held: tuple[Figure, ...], run: int, key: str) -> None:
    """Figures as lines: label, value, range, passport."""
    for index, one in enumerate(held):
        with st.container(
            horizontal=True, vertical_alignment="center", gap="small", key=f"{key}-{index}"
        ):
            st.markdown(plain(one.label), width="stretch")
            st.markdown(f"**{plain(figure(one.estimate))}**", width="content")
            shown = interval(one.estimate) if one.estimate.known else one.estimate.reason
            st.markdown(f":small[:gray[{plain(shown, 200)}]]", width="content")
            passport.popover(one, run, "How")


__all__ = ["figures", "ranked", "section"]
