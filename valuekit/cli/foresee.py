"""``valuekit refresh --dry-run`` and ``valuekit restatements``: what would change, what did."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from valuekit.api import Workspace
from valuekit.cli.app import DEFAULT_WORKSPACE, Json, WorkspacePath, app
from valuekit.cli.screen import emit, say, table
from valuekit.text import plural

if TYPE_CHECKING:
    from valuekit.incremental.plan import Plan
    from valuekit.store.records import RestatementRecord

_SHOWN = 40  # restated days in the terminal; --json has all

_PLANNED = (
    ("Model", "left"),
    ("Days", "right"),
    ("Rows to read", "right"),
    ("Files", "right"),
    ("Why", "left"),
)
_RESTATED = (
    ("Run", "right"),
    ("Model", "left"),
    ("Day", "left"),
    ("Fact", "left"),
    ("What changed", "left"),
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
    found = Workspace.load(workspace).restatements(model, run)
    if as_json:
        emit({"schema": 1, "restatements": [_json(one) for one in found]})
        return
    if not found:
        say("No published day was ever restated.")
        return
    table(
        "Restated days, newest first",
        _RESTATED,
        [
            [str(one.run), one.model, one.day.isoformat(), one.fact, _change(one)]
            for one in found[:_SHOWN]
        ],
    )
    if len(found) > _SHOWN:
        say(f"{plural(len(found) - _SHOWN, 'more')}: --json lists all.")


def _change(one: RestatementRecord) -> str:
    """Sums that are not what they were."""
    if not one.before:
        return "was not there"
    if not one.after:
        return "is no longer there"
    names = [name for name in one.after if one.before.get(name) != one.after[name]]
    moved = [f"{name} {_short(one.before.get(name))} → {_short(one.after[name])}" for name in names]
    return ", ".join(moved[:4]) or "its split by key"


def _short(value: object) -> str:
    return f"{value:,.6g}" if isinstance(value, float) else str(value)


def _json(one: RestatementRecord) -> dict[str, object]:
    return {
        "run": one.run,
        "model": one.model,
        "fact": one.fact,
        "day": one.day.isoformat(),
        "before": dict(one.before),
        "after": dict(one.after),
    }
