"""A workspace file and its tables, refreshed and shown as JSON, like anyone's."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
from typer.testing import CliRunner

from valuekit.api import Workspace
from valuekit.cli import read

NOW = datetime(2026, 11, 1, 6, tzinfo=UTC)
HEAD = """
[workspace]
name = "Test"
currency = "EUR"

[sources.files]
kind = "duckdb"
path = "."
timezone = "UTC"

"""


def shown(folder: Path, text: str, **tables: pd.DataFrame) -> dict[str, Any]:
    """The scorecard of the one model of a workspace, from ``valuekit show --json``."""
    for name, rows in tables.items():
        rows.to_parquet(folder / f"{name}.parquet", index=False)
    text = text if "[workspace]" in text else HEAD + text
    (folder / "valuekit.toml").write_text(text, encoding="utf-8")
    held = Workspace.load(folder)
    held.refresh(now=NOW)
    model = next(iter(held.loaded.workspace.models))
    done = CliRunner().invoke(read.app, ["show", model, "-w", str(folder), "--json"])
    assert done.exit_code == 0, done.output
    card: dict[str, Any] = json.loads(done.stdout)["scorecard"]
    return card


def checks(report: dict[str, Any]) -> dict[str, str]:
    """Status of each diagnostic by name."""
    return {one["name"]: one["status"] for one in report["diagnostics"]}


def figures(report: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Further figures by key."""
    return {one["key"]: one["estimate"] for one in report["others"]}
