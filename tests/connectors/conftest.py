"""A workspace on files in a temporary folder, and the engine over it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.duckdb import DuckDBConnector
from valuekit.workspace.declare import Workspace

Opener = Callable[..., DuckDBConnector]

MODEL = {
    "title": "Churn",
    "owner": "someone@example.com",
    "task": "classification",
    "predictions": {
        "table": "predictions",
        "id": "id",
        "time": "time",
        "unit": "unit",
        "score": "score",
    },
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The folder of the source."""
    made = tmp_path / "data"
    made.mkdir()
    return made


@pytest.fixture
def opened(root: Path) -> Iterator[Opener]:
    """Opens the engine over ``root``; closes all at the end."""
    made: list[DuckDBConnector] = []

    def open_(model: dict[str, Any] | None = None, zone: str = "UTC", **source: Any) -> Any:
        workspace = Workspace.model_validate(
            {
                "workspace": {"name": "w", "currency": "EUR", "timezone": zone},
                "sources": {
                    "lake": {"kind": "duckdb", "path": "data", "timezone": "UTC", **source}
                },
                "models": {"m": model or MODEL},
            }
        )
        engine = DuckDBConnector("lake", workspace.sources["lake"], root.parent, workspace)
        made.append(engine)
        return engine

    yield open_
    for engine in made:
        engine.close()


@pytest.fixture
def engine(opened: Opener) -> DuckDBConnector:
    """The engine over an empty folder."""
    return opened()
