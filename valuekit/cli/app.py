"""The command-line application object and the options that all verbs share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from valuekit import __version__
from valuekit.scorecard import PeriodName

app = typer.Typer(
    name="valuekit",
    help="What your models earn after costs, how sure that is, and what to do.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)

WorkspacePath = Annotated[
    Path, typer.Option("--workspace", "-w", help="The workspace file.", metavar="PATH")
]
Json = Annotated[bool, typer.Option("--json", help="Stable JSON instead of tables.")]
PeriodOption = Annotated[
    PeriodName,
    typer.Option("--period", help="all, year, quarter, prior_quarter or month."),
]
DEFAULT_WORKSPACE = Path("valuekit.toml")


def _version(*, shown: bool) -> None:
    if shown:
        typer.echo(f"valuekit {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    *,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """What your models earn after costs, how sure that is, and what to do."""
