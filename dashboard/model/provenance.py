"""The Provenance section: the run, the statements and the rows behind every figure."""

from __future__ import annotations

import streamlit as st

from dashboard import data, ui
from dashboard.evidence_words import sentence
from dashboard.format import count, day, moment, plain, plural
from valuekit.scope import EVERYTHING
from valuekit.scorecard import PeriodFigures, Scorecard
from valuekit.source import Query
from valuekit.store.records import RunModelRecord, RunRecord, SourceRead


def section(shot: data.Snapshot, card: Scorecard, held: PeriodFigures | None) -> None:
    """Draw the section."""
    del held  # the run is the same whatever period is on show
    found = data.last_of(shot, card.model)
    run = found.run if found else shot.run_of(card.model)
    with ui.card(f"Run {run} made these figures", _finished(shot, run)):
        ui.table(_run(shot, card, run, found), "The run behind the figures.")
    with ui.card("Assumptions", "What is declared, not measured"):
        _assumptions(card)
    for one in data.reads(shot, card.model):
        _read(one)


def _finished(shot: data.Snapshot, run: int) -> str:
    known = {one.id: one.finished or one.started for one in data.runs(shot)}
    known[shot.run.id] = shot.finished
    return f"Finished {moment(known[run])}" if run in known else "Finished long ago"


def _run(
    shot: data.Snapshot, card: Scorecard, run: int, held: RunModelRecord | None
) -> list[dict[str, object]]:
    days = f"{day(held.first)} to {day(held.last)}" if held and held.first and held.last else "none"
    outcomes, mature = held.complete_through if held else None, card.health.mature_through
    made = next((one for one in (shot.run, *data.runs(shot)) if one.id == run), None)
    facts: list[tuple[str, object]] = [
        ("Days with data", days),
        ("Last day of recorded outcomes", day(outcomes) if outcomes else "unknown"),
        ("Predictions with complete outcomes through", day(mature) if mature else "none yet"),
        ("Computed", (held.scope or EVERYTHING) if held else "unknown"),
        ("Source rows read by this run", count(held.rows) if held else "unknown"),
        ("Seconds", f"{held.seconds:.1f}" if held else "unknown"),
        ("Workspace", f"{shot.name}, {_hash(made)}"),
        ("valuekit", made.valuekit_version if made is not None else "unknown"),
    ]
    return [{"What": name, "Value": value} for name, value in facts]


def _hash(made: RunRecord | None) -> str:
    """The first signs of the hash of the file that a run was declared by."""
    return made.workspace_hash[:12] or "no hash" if made is not None else "hash unknown"


def _read(one: SourceRead) -> None:
    """A run that read the sources, and its statements."""
    statements = plural(len(one.queries), "statement")
    title = f"Run {one.run}, the {one.kind}: {statements} read the sources"
    said = [
        f"{plural(one.rows, 'row')} read, {plural(one.days, 'day')} computed, {moment(one.at)}",
        "The text that was run, with its parameters; only aggregates came back",
    ]
    if one.after > 1:
        said.append(f"{plural(one.after, 'run')} of some days followed; the latest is above")
    with ui.card(title, ". ".join(said)):
        if not one.queries:
            ui.note("Its statements are not kept any more.")
        with st.container(gap="xsmall"):
            for query in one.queries:
                _statement(query)


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
