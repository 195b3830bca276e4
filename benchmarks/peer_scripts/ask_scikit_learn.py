"""AUC, confusion and money per row and day with pandas and scikit-learn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import confusion_matrix, roc_auc_score
from timed import timed


def ask(folder: Path) -> dict[str, object]:
    """Join labels within 7 days, then the metrics over all labelled rows."""
    predictions = pd.read_parquet(folder / "predictions.parquet", columns=["id", "ts", "score"])
    outcomes = pd.read_parquet(
        folder / "outcomes.parquet", columns=["prediction_id", "ts", "label"]
    )
    both = predictions.merge(
        outcomes, left_on="id", right_on="prediction_id", suffixes=("", "_outcome")
    )
    gap = both["ts_outcome"] - both["ts"]
    both = both[(gap >= pd.Timedelta(0)) & (gap < pd.Timedelta(days=7))]
    label, acts = both["label"], (both["score"] >= 0.5).astype(int)
    tn, fp, fn, tp = confusion_matrix(label, acts).ravel().tolist()
    money = np.where(acts == 1, np.where(label == 1, 40.0, -5.0), 0.0)
    by_day = pd.Series(money, index=both.index).groupby(both["ts"].dt.date).mean()
    return {
        "auc": float(roc_auc_score(label, both["score"])),
        "counts": [tp, fp, fn, tn],
        "per_row": float(money.mean()),
        "by_day": by_day.tolist(),
    }


if __name__ == "__main__":
    timed(ask)
