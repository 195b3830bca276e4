"""The Provenance section: the run, the statements and the rows behind every figure."""

from __future__ import annotations

import streamlit as st

from dashboard import data, ui
from dashboard.evidence_words import sentence
from dashboard.format import count, day, moment, plain, plural
from valuekit.scorecard import PeriodFigures, Scorecard
from valuekit.source import Query


def section(shot: data.Snapshot, card: Scorecard, held: PeriodFigures | None) -> None:
    """Draw the section."""
    del held  # the run is the same whatever period is on show
    made = moment(shot.finished)
    with ui.card(f"Run {shot.run.id} made these figures", f"Finished {made}"):
        ui.table(_run(shot, card), "The run behind the figures.")
    with ui.card("Assumptions", "What is declared, not measured"):
        _assumptions(card)
    statements = data.queries(shot, card.model)
    title = f"{plural(len(statements), 'statement')} read the sources"
    with ui.card(title, "The text that was run, with its parameters; only aggregates came back"):
        if not statements:
            ui.note("No statement was recorded for this run.")
        with st.container(gap="xsmall"):
            for one in statements:
                _statement(one)


def _run(shot: data.Snapshot, card: Scorecard) -> list[dict[str, object]]:
    held = next((one for one in data.run_models(shot) if one.model == card.model), None)
    days = f"{day(held.first)} to {day(held.last)}" if held and held.first and held.last else "none"
    outcomes = held.complete_through if held else None
    facts: list[tuple[str, object]] = [
        ("Days with data", days),
        ("Outcomes complete through", day(outcomes) if outcomes else "unknown"),
        ("Source rows read", count(held.rows) if held else "unknown"),
        ("Seconds", f"{held.seconds:.1f}" if held else "unknown"),
        ("Workspace", f"{shot.name}, {shot.run.workspace_hash[:12] or 'no hash'}"),
        ("valuekit", shot.run.valuekit_version),
    ]
    return [{"What": name, "Value": value} for name, value in facts]


def _assumptions(card: Scorecard) -> None:
    found = [
        f"{note_text}"
        for one in card.evidence
        for note_text in (*one.money.notes, *one.effect.notes)
    ]
    reasons = [reason for one in card.evidence if one.grade == "D" for reason in one.grade_reasons]
    said = list(dict.fromkeys([*reasons, *found]))
    if not said:
        ui.note("No figure of this model rests on a declared assumption.")
    if said:
        ui.listing([sentence(one) for one in said])


def _statement(one: Query) -> None:
    label = f"{one.name}: {plural(one.rows, 'row')}, {one.seconds:.2f} s"
    with st.expander(plain(label), icon=":material/database:"):
        st.code(one.sql, language="sql", wrap_lines=True)
        if one.parameters:
            pairs = ", ".join(f"{name} = {value}" for name, value in one.parameters.items())
            ui.muted(f"Parameters: {pairs}", small=True)
