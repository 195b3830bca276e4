"""``valuekit restatements``: published days that a later refresh found to be another."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING, Annotated

import typer

from valuekit.api import Workspace
from valuekit.cli.app import DEFAULT_WORKSPACE, Json, WorkspacePath, app
from valuekit.cli.screen import emit, say, table
from valuekit.errors import Finding, StoreError
from valuekit.restatements import moved

if TYPE_CHECKING:
    from valuekit.restatements import Moved
    from valuekit.store.records import RestatementRecord

_SHOWN = 40  # restated figures in the terminal; --json has all
_ALL = 1_000_000  # runs: a run an hour for a century

_RESTATED = (
    ("Run", "right"),
    ("Shown since", "left"),
    ("Model", "left"),
    ("Day", "left"),
    ("Figure", "left"),
    ("Before", "right"),
    ("After", "right"),
)


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
    found = held.restatements(model, run)
    if run is not None and not found:
        _there(held, run)
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
    """Stop at the number of a run that never was, and say which there are."""
    with held.store() as store:
        there = sorted(one.id for one in store.runs(_ALL))
    if run not in there:
        known = ", ".join(_stretches(there)) or "none"
        raise StoreError(
            Finding(
                place="restatements --run",
                value=str(run),
                rule="the store has no run of this number",
                remedy=f"Runs are: {known}. What they did: valuekit runs",
                code="unknown_run",
            )
        )


def _stretches(numbers: Sequence[int]) -> list[str]:
    """Numbers in order as first and last of each stretch.

    >>> _stretches([1, 2, 3, 7, 9, 10])
    ['1 to 3', '7', '9 to 10']
    """
    made: list[tuple[int, int]] = []
    for one in numbers:
        if made and one == made[-1][1] + 1:
            made[-1] = (made[-1][0], one)
        else:
            made.append((one, one))
    return [f"{first}" if first == last else f"{first} to {last}" for first, last in made]


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
