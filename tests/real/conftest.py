"""Real tables, refreshed once through the same doors as anyone's: file, connector, store, card."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from valuekit.api import Workspace

HERE = Path(__file__).parent
NOW = datetime(2026, 11, 1, 6, tzinfo=UTC)


def _refreshed(folder: Path, name: str) -> Workspace:
    shutil.copy(HERE / f"{name}.toml", folder / "valuekit.toml")
    held = Workspace.load(folder)
    held.refresh(now=NOW)
    return held


@pytest.fixture(scope="session")
def refreshed(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Workspace]:
    """A refreshed copy of a workspace over ``shared/data/NAME``."""
    done: dict[str, Workspace] = {}

    def make(name: str) -> Workspace:
        if name not in done:
            folder = tmp_path_factory.mktemp(name)
            for table in (shared / "data" / name).glob("*.parquet"):
                shutil.copy(table, folder / table.name)
            if name == "car_loan":
                _add_chunks(folder / "predictions.parquet")
            done[name] = _refreshed(folder, name)
        return done[name]

    return make


def _add_chunks(path: Path) -> None:
    # The published chunks are runs of 5,000 ids that end in mid-day, so no range of days cuts them.
    table = path.with_name("chunked.parquet")
    duckdb.sql(
        f"""COPY (SELECT *, CASE WHEN id < 50000 THEN 'reference'
            ELSE 'chunk ' || CAST((id - 50000) // 5000 AS VARCHAR) END AS chunk
            FROM '{path}') TO '{table}' (FORMAT parquet)"""
    )
    table.replace(path)
