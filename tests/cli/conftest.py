"""A small workspace on disk: 400 scored customers over 40 days, labels a day later."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from valuekit.api import Workspace

TOML = """
[workspace]
name = "Small"
currency = "EUR"

[sources.files]
kind = "duckdb"
path = "."
timezone = "UTC"

[models.leads]
title = "Lead scoring"
owner = "sales@example.com"
task = "classification"

[models.leads.predictions]
table = "predictions"
id = "id"
time = "at"
score = "p"

[models.leads.outcomes]
table = "outcomes"
on = { id = "id" }
time = "seen"
window = "5d"
label = "won"

[[models.leads.evidence]]
design = "payoff"
payoff = { tp = 50, fp = -10, fn = -50, tn = 5 }

[models.leads.costs]
per_prediction = "0.10"
"""


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """Path of the workspace file, not refreshed yet."""
    return write(tmp_path)


@pytest.fixture(scope="session")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Path of a refreshed workspace, for tests that only read it or add to it."""
    path = write(tmp_path_factory.mktemp("measured"))
    Workspace.load(path).refresh(now=datetime(2026, 3, 1, tzinfo=UTC))
    return path


def write(folder: Path) -> Path:
    """The tables and the workspace file in a folder."""
    rng = np.random.default_rng(11)
    at = pd.date_range("2026-01-01", periods=400, freq="144min")
    score = rng.uniform(size=400).round(2)
    won = (rng.uniform(size=400) < score).astype(int)
    ids = np.arange(400)
    pd.DataFrame({"id": ids, "at": at, "p": score}).to_parquet(folder / "predictions.parquet")
    seen = at + pd.Timedelta(days=1)
    outcomes = pd.DataFrame({"id": ids, "seen": seen, "won": won})
    outcomes.to_parquet(folder / "outcomes.parquet")
    path = folder / "valuekit.toml"
    path.write_text(TOML, encoding="utf-8")
    return path
