"""Workspaces and books of small models whose every row is known."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from tests.bookkeeping import FIRST, book, days, rows, volume
from tests.facts_from_rows import confusion_frame, effect_frame, error_frame, score_frame
from tests.workspaces import workspace
from valuekit.cost.charges import charges
from valuekit.ledger.book import Book
from valuekit.ledger.frame import empty
from valuekit.ledger.schema import FACTS
from valuekit.source import Registered

if TYPE_CHECKING:
    from valuekit.workspace.declare import Workspace

COSTS = {"per_prediction": "0.01", "monthly": [
    {"category": "people", "amount": "3000", "from": FIRST},
]}  # fmt: skip
MATRIX = {"tp": 50, "fp": -10, "fn": -50, "tn": 5}


def costed(declared: Workspace, made: Book) -> Book:
    """The book with the declared costs of model ``m`` added."""
    served = made.facts.get("volume", empty(FACTS["volume"]))
    usage = made.facts.get("usage", empty(FACTS["usage"]))
    first = made.first or FIRST
    cost = charges(declared, "m", served, usage, first, made.as_of)
    facts = {**made.facts, "cost": cost}
    return Book(facts, made.registered, made.first, made.last, made.complete_through, made.as_of)


def units(
    n: int = 4000, span: int = 100, lift: float = 3.0, control: float = 0.3, seed: int = 1
) -> pd.DataFrame:
    """One row a unit: day, epoch, arm, y, x (the outcome before)."""
    rng = np.random.default_rng(seed)
    arm = np.where(rng.random(n) < control, "control", "offer")
    x = rng.normal(40, 10, n)
    return pd.DataFrame(
        {
            "day": [FIRST + timedelta(days=int(one)) for one in rng.integers(0, span, n)],
            "epoch": FIRST.isoformat(),
            "arm": arm,
            "x": x,
            "y": 20 + 0.5 * x + rng.normal(0, 8, n) + lift * (arm == "offer"),
        }
    )


def holdout_workspace(**more: Any) -> Workspace:
    """A model with a registered holdout on money, outcomes complete ten days after exposure."""
    model: dict[str, Any] = {
        "title": "Churn rescue",
        "predictions": {"table": "p", "id": "id", "time": "at", "unit": "u", "arm": "arm"},
        "outcomes": {"table": "o", "on": {"u": "u"}, "time": "t", "window": "10d"},
        "metrics": {"y": {"column": "y", "already_money": True}},
        "evidence": [{
            "design": "holdout", "control": "control", "registered": FIRST,
            "allocation": [{"from": FIRST, "control": 0.3}],
        }],
        "costs": COSTS,
    }  # fmt: skip
    return workspace({"m": model | more})


def holdout_book(declared: Workspace, table: pd.DataFrame, **rest: Any) -> Book:
    """Facts of units, all outcomes of the last ten days still open."""
    facts = {"effect": effect_frame(table), "volume": volume([50] * 100)}
    return costed(declared, book(facts, **rest))


def scored(n: int = 6000, span: int = 100, seed: int = 2) -> pd.DataFrame:
    """One row a prediction: day, p, predicted, label."""
    rng = np.random.default_rng(seed)
    p = rng.integers(1, 40, n) / 40
    return pd.DataFrame(
        {
            "day": [FIRST + timedelta(days=int(one)) for one in rng.integers(0, span, n)],
            "p": p,
            "predicted": np.where(p >= 0.5, "1", "0"),
            "label": np.where(rng.random(n) < p, "1", "0"),
        }
    )


def payoff_workspace(**more: Any) -> Workspace:
    """A classifier with a payoff matrix."""
    model: dict[str, Any] = {
        "title": "Fraud stop",
        "outcomes": {"table": "o", "on": {"id": "id"}, "time": "t", "window": "10d", "label": "y"},
        "evidence": [{"design": "payoff", "payoff": MATRIX}],
        "costs": COSTS,
    }
    return workspace({"m": model | more})


def payoff_book(declared: Workspace, table: pd.DataFrame, **rest: Any) -> Book:
    """Facts of predictions, with a registered layout of the score's exact values."""
    edges = [float(one) for one in np.unique(table["p"])]
    score = score_frame(table, edges)
    counts = np.sum(list(score["n"]), axis=0)
    per_day = table.groupby("day").size().reindex(days(100), fill_value=0)
    served = rows(
        "volume",
        *(
            {"day": day, "predictions": int(n), "labelled": int(n), "scored": int(n)}
            for day, n in per_day.items()
        ),
    )
    content = {
        "id": "score-test", "edges": edges, "exact": True, "counts": counts.tolist(),
        "reference": [FIRST.isoformat(), (FIRST + timedelta(days=27)).isoformat()],
    }  # fmt: skip
    facts = {"confusion": confusion_frame(table), "score": score, "volume": served}
    registered = (Registered("m", "layout", "score", content, FIRST),)
    return costed(declared, book(facts, registered=registered, **rest))


def forecasts(span: int = 100, seed: int = 3) -> pd.DataFrame:
    """One row a forecast: day, y, f, forecaster; ten series a day, identical rows."""
    rng = np.random.default_rng(seed)
    day = np.repeat(days(span), 10)
    y = rng.poisson(30, len(day)).astype(float)
    model, naive = (np.round(y + rng.normal(0, sd, len(day))) for sd in (3, 8))
    made = [
        pd.DataFrame({"day": day, "y": y, "f": f, "forecaster": name})
        for name, f in (("model", model), ("seasonal_naive", naive))
    ]
    return pd.concat(made, ignore_index=True)


def forecast_workspace(**more: Any) -> Workspace:
    """A forecast judged in inventory money."""
    model: dict[str, Any] = {
        "title": "Demand forecast",
        "task": "forecast",
        "predictions": {"table": "p", "id": "id", "time": "at", "target_time": "d",
                        "predicted": "f", "series": "s"},
        "outcomes": {"table": "o", "on": {"s": "s"}, "time": "d", "window": "5d", "label": "y"},
        "evidence": [{"design": "baseline_forecast", "holding": "1.1", "stockout": "3.4"}],
        "costs": COSTS,
    }  # fmt: skip
    return workspace({"m": model | more})


def forecast_book(declared: Workspace, table: pd.DataFrame, **rest: Any) -> Book:
    """Facts of forecasts."""
    facts = {"error": error_frame(table), "volume": volume([10] * 100, labelled=10)}
    return costed(declared, book(facts, **rest))


def hours_workspace(**more: Any) -> Workspace:
    """An assistant that saves minutes."""
    model: dict[str, Any] = {
        "title": "Assistant",
        "task": "generation",
        "predictions": {"table": "p", "id": "id", "time": "at", "acted": "used"},
        "evidence": [{"design": "hours_saved", "minutes": 4, "minutes_low": 2, "minutes_high": 6,
                      "hourly": "30"}],
        "costs": COSTS,
    }  # fmt: skip
    return workspace({"m": model | more})
