"""``valuekit refresh --dry-run`` and ``valuekit restatements``: what would change, what did."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import islice
from typing import TYPE_CHECKING, Annotated

import typer

from valuekit.api import Workspace
from valuekit.cli.app import DEFAULT_WORKSPACE, Json, WorkspacePath, app
from valuekit.cli.screen import emit, say, table
from valuekit.errors import Finding, StoreError
from valuekit.restatements import moved

if TYPE_CHECKING:
    from valuekit.incremental.plan import Plan
    from valuekit.restatements import Moved
    from valuekit.store.records import RestatementRecord

_SHOWN = 40  # restated figures in the terminal; --json has all

_PLANNED = (
    ("Model", "left"),
    ("Days", "right"),
    ("Rows to read", "right"),
    ("Files", "right"),
    ("Why", "left"),
)
_RESTATED = (
    ("Run", "right"),
    ("Shown since", "left"),
    ("Model", "left"),
    ("Day", "left"),
    ("Figure", "left"),
    ("Before", "right"),
    ("After", "right"),
)


def foresee(
    held: Workspace,
    models: Sequence[str] | None,
    *,
    full: bool,
    since: date | None,
    as_json: bool,
) -> None:
    """Say what a refresh would compute, with rows and bytes to read; nothing is stored."""
    plans = held.plan(models, full=full, since=since)
    if as_json:
        emit({"schema": 1, "models": {name: _plan_json(one) for name, one in plans.items()}})
        return
    table(
        "What a refresh would compute",
        _PLANNED,
        [[name, *_cells(one)] for name, one in plans.items()],
    )
    say("Rows are those of the days themselves; older days may be looked up by key.")


def _cells(one: Plan | None) -> list[str]:
    if one is None:
        return ["all", "unknown", "unknown", "its connector cannot tell what changed"]
    why = one.whole or ("no table changed" if one.idle else _stretches(one))
    rows = f"{one.rows:,}" if not one.idle else "0"
    return [f"{one.days:,}", rows, f"{one.size / 1e6:,.1f} MB", why]


def _stretches(one: Plan) -> str:
    found = [f"{first} to {last}" for first, last in one.ranges]
    return "; ".join([*found, *(["its panel"] if one.panel else [])])


def _plan_json(one: Plan | None) -> dict[str, object]:
    if one is None:
        return {"scope": "all", "why": "its connector cannot tell what changed"}
    return {
        "scope": "all" if one.whole else "none" if one.idle else "days",
        "why": one.whole,
        "days": one.days,
        "ranges": [[first.isoformat(), last.isoformat()] for first, last in one.ranges],
        "rows": 0 if one.idle else one.rows,
        "bytes": one.size,
    }


@app.command()
def restatements(
    model: Annotated[str | None, typer.Argument(help="A model; default all.")] = None,
    *,
    workspace: WorkspacePath = DEFAULT_WORKSPACE,
    run: Annotated[int | None, typer.Option(help="Of one run; default all runs.")] = None,
    as_json: Json = False,
) -> None:
    """Published days that a later refresh found to be another, before and after."""
    held = Workspace.load(workspace)
    if run is not None:
        _there(held, run)
    found = held.restatements(model, run)
    if as_json:
        emit({"schema": 1, "restatements": [_json(one) for one in found]})
        return
    if not found:
        say(
            "No published day was ever restated."
            if run is None
            else f"Run {run} restated no published day."
        )
        return
    figures = list(islice(moved(held.loaded.workspace, found), _SHOWN + 1))
    table("Restated days, newest first", _RESTATED, [_figure(one) for one in figures[:_SHOWN]])
    if len(figures) > _SHOWN:
        say("There are more: --json lists all.")


def _there(held: Workspace, run: int) -> None:
    """Stop at the number of a run that never was."""
    with held.store() as store:
        newest = next(iter(store.runs(1)), None)
    if newest is None or not 1 <= run <= newest.id:
        raise StoreError(
            Finding(
                place="restatements --run",
                value=str(run),
                rule="the store has no run of this number",
                remedy="See the numbers: valuekit runs",
                code="unknown_run",
            )
        )


def _figure(one: Moved) -> list[str]:
    before, after, _ = one.texts
    since = f"{one.at:%Y-%m-%d %H:%M}"
    return [str(one.run), since, one.model, one.day.isoformat(), one.figure, before, after]


def _json(one: RestatementRecord) -> dict[str, object]:
    return {
        "run": one.run,
        "at": one.at.isoformat(),
        "model": one.model,
        "fact": one.fact,
        "day": one.day.isoformat(),
        "before": dict(one.before),
        "after": dict(one.after),
    }
