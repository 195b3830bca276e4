"""A small workspace whose source rows break rules, with ids and values that try everything."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

START = datetime(2026, 1, 1)
HOSTILE = (
    '<img src=x onerror="window.hit=1">',
    "=cmd|' /C calc'!A0",
    "**bold** :red[r] $x^2$",
    "a\u202eb\u200bc\x07",
    "שלום",
    "[click](https://example.com)",
    "long " * 40,
)
TOML = """
[workspace]
name = "Small"
currency = "EUR"
{more}
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
unit = "customer"
score = "p"
value = "amount"

[models.leads.outcomes]
table = "outcomes"
on = {{ customer = "customer" }}
time = "seen"
window = "5d"
label = "won"

[[models.leads.evidence]]
design = "payoff"
payoff = {{ tp = 50, fp = -10, fn = -50, tn = 5 }}
owner = "sales@example.com"

[models.leads.costs]
per_prediction = "0.10"
"""
ROWS = 200


def write(folder: Path, more: str = "") -> Path:
    """The tables and the workspace file; 200 good rows, the hostile ones, one broken line."""
    lines = ["id,at,customer,p,amount"]
    lines += [
        f"p{i},{START + timedelta(hours=i)},customer-{i},{i % 100 / 100},{i}" for i in range(ROWS)
    ]
    for place, text in enumerate(HOSTILE):
        quoted = '"' + text.replace('"', '""') + '"'
        when = START + timedelta(days=3, minutes=place)
        lines.append(f"{quoted},{when},{quoted},7.5,1")  # a score above 1
        lines.append(f"x{place},{when},customer-x{place},0.5,{quoted}")  # a cell that is no number
    lines.append("short,line")
    (folder / "predictions.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    outcomes = {
        "customer": [f"customer-{i}" for i in range(ROWS)] + ["stranger-1", "stranger-2"],
        "seen": [START + timedelta(hours=i + 24) for i in range(ROWS)] + [START] * 2,
        "won": [i % 2 for i in range(ROWS)] + [1, 1],
    }
    pq.write_table(pa.table(outcomes), folder / "outcomes.parquet")
    path = folder / "valuekit.toml"
    path.write_text(TOML.format(more=more), encoding="utf-8")
    return path


# What the rules hold back: (source, rule) -> rows.
HELD = {
    ("predictions", "bad_score"): len(HOSTILE),
    ("predictions", "bad_cell"): len(HOSTILE),
    ("predictions", "missing_columns"): 1,
    ("outcomes", "orphan"): 2,
}
READ = {"predictions": ROWS + 2 * len(HOSTILE) + 1, "outcomes": ROWS + 2}
