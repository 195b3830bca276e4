"""A workspace of hand-made daily tables, for tests."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pandas as pd

from valuekit.api import Workspace

NOW = datetime(2026, 6, 1, 6, tzinfo=UTC)
FIRST = date(2026, 3, 1)
HEAD = """
[workspace]
name = "Handed in"
currency = "EUR"
[sources.lake]
kind = "duckdb"
path = "data"
timezone = "UTC"
[models.shop]
title = "Shop"
owner = "a@example.com"
task = "classification"
"""
TRIAL = """
[models.shop.metrics.spend]
already_money = true
[[models.shop.evidence]]
design = "holdout"
control = "A"
treated = "B"
allocation = [{ from = 2026-03-01, control = 0.5 }]
registered = 2026-02-20
[models.shop.facts.effect]
table = "ab.csv"
columns = { arm = "arm", units = "users", sum_y = "spend", sum_yy = "spend2" }
"""
SCORES = """
[models.shop.facts.score]
table = "bins.csv"
columns = { low = "low", high = "high", label = "y", n = "n", sum_p = "p" }
"""


def day(place: int) -> date:
    """A day, counted from the first one."""
    return FIRST + timedelta(days=place)


def workspace(folder: Path, text: str, **tables: pd.DataFrame) -> Workspace:
    """A workspace over CSV files."""
    (folder / "data").mkdir(parents=True, exist_ok=True)
    write(folder, **tables)
    (folder / "valuekit.toml").write_text(HEAD + text)
    return Workspace.load(folder / "valuekit.toml")


def write(folder: Path, **tables: pd.DataFrame) -> None:
    """Tables as CSV files."""
    for name, frame in tables.items():
        frame.to_csv(folder / "data" / f"{name}.csv", index=False)


def trial(days: int = 20, per_day: int = 100) -> pd.DataFrame:
    """Two arms: sums of spending with means 10 and 11, and a standard deviation of about 5."""
    rows = []
    for place in range(days):
        for arm, mean in (("A", 10.0), ("B", 11.0)):
            total = per_day * (mean + 0.1 * (place % 3))
            squares = total**2 / per_day + 25.0 * (per_day - 1)
            rows.append((day(place), arm, per_day, round(total, 4), round(squares, 4)))
    return pd.DataFrame(rows, columns=["day", "arm", "users", "spend", "spend2"])


def bins(days: int = 10, edges: int = 10) -> pd.DataFrame:
    """Scores by bin of equal width, right more often the higher they are."""
    rows = []
    for place in range(days):
        for i in range(edges):
            for label, n in ((1, 5 + 3 * i), (0, 40 - 3 * i)):
                low, high = round(i / edges, 4), round((i + 1) / edges, 4)
                rows.append((day(place), low, high, label, n, round(n * (low + high) / 2, 6)))
    return pd.DataFrame(rows, columns=["day", "low", "high", "y", "n", "p"])
