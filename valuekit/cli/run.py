"""Verbs that run something: refresh, app."""

from __future__ import annotations

import sys
from datetime import date, datetime
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer
from rich.progress import (
    BarColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from valuekit import journal
from valuekit.api import Workspace, models_are
from valuekit.cli.app import DEFAULT_WORKSPACE, Json, WorkspacePath, app
from valuekit.cli.failure import as_dict
from valuekit.cli.foresee import foresee
from valuekit.cli.log import logged
from valuekit.cli.read_so_far import read_so_far
from valuekit.cli.screen import ERR, complain, emit, printable, say
from valuekit.cli.step_words import step
from valuekit.errors import ValuekitError
from valuekit.text import plural

if TYPE_CHECKING:
    from valuekit.refresh import RunOutcome

NO_SCHEDULER = (
    "valuekit has no scheduler of its own: cron or a systemd timer starts `valuekit refresh`; "
    "deploy/README.md of the project has both ready to copy"
)


@app.command()
def refresh(
    models: Annotated[list[str] | None, typer.Argument(help="Models; default all.")] = None,
    *,
    workspace: WorkspacePath = DEFAULT_WORKSPACE,
    full: Annotated[bool, typer.Option("--full", help="Everything, whatever changed.")] = False,
    since: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], metavar="DAY", help="At least the days from here on."),
    ] = None,
    accept_gone: Annotated[
        bool,
        typer.Option("--accept-gone", help="Go on where data ends earlier than at the last run."),
    ] = False,
    accept_bad_day: Annotated[
        bool,
        typer.Option("--accept-bad-day", help="Go on where a day is bad as a whole."),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be computed; store nothing.")
    ] = False,
    as_json: Json = False,
    log: Annotated[
        str | None,
        typer.Option(
            "--log",
            envvar="VALUEKIT_LOG",
            metavar="FILE",
            help="Append what happens as JSON lines; - for standard error.",
        ),
    ] = None,
    every: Annotated[str | None, typer.Option("--every", hidden=True)] = None,
) -> None:
    """Pull what changed where the data lies, assess every model, store one run."""
    if every is not None:
        raise typer.BadParameter(NO_SCHEDULER, param_hint="--every")
    start = since.date() if since is not None else None
    if full and start is not None:
        raise typer.BadParameter(
            "--full computes every day already: ask for one of the two.", param_hint="--since"
        )
    with logged(log):
        held = _loaded(workspace)
        _known(held, models or [])
        _not_ahead(held, start)
        if dry_run:
            foresee(
                held,
                models or None,
                full=full,
                since=start,
                as_json=as_json,
                accept_gone=accept_gone,
            )
            return
        outcome = _refreshed(
            held,
            models or None,
            full=full,
            since=start,
            accept_gone=accept_gone,
            accept_bad_day=accept_bad_day,
        )
    complain(outcome.findings)
    if as_json:
        emit(_json(outcome))
    else:
        say(
            f"Run {outcome.run}: {plural(len(outcome.models), 'model')}, "
            f"{plural(outcome.rows_read, 'row')} read, {plural(outcome.fact_rows, 'fact')} stored "
            f"in {outcome.seconds:.1f} s."
        )
        if outcome.restated:
            days = plural(outcome.restated, "published day")
            say(f"{days} restated: valuekit restatements shows them before and after.")


def _loaded(path: Path) -> Workspace:
    """The workspace; a mistake in its file is a run refused, and the log says so."""
    try:
        return Workspace.load(path)
    except ValuekitError as error:
        journal.failed(error, None, 0.0)
        raise


def _known(held: Workspace, models: list[str]) -> None:
    """Stop at names of models that nobody declared: the command is wrong, not the data."""
    declared = held.loaded.workspace.models
    strangers = [name for name in models if name not in declared]
    if strangers:
        raise typer.BadParameter(
            f"{', '.join(strangers)}: the workspace declares no such model. "
            f"{models_are(strangers, declared)}",
            param_hint="MODELS",
        )


def _not_ahead(held: Workspace, since: date | None) -> None:
    """Stop at a day that has not come: there is nothing to compute, so something else was meant."""
    settings = held.loaded.workspace.workspace
    today = datetime.now(ZoneInfo(settings.timezone)).date()
    last = max(today, settings.as_of or today)
    if since is not None and since > last:
        which = f"today in {settings.timezone}" if last == today else "`as_of` of the workspace"
        raise typer.BadParameter(
            f"{since} lies in the future: the last day that can be asked for is {last}, {which}.",
            param_hint="--since",
        )


def _refreshed(
    held: Workspace,
    models: list[str] | None,
    *,
    full: bool,
    since: date | None,
    accept_gone: bool,
    accept_bad_day: bool,
) -> RunOutcome:
    with _bar() as bar, read_so_far() as done:
        task = bar.add_task("starting", total=1.0, done="")

        def progress(model: str, text: str, share: float) -> None:
            said = printable(step(model, text))
            bar.update(task, completed=share, description=said, done=str(done))

        outcome = held.refresh(
            models,
            full=full,
            since=since,
            accept_gone=accept_gone,
            accept_bad_day=accept_bad_day,
            progress=progress,
        )
        bar.update(task, completed=1.0, description="done", done=str(done))
    return outcome


def _bar() -> Progress:
    """What is done, rows and days read, the share done, the time gone and what is left of it."""
    return Progress(
        TextColumn("{task.description}", markup=False),
        TextColumn("{task.fields[done]}", markup=False),
        BarColumn(bar_width=24),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=ERR,
        disable=not sys.stderr.isatty(),
        transient=True,
    )


def _json(outcome: RunOutcome) -> dict[str, object]:
    return {
        "schema": 1,
        "ok": True,
        "run": outcome.run,
        "models": list(outcome.models),
        "rows_read": outcome.rows_read,
        "fact_rows": outcome.fact_rows,
        "seconds": round(outcome.seconds, 3),
        "scopes": {part.model: part.why for part in outcome.parts},
        "restated_days": outcome.restated,
        "warnings": [str(one) for one in outcome.findings],
        "findings": [as_dict(one) for one in outcome.findings],
    }


@app.command(name="app")
def serve(
    *,
    workspace: WorkspacePath = DEFAULT_WORKSPACE,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port on 127.0.0.1.")] = 8501,
) -> None:
    """Serve the dashboard on 127.0.0.1."""
    # The library does not import the dashboard: the door is found by name, as connectors are.
    door = next(iter(entry_points(group="valuekit.doors", name="app")), None)
    if door is None:
        say("The dashboard is not installed.", "bold red")
        raise typer.Exit(1)
    raise typer.Exit(door.load()(workspace.resolve(), port))
