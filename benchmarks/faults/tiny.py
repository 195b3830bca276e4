"""A tiny workspace whose tables change from generation to generation; its figures as a hash."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import sqlalchemy as sa

from valuekit.store import Store
from valuekit.store.tables import fact_tables, registrations, vectors

TOML = """
[workspace]
name = "Tiny"
currency = "EUR"
store = "{url}"

[sources.files]
kind = "duckdb"
path = "."
timezone = "UTC"
threads = 1

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
on = {{ id = "id" }}
time = "seen"
window = "5d"
label = "won"

[[models.leads.evidence]]
design = "payoff"
payoff = {{ tp = 50, fp = -10, fn = -50, tn = 5 }}

[models.leads.costs]
per_prediction = "0.10"
"""


def make(folder: Path, url: str, rows: int = 300) -> Path:
    """A workspace file with its tables of generation 0.

    Args:
        folder: An existing folder.
        url: Address of the store.
        rows: Predictions, ten a day.
    """
    feed(folder, 0, rows)
    path = folder / "valuekit.toml"
    path.write_text(TOML.format(url=url), encoding="utf-8")
    return path


def feed(folder: Path, generation: int, rows: int = 300) -> None:
    """Replace both tables whole; every generation has other labels, scores and days."""
    rng = np.random.default_rng(generation)
    made = rows + 10 * generation
    at = pd.date_range("2026-01-01", periods=made, freq="144min")
    score = rng.uniform(size=made).round(2)
    ids = np.arange(made)
    won = (rng.uniform(size=made) < score).astype(int)
    predictions = pd.DataFrame({"id": ids, "at": at, "p": score})
    outcomes = pd.DataFrame({"id": ids, "seen": at + pd.Timedelta(days=1), "won": won})
    for name, frame in (("predictions", predictions), ("outcomes", outcomes)):
        new = folder / f".{name}.new"
        frame.to_parquet(new)
        new.replace(folder / f"{name}.parquet")


def figures(store: Store) -> str:
    """A hash of all facts, vectors, registrations and scorecards, read in one transaction."""
    digest = hashlib.sha256()
    tables = [*fact_tables.values(), vectors, registrations]
    with store._reading() as connection:  # noqa: SLF001 (one transaction over every table)
        for table in tables:
            columns = [one for one in table.c if one.name not in {"run", "id"}]
            for row in connection.execute(sa.select(*columns).order_by(*table.primary_key.columns)):
                digest.update(repr(tuple(row)).encode())
    for model, card in store.scorecards().items():
        digest.update(f"{model}{card}".encode())
    return digest.hexdigest()
