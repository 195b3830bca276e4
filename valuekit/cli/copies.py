"""Verbs that keep a store safe: backup, restore."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from valuekit.api import Workspace
from valuekit.cli.app import DEFAULT_WORKSPACE, WorkspacePath, app
from valuekit.cli.screen import say


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="The file to make, such as values-2026-03-01.db.")],
    *,
    workspace: WorkspacePath = DEFAULT_WORKSPACE,
) -> None:
    """Copy the whole value store into one file, while others read and write."""
    counts = Workspace.load(workspace).backup(file)
    say(f"{sum(counts.values()):,} rows of {len(counts)} tables in {file}. {_contents(counts)}")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A file that `valuekit backup` made.")],
    *,
    workspace: WorkspacePath = DEFAULT_WORKSPACE,
) -> None:
    """Fill an empty value store from a backup, whole or not at all."""
    counts = Workspace.load(workspace).restore(file)
    say(f"{sum(counts.values()):,} rows of {len(counts)} tables restored. {_contents(counts)}")


def _contents(counts: dict[str, int]) -> str:
    return f"{counts['runs']:,} runs, {counts['decisions']:,} decisions."
