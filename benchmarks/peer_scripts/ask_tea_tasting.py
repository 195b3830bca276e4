"""Difference of mean revenue between two arms with tea-tasting."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import tea_tasting
from timed import timed


def ask(folder: Path) -> dict[str, object]:
    """Add up each unit's revenue within 7 days, then Welch's interval."""
    units = pd.read_parquet(folder / "units.parquet")
    revenue = pd.read_parquet(folder / "revenue.parquet")
    both = units.merge(revenue, on="unit", suffixes=("", "_outcome"))
    gap = both["ts_outcome"] - both["ts"]
    inside = both[(gap >= pd.Timedelta(0)) & (gap < pd.Timedelta(days=7))]
    units["amount"] = units["unit"].map(inside.groupby("unit")["amount"].sum()).fillna(0.0)
    experiment = tea_tasting.Experiment({"amount": tea_tasting.Mean("amount")}, variant="arm")
    found = experiment.analyze(units[["arm", "amount"]], control="control")["amount"]
    ends = [found.effect_size_ci_lower, found.effect_size_ci_upper]
    return {"effect": float(found.effect_size), "interval": [float(one) for one in ends]}


if __name__ == "__main__":
    timed(ask)
