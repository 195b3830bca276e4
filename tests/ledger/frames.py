"""Facts made from raw rows: what a connector does, in pandas, for the laws."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd

from valuekit.ledger.frame import conform
from valuekit.ledger.schema import FACTS, MOMENT_AXES

KEYS = {
    "model": "churn",
    "version": "v1",
    "segment": "all",
    "metric": "margin",
    "arm": "treated",
    "epoch": "2026-01-05",
    "stratum": "all",
}


def moments(raw: np.ndarray) -> dict[str, float]:
    """Moments of raw rows with columns y, d, x, e, as two-pass numpy computes them."""
    n = len(raw)
    mean = raw.mean(axis=0) if n else np.zeros(4)
    delta = raw - mean
    spread = delta.T @ delta
    found: dict[str, float] = {"units": n, "n": n, "matched": n, "acted": 0, "crossed": 0}
    for i, a in enumerate(MOMENT_AXES):
        found[f"mean_{a}"] = mean[i]
        for j in range(i, 4):
            found[f"c_{a}{MOMENT_AXES[j]}"] = spread[i, j]
    found["m3_y"] = (delta[:, 0] ** 3).sum()
    found["mean_z"], found["c_zz"] = found["mean_y"], found["c_yy"]
    found["nonzero"] = int(np.count_nonzero(raw[:, 0]))
    return found


def effect(
    parts: list[np.ndarray], each: list[dict[str, object]] | None = None, **keys: object
) -> pd.DataFrame:
    """One row of the effect fact per part: one day each, or with keys of its own."""
    own = each or [{"day": f"2026-01-{1 + day:02d}"} for day in range(len(parts))]
    rows = [KEYS | keys | mine | moments(part) for mine, part in zip(own, parts, strict=True)]
    return conform(FACTS["effect"], pd.DataFrame(rows))


def score(vectors: list[list[int]], **keys: object) -> pd.DataFrame:
    """One row of the score fact per vector, one day each."""
    rows = [
        {
            "model": "churn",
            "version": "v1",
            "segment": "all",
            "day": f"2026-01-{1 + day:02d}",
            "arm": "",
            "acted": "",
            "label": "1",
            "layout": "score-1",
            "total": sum(vector),
            "brier": 0.5,
            "log_loss": 0.25,
            "n": np.array(vector),
            "sum_p": np.array(vector) / 4,
            "sum_v": np.array(vector) * 2.5,
        }
        | keys
        for day, vector in enumerate(vectors)
    ]
    return conform(FACTS["score"], pd.DataFrame(rows))


def cost(amounts: list[str], **keys: object) -> pd.DataFrame:
    """One row of the cost fact per amount, one day each."""
    rows = [
        {
            "model": "churn",
            "version": "all",
            "segment": "all",
            "day": f"2026-01-{1 + day:02d}",
            "category": "tokens",
            "basis": "marginal",
            "amount": Decimal(amount),
            "costed": day,
        }
        | keys
        for day, amount in enumerate(amounts)
    ]
    return conform(FACTS["cost"], pd.DataFrame(rows))
