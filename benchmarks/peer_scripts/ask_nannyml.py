"""AUC by day with NannyML, from rows whose labels were joined beforehand."""

from __future__ import annotations

from pathlib import Path

import nannyml
import pandas as pd
from timed import timed


def ask(folder: Path) -> dict[str, object]:
    """Fit on the first 28 days, calculate for all days."""
    rows = pd.read_parquet(folder / "labelled.parquet")
    rows["ts"] = rows["ts"].astype("datetime64[ns]")
    calculator = nannyml.PerformanceCalculator(
        metrics=["roc_auc"],
        y_true="label",
        y_pred="predicted",
        y_pred_proba="score",
        timestamp_column_name="ts",
        problem_type="classification_binary",
        chunk_period="D",
    )
    calculator.fit(rows[rows["ts"] < rows["ts"].min().normalize() + pd.Timedelta(days=28)])
    found = calculator.calculate(rows).filter(period="analysis").to_df()
    return {"by_day": found[("roc_auc", "value")].tolist()}


if __name__ == "__main__":
    timed(ask)
