"""The history of runs on the Data health page: what each did, how long it took, why it failed."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

import streamlit as st

from dashboard import data, ui
from dashboard.format import count, moment, plural
from valuekit.journal import GONE, KILLED
from valuekit.store.records import RunRecord
from valuekit.text import cut, megabytes

_SHOWN = 15
_WHY = 2_000  # characters of a fault: its remedy stands at the end
_FAULTS = 10
_STATES = {"ok": "✓ good", "failed": "✕ failed", "running": "… running"}
_INTERRUPTED = "✕ interrupted"


def runs(shot: data.Snapshot) -> None:
    """The latest runs, newest first, with the cause of each failure below the table."""
    held = [one for one in data.runs(shot) if one.kind == "refresh"][:_SHOWN]
    gone = data.interrupted(shot)
    with ui.card(_title(held, gone), "A run that fails leaves the last good figures untouched"):
        ui.table([_row(one, gone=one.id in gone) for one in held], "Runs, newest first.")
        failed = [one for one in held if one.status == "failed" and one.cause != KILLED]
        if failed:
            label = f"Why {plural(len(failed), 'run')} failed, and what to do"
            # Whoever comes because the last refresh failed reads why without a further step.
            open_ = shot.failed is not None
            with st.expander(label, icon=":material/error:", expanded=open_):
                for one in failed:
                    why = (one.message or "no reason was recorded").splitlines()
                    ui.muted(f"Run {one.id} of {moment(one.started)}: {why[0]}", limit=_WHY)
                    for line in why[1:_FAULTS]:
                        ui.muted(line, limit=_WHY)
                    if len(why) > _FAULTS:
                        ui.muted(f"{len(why) - _FAULTS} more: valuekit runs --json")


def _title(held: list[RunRecord], gone: AbstractSet[int]) -> str:
    ended = [one for one in held if one.status != "running" or one.id in gone]
    if not ended:
        return "The first run is under way"
    now = "; one more is running" if len(ended) < len(held) else ""
    failed = sum(one.status == "failed" and one.cause != KILLED for one in ended)
    cut = sum(_cut(one, gone=one.id in gone) for one in ended)
    of = f"of the last {len(ended)} runs" if len(ended) > 1 else "run"
    if failed:
        return f"{failed + cut} {of} failed{' or were interrupted' if cut else ''}{now}"
    if cut:
        return f"{cut} {of} {'was' if cut == 1 else 'were'} interrupted{now}"
    if len(ended) > 1:
        return f"All {of} succeeded{now}"
    return f"One run, and it succeeded{now}"


def _cut(one: RunRecord, *, gone: bool) -> bool:
    """Whether its process ended before the run did; the run after it notes it as failed."""
    return gone or one.cause == KILLED


def _row(one: RunRecord, *, gone: bool) -> dict[str, object]:
    good = one.status == "ok"
    message = GONE if gone else one.message
    return {
        "Run": f"{one.id}",
        "Started": moment(one.started),
        "State": _INTERRUPTED if _cut(one, gone=gone) else _STATES[one.status],
        "Seconds": "–" if one.status == "running" or one.cause == KILLED else f"{one.seconds:.1f}",
        "Rows read": count(one.rows_read) if good else "–",
        "Facts": count(one.fact_rows) if good else "–",
        "Days replaced": "–" if one.days_replaced is None else count(one.days_replaced),
        "Store": "–" if one.store_bytes is None else megabytes(one.store_bytes),
        "Message": cut(message.splitlines()[0], 160) if message else "–",
    }
