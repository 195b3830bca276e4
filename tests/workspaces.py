"""Workspaces declared in tests, without files."""

from __future__ import annotations

from typing import Any

from valuekit.workspace.declare import Workspace


def workspace(models: dict[str, dict[str, Any]], **rest: Any) -> Workspace:
    """A workspace of models; each gets a title, an owner and a prediction log unless given."""
    base = {
        "title": "Model",
        "owner": "team@example.com",
        "task": "classification",
        "predictions": {"table": "p", "id": "id", "time": "at", "score": "p"},
    }
    settings = {"name": "Test", "currency": "EUR"} | rest.pop("settings", {})
    return Workspace.model_validate(
        {
            "workspace": settings,
            "sources": {"files": {"kind": "duckdb"}},
            "models": {name: base | model for name, model in models.items()},
            **rest,
        }
    )
