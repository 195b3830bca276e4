"""Verbs of holdouts: plan, register, assign, check, status."""

from __future__ import annotations

import dataclasses
import json
from datetime import datetime
from typing import Annotated, cast

import typer
from pydantic import TypeAdapter

from valuekit.api import Workspace
from valuekit.cli.app import DEFAULT_WORKSPACE, Json, WorkspacePath, app
from valuekit.cli.screen import emit, say, table
from valuekit.holdouts import HoldoutStatus
from valuekit.planning import HoldoutPlan, Reading, described, rest, to_log, to_paste
from valuekit.uplift.assignment import DIALECTS, assign, assignment_sql

holdout = typer.Typer(
    name="holdout",
    help="Leave a random share without the model and see what it is worth.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(holdout)

Model = Annotated[str, typer.Argument(help="Name of the model.")]
Start = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d"], help="First day of exposure; default tomorrow."),
]
Share = Annotated[float | None, typer.Option(help="Control share; default the cheapest.")]
DaysOption = Annotated[int | None, typer.Option(help="Days of exposure; default as needed.")]
ReadingOption = Annotated[
    Reading, typer.Option(help="watched: read every day. fixed: one look, at the end.")
]
PerDay = Annotated[float | None, typer.Option("--per-day", help="Units a day, if not known.")]
Sd = Annotated[float | None, typer.Option(help="Standard deviation of a unit's outcome, money.")]
Effect = Annotated[float | None, typer.Option(help="Money a unit that is to be told from zero.")]


@holdout.command()
def plan(
    model: Model,
    *,
    start: Start = None,
    share: Share = None,
    days: DaysOption = None,
    reading: ReadingOption = "watched",
    per_day: PerDay = None,
    sd: Sd = None,
    effect: Effect = None,
    workspace: WorkspacePath = DEFAULT_WORKSPACE,
    as_json: Json = False,
) -> None:
    """Share, dates, units, what can be seen and what it costs. Stores nothing."""
    made = Workspace.load(workspace).holdouts.plan(
        model,
        start=start.date() if start else None,
        share=share,
        days=days,
        reading=reading,
        per_day=per_day,
        sd=sd,
        effect=effect,
    )
    if as_json:
        emit({"schema": 1, "plan": TypeAdapter(HoldoutPlan).dump_python(made, mode="json")})
        return
    _print_plan(made)
    say("Nothing is stored. To go on: valuekit holdout register, with the same options.")


def _print_plan(made: HoldoutPlan) -> None:
    table(f"Holdout of {made.model}", [("What", "left"), ("How much", "left")], described(made))


@holdout.command()
def register(
    model: Model,
    *,
    person: Annotated[str, typer.Option(help="Who registers it.")],
    start: Start = None,
    share: Share = None,
    days: DaysOption = None,
    reading: ReadingOption = "watched",
    salt: Annotated[str | None, typer.Option(help="Default: model and start.")] = None,
    per_day: PerDay = None,
    sd: Sd = None,
    effect: Effect = None,
    workspace: WorkspacePath = DEFAULT_WORKSPACE,
    as_json: Json = False,
) -> None:
    """Store a plan before its start, for good, and say what to paste and to log."""
    held = Workspace.load(workspace)
    made = held.holdouts.plan(
        model,
        start=start.date() if start else None,
        share=share,
        days=days,
        reading=reading,
        per_day=per_day,
        sd=sd,
        effect=effect,
    )
    one = held.holdouts.register(made, person=person, salt=salt)
    declared = held.loaded.workspace.models[model]
    lines, column = to_paste(declared, one), to_log(declared, one)
    if as_json:
        content = {"registered": one.day.isoformat(), **one.content}
        emit({"schema": 1, "registration": content, "toml": lines, "log": column})
        return
    _print_plan(made)
    say(f"Registered on {one.day}. Salt: {one.content['salt']}", "bold")
    say("Lines for the workspace file:", "bold")
    typer.echo(lines)
    say(column)


@holdout.command(name="assign")
def assignment(
    model: Model,
    *,
    dialect: Annotated[str, typer.Option(help=f"One of: {', '.join(DIALECTS)}.")] = "duckdb",
    column: Annotated[str, typer.Option(help="Column of the unit.")] = "unit",
    unit: Annotated[list[str] | None, typer.Option(help="Units to deal here.")] = None,
    on: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Day on which units are dealt; default today."),
    ] = None,
    workspace: WorkspacePath = DEFAULT_WORKSPACE,
    as_json: Json = False,
) -> None:
    """The registered assignment as SQL, or the arm of single units."""
    if dialect not in DIALECTS:
        raise typer.BadParameter(f"dialects are: {', '.join(DIALECTS)}", param_hint="--dialect")
    one = Workspace.load(workspace).holdouts.registered(model, on.date() if on else None)
    salt, shares = str(one.content["salt"]), cast("dict[str, str]", one.content["shares"])
    arms = {name: assign(name, salt=salt, shares=shares) for name in unit or ()}
    sql = assignment_sql(column, salt=salt, shares=shares, dialect=dialect)
    if as_json:
        emit(
            {"schema": 1, "model": model, "salt": salt, "shares": shares, "sql": sql, "arms": arms}
        )
        return
    for name, arm in arms.items():
        say(f"{name}: {arm}")
    if not arms:
        typer.echo(sql)


@holdout.command(name="check")
def past(
    model: Model,
    *,
    salt: Annotated[str | None, typer.Option(help="Default: the registered one.")] = None,
    share: Annotated[float, typer.Option(help="Control share with another salt.")] = 0.1,
    workspace: WorkspacePath = DEFAULT_WORKSPACE,
    as_json: Json = False,
) -> None:
    """A/A check: deal past units by the salt; their outcomes must be alike."""
    held = Workspace.load(workspace)
    if salt is None:
        one = held.holdouts.registered(model)
        salt, shares = str(one.content["salt"]), cast("dict[str, str]", one.content["shares"])
    else:
        shares = {"control": str(share), "model": rest(share)}
    found = held.holdouts.check(model, salt=salt, shares=shares)
    if as_json:
        emit(
            {
                "schema": 1,
                "passed": found.passed,
                "salt": salt,
                "arms": [
                    dict(zip(("arm", "units", "mean"), row, strict=True)) for row in found.arms
                ],
                "checks": [dataclasses.asdict(one) for one in (found.split, found.outcome)],
            }
        )
    else:
        rows = [(d.name, d.status, d.text) for d in (found.split, found.outcome)]
        table("", [("Check", "left"), ("State", "left"), ("Finding", "left")], rows)
    raise typer.Exit(0 if found.passed else 1)


@holdout.command()
def status(*, workspace: WorkspacePath = DEFAULT_WORKSPACE, as_json: Json = False) -> None:
    """What is registered, running and due, and when each may stop."""
    found = Workspace.load(workspace).holdouts.status()
    if as_json:
        dumped = TypeAdapter(tuple[HoldoutStatus, ...]).dump_json(found)
        emit({"schema": 1, "holdouts": json.loads(dumped)})
        return
    rows = [
        (
            one.model,
            one.metric,
            one.state,
            str(one.start or "unknown"),
            str(one.read_on or "no end"),
            f"{one.units:,}" if one.units is not None else "unknown",
            f"{one.units_planned:,}" if one.units_planned else "unknown",
            one.remind,
        )
        for one in found
    ]
    names = ("Model", "Metric", "State", "Start", "Complete on", "Units", "Planned", "Reminder")
    table("Holdouts", [(name, "left") for name in names], rows)
