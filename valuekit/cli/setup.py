"""Verbs that set a workspace up: init, check, doctor."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from valuekit.api import Workspace
from valuekit.cli.app import DEFAULT_WORKSPACE, Json, WorkspacePath, app
from valuekit.cli.codes import exit_code
from valuekit.cli.doctor import examine
from valuekit.cli.failure import as_dict
from valuekit.cli.screen import complain, emit, say, table
from valuekit.errors import Finding, ValuekitError, WorkspaceError
from valuekit.incremental.marks import ACCEPT, refuses
from valuekit.source import Check
from valuekit.text import number
from valuekit.workspace.template import template


@app.command()
def init(
    path: Annotated[Path, typer.Argument(help="Where to write it.")] = DEFAULT_WORKSPACE,
) -> None:
    """Write a commented workspace file to start from."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(template())
    except FileExistsError as error:
        raise WorkspaceError(_refused(path, "the file exists already", "file_exists")) from error
    except OSError as error:
        raise WorkspaceError(_refused(path, f"it cannot be written: {error.strerror}")) from error
    say(f"Wrote {path}. Edit it, then run: valuekit check -w {path}")


def _refused(path: Path, rule: str, code: str = "init") -> Finding:
    return Finding(str(path), "", rule, "Name another path: valuekit init PATH", code=code)


@app.command()
def check(
    models: Annotated[list[str] | None, typer.Argument(help="Models; default all.")] = None,
    *,
    workspace: WorkspacePath = DEFAULT_WORKSPACE,
    as_json: Json = False,
) -> None:
    """Validate the workspace against the real tables. Stores nothing."""
    try:
        loaded = Workspace.load(workspace)
        checks = loaded.check(models or None)
    except ValuekitError as error:
        if not as_json:
            raise
        emit(_content((), {}, error.findings))
        complain(error.findings)
        raise typer.Exit(exit_code(error.findings)) from error
    findings = [
        *loaded.loaded.warnings,
        *(f for one in checks.values() for f in one.findings),
    ]
    failed = any(one.severity == "error" for one in findings)
    if as_json:
        emit(_content(loaded.loaded.warnings, checks))
    else:
        for name, one in checks.items():
            _print_check(name, one)
        complain(dict.fromkeys(findings))
        say(_end(findings))
    raise typer.Exit(1 if failed else 0)


def _end(findings: Sequence[Finding]) -> str:
    """What is to be done next, in a sentence."""
    if any(one.severity == "error" for one in findings):
        return "Found errors: correct them and check again."
    if any(refuses(one) for one in findings):
        return f"A refresh is refused until the data are back, or goes on with {ACCEPT}."
    return "Ready to refresh."


def _content(
    warnings: Sequence[Finding], checks: Mapping[str, Check], refused: Sequence[Finding] = ()
) -> dict[str, object]:
    """What the file itself is warned of or refused for, and what each model's tables hold."""
    own = [*warnings, *refused]
    all_ = [*own, *(found for one in checks.values() for found in one.findings)]
    return {
        "schema": 1,
        "ok": not any(one.severity == "error" for one in all_),
        "findings": [as_dict(one) for one in own],
        "models": {name: _json(one) for name, one in checks.items()},
    }


def _json(one: Check) -> dict[str, object]:
    return {
        "findings": [as_dict(found) for found in one.findings],
        "tables": [
            {name: _plain(value) for name, value in row.items()}
            for row in one.profile.to_dict(orient="records")
        ],
        "join": one.join,
        "store_bytes": one.store_bytes,
    }


def _plain(value: object) -> object:
    """A cell of the profile as JSON: nothing as null, days as text, other values as they are."""
    if value is None or value is pd.NaT or (isinstance(value, float) and math.isnan(value)):
        return None
    return value if isinstance(value, str | int | float) else str(value)


def _cell(value: object) -> str:
    """A cell of the profile for people: nothing as an empty text, counts with separators."""
    plain = _plain(value)
    if plain is None:
        return ""
    if isinstance(plain, float):
        return number(plain)
    return f"{plain:,}" if isinstance(plain, int) else str(plain)


def _print_check(name: str, one: Check) -> None:
    numbers = ("rows", "days", "rows_per_day")
    columns = [
        (str(column).replace("_", " "), "right" if column in numbers else "left")
        for column in one.profile.columns
    ]
    rows = one.profile.itertuples(index=False, name=None)
    if columns:  # else the source could not be opened
        table(name, columns, ([_cell(value) for value in row] for row in rows))
    if one.join is not None:
        say(f"Sample of the join: {one.join:.1%} found an outcome.")
    if one.store_bytes is not None:
        say(f"Projected store size: {one.store_bytes / 1e6:.2f} MB.")


@app.command()
def doctor(*, workspace: WorkspacePath = DEFAULT_WORKSPACE, as_json: Json = False) -> None:
    """Check file, sources, store, disk and freshness, and say what to do."""
    points = examine(workspace)
    failed = any(one.state == "failed" for one in points)
    if as_json:
        emit({"schema": 1, "ok": not failed, "points": [one.as_dict() for one in points]})
    else:
        rows = [(one.state, one.what, one.finding, one.remedy) for one in points]
        columns = [(name, "left") for name in ("State", "What", "Finding", "What to do")]
        table("", columns, rows)
    raise typer.Exit(1 if failed else 0)
