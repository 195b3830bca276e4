"""The verb that lists runs: what they did, how long they took, why they failed."""

from __future__ import annotations

from typing import Annotated

import typer

from valuekit.api import Workspace
from valuekit.cli.app import DEFAULT_WORKSPACE, Json, WorkspacePath, app
from valuekit.cli.screen import emit, say, table
from valuekit.journal import GONE, KILLED
from valuekit.store.records import RunRecord
from valuekit.text import cut, megabytes, plural

_STATES = {"ok": "good", "failed": "failed", "running": "running"}


@app.command()
def runs(
    *,
    workspace: WorkspacePath = DEFAULT_WORKSPACE,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many.")] = 20,
    as_json: Json = False,
) -> None:
    """The latest runs of any outcome, newest first."""
    with Workspace.load(workspace).store() as store:
        found, gone = store.runs(limit), store.interrupted()
    if as_json:
        emit({"schema": 1, "runs": [_json(one, gone=one.id in gone) for one in found]})
        return
    columns = [
        ("Run", "right"),
        ("Started, UTC", "left"),
        ("State", "left"),
        ("Seconds", "right"),
        ("Rows read", "right"),
        ("Facts", "right"),
        ("Days", "right"),
        ("Store", "right"),
        ("Why", "left"),
    ]
    table("", columns, (_row(one, gone=one.id in gone) for one in found))
    failed = sum(one.status == "failed" or one.id in gone for one in found)
    say(f"{plural(len(found), 'run')}, {failed} failed. A failed run changes no figure.")
    last = next((one for one in found if one.status == "failed" and one.cause != KILLED), None)
    if last is not None:
        say(f"Why run {last.id} failed, in full:")
        for line in (last.message or "no reason was recorded").splitlines():
            say(line)


def _row(one: RunRecord, *, gone: bool) -> tuple[str, ...]:
    good = one.status == "ok"
    killed = gone or one.cause == KILLED  # by whom, and when, nobody noted
    state = "interrupted" if killed else _STATES[one.status]
    message = GONE if gone else one.message
    return (
        str(one.id),
        f"{one.started:%Y-%m-%d %H:%M:%S}",
        state if one.kind == "refresh" else one.kind,
        "" if killed or one.status == "running" else f"{one.seconds:,.1f}",
        f"{one.rows_read:,}" if good else "",
        f"{one.fact_rows:,}" if good else "",
        "" if one.days_replaced is None else f"{one.days_replaced:,}",
        "" if one.store_bytes is None else megabytes(one.store_bytes),
        _first(message),
    )


def _first(message: str) -> str:
    """The first line of a message, and how many more there are."""
    line, *more = message.splitlines() or [""]
    return cut(line, 160) + (f" (and {len(more)} more: valuekit runs --json)" if more else "")


def _json(one: RunRecord, *, gone: bool) -> dict[str, object]:
    return {
        "run": one.id,
        "kind": one.kind,
        "status": "interrupted" if gone else one.status,
        "started": one.started.isoformat(),
        "finished": None if one.finished is None else one.finished.isoformat(),
        "seconds": round(one.seconds, 3),
        "rows_read": one.rows_read,
        "fact_rows": one.fact_rows,
        "days_replaced": one.days_replaced,
        "store_bytes": one.store_bytes,
        "complete": one.complete,
        "cause": one.cause,
        "message": one.message,
        "holder": one.holder,
        "version": one.valuekit_version,
    }
