"""Tables made in a test, pulled through the real engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from connectors.base import Engine
from connectors.duckdb import DuckDBConnector
from valuekit.ledger.frame import conform
from valuekit.ledger.schema import FACTS
from valuekit.source import Pull
from valuekit.workspace.declare import Workspace

Pulled = Callable[..., Pull]


class WithoutTables(DuckDBConnector):
    """DuckDB as an engine that may not make tables: every kept result is a CTE."""

    can_materialise = False
    materialise = Engine.materialise
    drop = Engine.drop


@pytest.fixture(scope="session")
def pulled(tmp_path_factory: pytest.TempPathFactory) -> Pulled:
    """A function: tables by name (a list of frames is several files), a model -> its pull."""

    def pull(
        tables: Mapping[str, Any],
        model: Mapping[str, Any],
        **how: Any,
    ) -> Pull:
        folder = tmp_path_factory.mktemp("lake")
        for name, frames in tables.items():
            (folder / name).mkdir()
            for place, frame in enumerate(frames if isinstance(frames, list) else [frames]):
                table = frame if isinstance(frame, pa.Table) else pa.Table.from_pandas(frame)
                pq.write_table(table, folder / name / f"{place}.parquet")
        return run(folder, model, **how)

    return pull


@pytest.fixture(scope="session")
def pulled_from() -> Pulled:
    """A function: a folder with tables, a model -> its pull."""
    return run


def run(
    folder: Path,
    model: Mapping[str, Any],
    registered: Any = (),
    zone: str = "UTC",
    settings: Mapping[str, Any] | None = None,
    engine: type[DuckDBConnector] = DuckDBConnector,
) -> Pull:
    workspace = Workspace.model_validate(
        {
            "workspace": {"name": "t", "currency": "EUR", "timezone": zone, **(settings or {})},
            "sources": {"lake": {"kind": "duckdb", "path": ".", "timezone": "UTC"}},
            "models": {"m": {"title": "t", "owner": "o@example.com", **model}},
        }
    )
    steps: list[float] = []
    connector = engine("lake", workspace.sources["lake"], folder, workspace)
    try:
        made = connector.pull(workspace, "m", registered, lambda _, share: steps.append(share))
    finally:
        connector.close()
    assert steps == sorted(steps)
    assert steps[-1] == 1.0
    facts = {name: conform(FACTS[name], frame) for name, frame in made.facts.items()}
    return replace(made, facts=facts)  # as a refresh takes them in


class OnDisk(DuckDBConnector):
    """DuckDB as it is over a source that is large for its memory: what it keeps is in a file."""

    def _is_large(self) -> bool:
        return True


@pytest.fixture(params=[WithoutTables, OnDisk], ids=["without tables", "on disk"])
def other(request: pytest.FixtureRequest) -> type[DuckDBConnector]:
    """Another way to keep results between statements."""
    engine: type[DuckDBConnector] = request.param
    return engine


@pytest.fixture(scope="session")
def without_tables() -> type[DuckDBConnector]:
    """The engine that may not make tables."""
    return WithoutTables
