"""Verbs that read the last good run: show, ledger, report, decide."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from valuekit.api import Workspace
from valuekit.cli import story
from valuekit.cli.app import DEFAULT_WORKSPACE, Json, PeriodOption, WorkspacePath, app
from valuekit.cli.files import free, write_atomically
from valuekit.cli.ledger_table import print_ledger
from valuekit.cli.screen import emit, say
from valuekit.report.build import FORMATS, Format
from valuekit.scorecard import Action


@app.command()
def show(
    model: Annotated[str | None, typer.Argument(help="A model; default the portfolio.")] = None,
    *,
    workspace: WorkspacePath = DEFAULT_WORKSPACE,
    period: PeriodOption = "year",
    as_json: Json = False,
) -> None:
    """What the models earned after costs, how sure that is, and what to do."""
    held = Workspace.load(workspace)
    if as_json:
        emit(story.model_json(held, model) if model else story.portfolio_json(held, period))
    elif model:
        story.print_model(held, model, period)
    else:
        story.print_portfolio(held, period)


@app.command()
def ledger(
    model: Annotated[str, typer.Argument(help="Name of the model.")],
    day: Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"], help="Day, YYYY-MM-DD.")],
    *,
    workspace: WorkspacePath = DEFAULT_WORKSPACE,
    as_json: Json = False,
) -> None:
    """The stored facts of one model and day, vectors unpacked."""
    content = Workspace.load(workspace).ledger(model, _day(day))
    if as_json:
        emit(content)
    else:
        print_ledger(content)


def _day(moment: datetime) -> date:
    return moment.date()


@app.command()
def report(
    model: Annotated[str | None, typer.Argument(help="A model; default the portfolio.")] = None,
    *,
    workspace: WorkspacePath = DEFAULT_WORKSPACE,
    fmt: Annotated[
        Format | None,
        typer.Option("--format", "-f", help="csv or xlsx; default: by the ending of --out."),
    ] = None,
    period: PeriodOption = "year",
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="File or folder to write to.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace a file that is there already.")
    ] = False,
) -> None:
    """Write a report whose every number can be traced."""
    chosen = _format(fmt, out)
    held = Workspace.load(workspace)
    if out is not None and not out.is_dir():
        free(out, force=force)  # before it is built, and noted as an export
    made = held.report(
        "model" if model else "portfolio",
        chosen,
        models=[model] if model else None,
        period=period,
    )
    path = out / made.name if out and out.is_dir() else out or Path(made.name)
    free(path, force=force)
    write_atomically(path, made.data)
    unnoted = (
        "" if made.noted else " The store cannot be written here now: the export is not noted."
    )
    say(f"Wrote {path} ({len(made.data):,} bytes).{unnoted}")


def _format(asked: Format | None, out: Path | None) -> Format:
    """The format that was asked for, else that of the file's ending; both must be the same.

    Raises:
        typer.BadParameter: the ending says another format, or one that is not written.
    """
    ending = "" if out is None or out.is_dir() else out.suffix.lower().removeprefix(".")
    if not ending:
        return asked or "xlsx"
    meant = next((one for one in FORMATS if one == ending), None)
    if meant is None:
        message = f"no report is written as .{ending}: name a file with .{' or .'.join(FORMATS)}."
        raise typer.BadParameter(message, param_hint="--out")
    if asked not in {None, meant}:
        message = f"{asked} does not belong into a file with .{ending}: name it .{asked}."
        raise typer.BadParameter(message, param_hint="--out")
    return meant


@app.command()
def decide(
    model: Annotated[str, typer.Argument(help="Name of the model.")],
    action: Annotated[Action, typer.Argument(help="keep, watch, retrain, retire, ...")],
    *,
    reason: Annotated[str, typer.Option(help="Why.")],
    person: Annotated[str, typer.Option(help="Who decides.")],
    workspace: WorkspacePath = DEFAULT_WORKSPACE,
) -> None:
    """Store a decision; it is kept for good beside the figures it rests on."""
    made = Workspace.load(workspace).decide(model, action, reason, person)
    say(f"Stored: {made.model} -> {made.action}, by {made.person}, on run {made.run}.")
