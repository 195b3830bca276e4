"""Stored facts of many models over a year, made without a source: what scoring starts from."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from valuekit.cost.charges import charges
from valuekit.ledger.book import Book
from valuekit.ledger.frame import conform, empty
from valuekit.ledger.schema import FACTS, MOMENT_AXES
from valuekit.source import Registered
from valuekit.workspace.declare import Workspace

FIRST = date(2025, 1, 1)
EDGES = [round(one / 200, 3) for one in range(200)]
WINDOW = 28
Rows = list[dict[str, Any]]
Rng = np.random.Generator


def book(workspace: Workspace, name: str, kind: str, days: int, seed: int) -> Book:
    """Facts of one model, costs included.

    Args:
        workspace: Declares the model.
        name: The model.
        kind: One of :data:`MAKERS`.
        days: Days of facts.
        seed: Seed of its numbers.
    """
    rng = np.random.default_rng([seed, days])
    made = {fact: _frame(fact, name, rows) for fact, rows in MAKERS[kind](rng, days).items()}
    last = FIRST + timedelta(days=days - 1)
    served, usage = made.get("volume", empty(FACTS["volume"])), empty(FACTS["usage"])
    made["cost"] = charges(workspace, name, served, usage, FIRST, last)
    return Book(made, _layouts(name, kind), FIRST, last, last, last)


def _frame(fact: str, model: str, rows: Rows) -> pd.DataFrame:
    blank: dict[str, Any] = {"text": "", "int": 0, "float": 0.0, "ints": [], "floats": []}
    schema = FACTS[fact]
    base = {one.name: blank.get(one.dtype) for one in schema.columns}
    base |= {"model": model, "version": "all", "segment": "all"}
    return conform(schema, pd.DataFrame([base | row for row in rows], columns=list(base)))


def _layouts(model: str, kind: str) -> tuple[Registered, ...]:
    if kind in {"forecast", "hours", "panel"}:
        return ()
    reference = [FIRST.isoformat(), (FIRST + timedelta(days=27)).isoformat()]
    content = {
        "id": "score-bench",
        "edges": EDGES,
        "exact": False,
        "counts": [1000] * len(EDGES),
        "reference": reference,
    }
    return (Registered(model, "layout", "score", content, FIRST),)


def _days(count: int) -> list[date]:
    return [FIRST + timedelta(days=step) for step in range(count)]


def _volume(days: int) -> Rows:
    return [
        {"day": day, "version": f"v{place * 3 // days}", "predictions": 900, "labelled": 880,
         "scored": 900, "acted": 200, "weight": 900.0}
        for place, day in enumerate(_days(days))
    ]  # fmt: skip


def _score(rng: Rng, days: int) -> Rows:
    """Scores by label in 200 bins, a little worse every day."""
    rows: Rows = []
    p = np.asarray(EDGES) + 0.0025
    for place, day in enumerate(_days(days)):
        n = rng.poisson(4.5, len(p))
        hits = rng.binomial(n, p * (1 - 0.2 * place / days))
        for label, count in (("1", hits), ("0", n - hits)):
            y = float(label)
            rows.append(
                {"day": day, "version": f"v{place * 3 // days}", "label": label,
                 "layout": "score-bench", "total": int(count.sum()),
                 "brier": float(count @ (p - y) ** 2), "n": count, "sum_p": count * p,
                 "log_loss": float(-count @ np.log(p if y else 1 - p)), "sum_v": count * 1.0}
            )  # fmt: skip
    return rows


def _confusion(rng: Rng, days: int) -> Rows:
    return [
        {"day": day, "predicted": predicted, "label": label, "n": int(rng.poisson(rate)),
         "sum_v": 0.0}
        for day in _days(days)
        for predicted, label, rate in (("1", "1", 60), ("1", "0", 40), ("0", "1", 30),
                                       ("0", "0", 700))
    ]  # fmt: skip


def _unit(rng: Rng, units: int, lift: float) -> dict[str, Any]:
    x = rng.normal(40, 10, units)
    y = np.where(rng.random(units) < 0.6, 0.5 * x + rng.gamma(2, 10, units) + lift, 0.0)
    axes = np.column_stack([y, 1 + (y > 0), x, np.zeros(units)])
    mean = axes.mean(axis=0)
    off = axes - mean
    z = np.minimum(y, 80.0)
    row = {
        "units": units, "n": units, "matched": int((y > 0).sum()), "acted": units // 2,
        "nonzero": int((y > 0).sum()), "m3_y": float((off[:, 0] ** 3).sum()),
        "mean_z": float(z.mean()), "c_zz": float(((z - z.mean()) ** 2).sum()),
    }  # fmt: skip
    for i, a in enumerate(MOMENT_AXES):
        row[f"mean_{a}"] = float(mean[i])
        for j, b in enumerate(MOMENT_AXES[i:], start=i):
            row[f"c_{a}{b}"] = float(off[:, i] @ off[:, j])
    return row


def _effect(rng: Rng, days: int, arms: tuple[str, ...]) -> Rows:
    """Two metrics, all units and two segments, a change of the allocation half-way."""
    rows: Rows = []
    for place, day in enumerate(_days(days)):
        later = place >= days // 2
        epoch = FIRST + timedelta(days=days // 2 if later else 0)
        for arm in arms:
            many = 40 if arm == "control" and later else 100
            for segment, share in (("all", 1.0), ("region=north", 0.5), ("region=south", 0.5)):
                found = _unit(rng, max(int(rng.poisson(many * share)), 2), 2.0 * (arm != "control"))
                key = {"day": day, "arm": arm, "epoch": epoch.isoformat(), "stratum": "all",
                       "segment": segment}  # fmt: skip
                rows += [key | found | {"metric": metric} for metric in ("margin", "orders")]
    return rows


def _ages(rng: Rng, days: int, arms: tuple[str, ...]) -> Rows:
    return [
        {"day": day, "metric": metric, "arm": arm, "basis": "event", "layout": "days-27",
         "entries": 100, "n": rng.poisson(3, WINDOW), "sum_y": rng.normal(60, 9, WINDOW)}
        for day in _days(days)
        for metric in ("margin", "orders")
        for arm in arms
    ]  # fmt: skip


def _flow(rng: Rng, days: int) -> Rows:
    """New units and their orders by 64 buckets."""
    return [
        {"day": day, "metric": metric, "arm": arm, "epoch": FIRST.isoformat(), "layout": "hash64",
         "units": rng.poisson(2, 64), "sum_y": rng.gamma(2 + place / 10, 20, 64),
         "sum_d": np.zeros(64)}
        for place, day in enumerate(_days(days))
        for metric in ("margin", "orders")
        for arm in ("control", "model")
    ]  # fmt: skip


def _holdout(rng: Rng, days: int, arms: tuple[str, ...] = ("control", "model")) -> dict[str, Rows]:
    return {
        "effect": _effect(rng, days, arms), "maturity": _ages(rng, days, arms),
        "score": _score(rng, days), "confusion": _confusion(rng, days), "volume": _volume(days),
    }  # fmt: skip


def _arms(rng: Rng, days: int) -> dict[str, Rows]:
    return _holdout(rng, days, ("control", "model", "other"))


def _repeat(rng: Rng, days: int) -> dict[str, Rows]:
    return _holdout(rng, days) | {"flow": _flow(rng, days)}


def _payoff(rng: Rng, days: int) -> dict[str, Rows]:
    return {
        "score": _score(rng, days), "confusion": _confusion(rng, days), "volume": _volume(days)
    }  # fmt: skip


def _forecast(rng: Rng, days: int) -> dict[str, Rows]:
    rows: Rows = []
    for day in _days(days):
        y = rng.poisson(30, 50).astype(float)
        for forecaster, spread in (("model", 3.0), ("naive", 8.0), ("seasonal_naive", 6.0)):
            e = rng.normal(0, spread, 50)
            rows.append(
                {"day": day, "horizon": 7, "level": "series", "forecaster": forecaster, "n": 50,
                 "sum_e": e.sum(), "sum_abs": np.abs(e).sum(), "sum_sq": (e**2).sum(),
                 "sum_y": y.sum(), "sum_abs_y": y.sum(), "sum_f": (y - e).sum(),
                 "mean_y": y.mean(), "c_yy": ((y - y.mean()) ** 2).sum(),
                 "over": np.maximum(-e, 0).sum(), "under": np.maximum(e, 0).sum()}
            )  # fmt: skip
    served = [row | {"predictions": 50, "labelled": 50} for row in _volume(days)]
    return {"error": rows, "volume": served}


def _hours(_rng: Rng, days: int) -> dict[str, Rows]:
    return {"volume": _volume(days)}


def _panel(rng: Rng, days: int) -> dict[str, Rows]:
    """Thirty groups, ten of them treated from the middle on."""
    level: NDArray[np.float64] = rng.normal(100, 10, 30)
    start = FIRST + timedelta(days=days // 2)
    return {
        "panel": [
            {"day": day, "metric": "margin", "group": f"g{group:02}", "block": 0, "n": 20,
             "treated_from": start.isoformat() if group < 10 else "", "c_yy": 500.0,
             "mean_y": float(level[group] + rng.normal() + 3 * (group < 10 and day >= start))}
            for day in _days(days)
            for group in range(30)
        ]
    }  # fmt: skip


MAKERS: dict[str, Callable[[Rng, int], dict[str, Rows]]] = {
    "holdout": _holdout,
    "arms": _arms,
    "repeat": _repeat,
    "payoff": _payoff,
    "forecast": _forecast,
    "hours": _hours,
    "panel": _panel,
}
