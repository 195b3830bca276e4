"""The history of runs on the Data health page: what each did, how long it took, why it failed."""

from __future__ import annotations

import streamlit as st

from dashboard import data, ui
from dashboard.format import count, moment, plural
from valuekit.store.records import RunRecord
from valuekit.text import megabytes

_SHOWN = 15
_STATES = {"ok": "✓ good", "failed": "✕ failed", "running": "… running"}


def runs(shot: data.Snapshot) -> None:
    """The latest runs, newest first, with the cause of each failure below the table."""
    held = [one for one in data.runs(shot) if one.kind == "refresh"][:_SHOWN]
    with ui.card(_title(held), "A run that fails leaves the last good figures untouched"):
        ui.table([_row(one) for one in held], "Runs, newest first.")
        failed = [one for one in held if one.status == "failed" and one.message]
        if failed:
            with st.expander(f"Why {plural(len(failed), 'run')} failed", icon=":material/error:"):
                for one in failed:
                    ui.muted(f"Run {one.id}: {one.message[:600]}")


def _title(held: list[RunRecord]) -> str:
    failed = sum(one.status == "failed" for one in held)
    if failed:
        return f"{failed} of the last {len(held)} runs failed"
    if len(held) > 1:
        return f"All of the last {len(held)} runs succeeded"
    return "One run, and it succeeded"


def _row(one: RunRecord) -> dict[str, object]:
    good = one.status == "ok"
    return {
        "Run": f"{one.id}",
        "Started": moment(one.started),
        "State": _STATES[one.status],
        "Seconds": f"{one.seconds:.1f}",
        "Rows read": count(one.rows_read) if good else "–",
        "Facts": count(one.fact_rows) if good else "–",
        "Days replaced": "–" if one.days_replaced is None else count(one.days_replaced),
        "Store": "–" if one.store_bytes is None else megabytes(one.store_bytes),
        "Message": one.message.splitlines()[0][:160] if one.message else "–",
    }
