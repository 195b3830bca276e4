"""Two small models whose sources are corrected after their days were published."""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd

from valuekit.api import Workspace

START, DAYS, PER_DAY = datetime(2026, 1, 1), 60, 10
TOML = """
[workspace]
name = "Small"
currency = "EUR"
[sources.files]
kind = "duckdb"
path = "."
timezone = "UTC"

[models.leads]
title = "Lead scoring *new*"
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
on = { customer = "customer" }
time = "seen"
window = "5d"
label = "won"
[[models.leads.evidence]]
design = "payoff"
payoff = { tp = 50, fp = -10, fn = -50, tn = 5 }
owner = "sales@example.com"
[models.leads.costs]
per_prediction = "0.10"

[models.upsell]
title = "Upsell"
owner = "shop@example.com"
task = "classification"
[models.upsell.predictions]
table = "predictions"
id = "id"
time = "at"
unit = "customer"
arm = "arm"
score = "p"
[models.upsell.outcomes]
table = "sales"
on = { customer = "customer" }
time = "seen"
window = "5d"
[models.upsell.metrics.spend]
column = "spent"
already_money = true
[[models.upsell.evidence]]
design = "holdout"
control = "control"
[models.upsell.costs]
per_prediction = "0.10"
"""


class Sources:
    """The tables of both models; edited in place, written whole."""

    def __init__(self, folder: Path) -> None:
        self.folder, n = folder, DAYS * PER_DAY
        hours = [timedelta(hours=24 * i / PER_DAY) for i in range(n)]
        customers = [f"c{i}" for i in range(n)]
        self.predictions = pd.DataFrame(
            {
                "id": [f"p{i}" for i in range(n)],
                "at": [START + one for one in hours],
                "customer": customers,
                "p": [i % 100 / 100 for i in range(n)],
                "amount": [float(i % 7) - 3 for i in range(n)],
                "arm": ["control" if i % 2 else "treated" for i in range(n)],
            }
        )
        seen = [START + one + timedelta(hours=30) for one in hours]
        won, spent = [i % 2 for i in range(n)], [float(i % 11) for i in range(n)]
        self.outcomes = pd.DataFrame({"customer": customers, "seen": seen, "won": won})
        self.sales = pd.DataFrame({"customer": customers, "seen": seen, "spent": spent})

    def write(self) -> Path:
        """Write all tables and the workspace file."""
        for name in ("predictions", "outcomes", "sales"):
            getattr(self, name).to_parquet(self.folder / f"{name}.parquet", index=False)
        path = self.folder / "valuekit.toml"
        path.write_text(TOML, encoding="utf-8")
        return path


def copied(base: Path, folder: Path) -> tuple[Sources, Path]:
    """Sources as they are made, and a copy of a folder in which they were published once."""
    shutil.copytree(base, folder, dirs_exist_ok=True)
    return Sources(folder), folder / "valuekit.toml"


def three_runs(folder: Path, now: datetime) -> Path:
    """Publish, correct an amount and a sale, then lose a customer's outcome and his sale.

    Run 2 finds that prediction 105 (11 January) was worth 1,000 less, and that customer 305 (31
    January) spent 12.50 more. Run 3 no longer finds an outcome of customer 55 (6 January).
    """
    held = Sources(folder)
    path = held.write()
    Workspace.load(path).refresh(now=now)
    held.predictions.loc[105, "amount"] -= 1000.0
    held.sales.loc[305, "spent"] += 12.5
    held.write()
    Workspace.load(path).refresh(now=now + timedelta(hours=1))
    held.outcomes = held.outcomes.drop(index=55).reset_index(drop=True)
    held.write()
    Workspace.load(path).refresh(now=now + timedelta(hours=2))
    return path


def cut(held: Sources) -> None:
    """Outcomes after 26 February did not arrive."""
    early = held.outcomes["seen"] < datetime(2026, 2, 27)
    held.outcomes = held.outcomes[early].reset_index(drop=True)
    held.write()
