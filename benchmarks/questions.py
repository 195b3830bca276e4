"""The questions that peers are asked, answered by the library: pull the facts, then estimate."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.generate import MEMORY, THREADS
from valuekit.accuracy.confusion import confusion_table
from valuekit.accuracy.errors import error_days, mae, mase, rmse
from valuekit.accuracy.payoff import payoff_value
from valuekit.accuracy.roc import auc_bound, roc_auc
from valuekit.accuracy.score_bins import score_table
from valuekit.source import Pull, open_connector
from valuekit.uplift.arms import arm_facts
from valuekit.uplift.welch import welch
from valuekit.workspace.declare import Matrix, Workspace

Answer = dict[str, Any]
PAYOFF = {"tp": 40, "fp": -5, "fn": 0, "tn": 0}

_SCORED: Mapping[str, object] = {
    "task": "classification",
    "predictions": {"table": "predictions", "id": "id", "time": "ts", "score": "score"},
    "outcomes": {
        "table": "outcomes",
        "on": {"id": "prediction_id"},
        "time": "ts",
        "window": "7d",
        "label": "label",
    },
}
_TRIAL: Mapping[str, object] = {
    "task": "classification",
    "assignments": {"table": "units", "unit": "unit", "arm": "arm", "time": "ts"},
    "outcomes": {
        "table": "revenue",
        "on": {"unit": "unit"},
        "time": "ts",
        "window": "7d",
        "pick": "sum",
    },
    "metrics": {"amount": {"column": "amount"}},
}
_FORECAST: Mapping[str, object] = {
    "task": "forecast",
    "predictions": {
        "table": "forecasts",
        "id": "id",
        "time": "issued",
        "target_time": "day",
        "series": "series",
        "predicted": "forecast",
        "season": 7,
    },
    "outcomes": {
        "table": "sales",
        "on": {"series": "series", "day": "day"},
        "time": "day",
        "label": "y",
    },
}


def classification(folder: Path) -> Answer:
    """AUC, confusion, money per labelled row, and the same by day."""
    pull = _pull(folder, _SCORED)
    table = score_table(pull.facts["score"], _edges(pull))
    cells, matrix = pull.facts["confusion"], Matrix.model_validate(PAYOFF)
    counts = confusion_table(cells)
    tn, fn, fp, tp = counts.n.ravel().tolist()  # rows: predicted, columns: label
    by_day = [
        payoff_value(rows, matrix, unit="EUR").per_row.value
        for _, rows in cells.groupby("day", sort=True)
    ]
    return {
        "auc": roc_auc(table).value,
        "bound": auc_bound(table),
        "counts": [tp, fp, fn, tn],
        "per_row": payoff_value(cells, matrix, unit="EUR").per_row.value,
        "by_day": by_day,
    }


def auc_by_day(folder: Path) -> Answer:
    """AUC of each day, with the largest error that the bins can make."""
    pull = _pull(folder, _SCORED)
    edges = _edges(pull)
    days = pull.facts["score"].groupby("day", sort=True)
    tables = [score_table(rows, edges) for _, rows in days]
    return {
        "by_day": [roc_auc(one).value for one in tables],
        "bound": max(auc_bound(one) for one in tables),
    }


def difference(folder: Path) -> Answer:
    """Difference of mean revenue per unit, with its 95% interval."""
    arms = arm_facts(_pull(folder, _TRIAL).facts["effect"])
    found = welch(arms["treated"].moments, arms["control"].moments, unit="EUR")
    return {"effect": found.value, "interval": [found.low, found.high]}


def forecast_errors(folder: Path) -> Answer:
    """MAE, RMSE and MASE over all series."""
    days = error_days(_pull(folder, _FORECAST).facts["error"])
    return {
        "mae": mae(days, unit="pieces").value,
        "rmse": rmse(days, unit="pieces").value,
        "mase": mase(days).value,
    }


def same(mine: Answer, theirs: Answer) -> None:
    """Compare two answers: figures of binned scores within their bound, all others to rounding.

    Raises:
        AssertionError: they differ.
    """
    bound = float(mine.get("bound", 0.0))
    for name, value in theirs.items():
        binned = name == "auc" or (name == "by_day" and "auc" not in mine and bound)
        np.testing.assert_allclose(
            np.asarray(mine[name], dtype=float),
            np.asarray(value, dtype=float),
            rtol=1e-6,
            atol=bound if binned else 1e-9,
            err_msg=name,
        )


ANSWERS: Mapping[str, Callable[[Path], Answer]] = {
    "scikit_learn": classification,
    "nannyml": auc_by_day,
    "tea_tasting": difference,
    "utilsforecast": forecast_errors,
}


def _edges(pull: Pull) -> list[float]:
    content: Any = next(one for one in pull.registered if one.name == "score").content
    return [float(one) for one in content["edges"]]


def _pull(folder: Path, model: Mapping[str, object]) -> Pull:
    workspace = Workspace.model_validate(
        {
            "workspace": {"name": "Question", "currency": "EUR"},
            "sources": {
                "lake": {
                    "kind": "duckdb",
                    "path": ".",
                    "timezone": "UTC",
                    "memory_limit": MEMORY,
                    "threads": THREADS,
                }
            },
            "models": {"asked": {"title": "Asked", "owner": "benchmark@example.com", **model}},
        }
    )
    connector = open_connector("lake", workspace.sources["lake"], folder, workspace)
    try:
        return connector.pull(workspace, "asked", (), lambda _what, _share: None)
    finally:
        connector.close()
