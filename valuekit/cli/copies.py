"""Verbs that keep a store safe: backup, restore."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from valuekit.api import Workspace
from valuekit.cli.app import DEFAULT_WORKSPACE, WorkspacePath, app
from valuekit.cli.screen import complain, say
from valuekit.store.copy import Copied


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="The file to make, such as values-2026-03-01.db.")],
    *,
    workspace: WorkspacePath = DEFAULT_WORKSPACE,
) -> None:
    """Copy the whole value store into one file with a digest, while others read and write."""
    made = Workspace.load(workspace).backup(file)
    say(f"{_rows(made)} in {file}. {_contents(made)}")
    say(f"SHA-256 of its content: {made.digest}")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A file that `valuekit backup` made.")],
    *,
    workspace: WorkspacePath = DEFAULT_WORKSPACE,
) -> None:
    """Fill an empty value store from a backup that is as it was made, whole or not at all."""
    made = Workspace.load(workspace).restore(file)
    complain(made.findings)
    say(f"{_rows(made)} restored. {_contents(made)}")
    if made.digest:
        say(f"SHA-256 of its content, as when it was made: {made.digest}")


def _rows(made: Copied) -> str:
    return f"{sum(made.rows.values()):,} rows of {len(made.rows)} tables"


def _contents(made: Copied) -> str:
    return f"{made.rows['runs']:,} runs, {made.rows['decisions']:,} decisions."
