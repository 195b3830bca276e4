"""Scoring of 200 models from a year of stored facts: all intervals and diagnostics, one core."""

from __future__ import annotations

import gc
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from time import perf_counter, process_time
from typing import Any

from benchmarks.books import FIRST, book
from valuekit.assess import assess
from valuekit.workspace.declare import Workspace

MODELS, DAYS = 200, 365
SECONDS = 30.0  # the most that scoring all of them may take on one core
#: Of every ten models seven are holdouts: plain, with three arms, with customers who come back.
KINDS = ("holdout", "holdout", "arms", "payoff", "holdout", "repeat", "forecast", "holdout",
         "holdout", "panel")  # fmt: skip
OTHER = ("hours",)  # the place of every second forecast
_COSTS = {
    "per_prediction": "0.01",
    "monthly": [{"category": "people", "amount": "3000", "from": FIRST}],
}


@dataclass(frozen=True, slots=True)
class Scored:
    """What scoring took.

    Attributes:
        models: Models scored.
        seconds: Wall seconds of all of them, one after the other.
        cpu: CPU seconds of the same.
        by_kind: Median CPU seconds of a model by kind.
    """

    models: int
    seconds: float
    cpu: float
    by_kind: dict[str, float]


def kind_of(number: int) -> str:
    """Kind of the model of a number."""
    kind = KINDS[number % len(KINDS)]
    return OTHER[0] if kind == "forecast" and number // len(KINDS) % 2 else kind


def score(models: int = MODELS, days: int = DAYS) -> Scored:
    """Score models one after the other; making their facts is not counted."""
    workspace = declared(models)
    seconds = 0.0
    cpu: dict[str, list[float]] = {}
    for number in range(models):
        name, kind = f"m{number}", kind_of(number)
        facts = book(workspace, name, kind, days, number)
        gc.collect()  # what making the facts left over is not the work of scoring
        began, worked = perf_counter(), process_time()
        assess(workspace, name, facts)
        seconds += perf_counter() - began
        cpu.setdefault(kind, []).append(process_time() - worked)
    medians = {kind: statistics.median(found) for kind, found in cpu.items()}
    return Scored(models, seconds, sum(map(sum, cpu.values())), medians)


def declared(models: int) -> Workspace:
    """A workspace of so many models of mixed kinds."""
    return Workspace.model_validate(
        {
            "workspace": {"name": "Benchmark", "currency": "EUR"},
            "sources": {"files": {"kind": "duckdb"}},
            "models": {f"m{number}": _model(kind_of(number)) for number in range(models)},
        }
    )


def _model(kind: str) -> dict[str, Any]:
    log = {"table": "p", "id": "id", "time": "at"}
    base = {"title": kind.title(), "owner": "bench@example.com", "task": "classification"}
    made: dict[str, dict[str, Any]] = {
        "payoff": {
            "predictions": log | {"score": "p"},
            "outcomes": _outcomes({"id": "id"}) | {"label": "y"},
            "evidence": [
                {"design": "payoff", "payoff": {"tp": 50, "fp": -10, "fn": -50, "tn": 5}}
            ],
        },
        "forecast": {
            "task": "forecast",
            "predictions": log | {"target_time": "d", "predicted": "f", "series": "s"},
            "outcomes": {"table": "o", "on": {"s": "s"}, "time": "d", "window": "5d", "label": "y"},
            "evidence": [{"design": "baseline_forecast", "holding": "1.1", "stockout": "3.4"}],
        },
        "hours": {
            "task": "generation",
            "predictions": log | {"acted": "used"},
            "evidence": [{"design": "hours_saved", "minutes": 4, "minutes_low": 2,
                          "minutes_high": 6, "hourly": "30"}],
        },
        "panel": {
            "panel": {"table": "shops", "time": "day", "group": "shop", "treated_from": "start"},
            "costs": {"monthly": _COSTS["monthly"]},  # no log counts what a price is paid for
            "metrics": {"margin": {"column": "margin", "already_money": True}},
            "evidence": [{"design": "diff_in_diff"}],
        },
    }  # fmt: skip
    return base | {"costs": _COSTS} | made.get(kind, _trial(kind, log))


def _trial(kind: str, log: dict[str, str]) -> dict[str, Any]:
    entry = {"design": "holdout", "control": "control", "registered": FIRST}
    return {
        "predictions": log | {"score": "p", "unit": "u", "arm": "arm"},
        "outcomes": _outcomes({"u": "u"}) | {"label": "y"},
        "metrics": {
            "margin": {"column": "margin", "already_money": True, "cap": 80, "primary": True},
            "orders": {"column": "orders"},
        },
        "evidence": [entry | ({"repeat": True} if kind == "repeat" else {})],
    }


def _outcomes(on: dict[str, str]) -> dict[str, Any]:
    return {"table": "o", "on": on, "time": "t", "window": "28d"}


def milliseconds(found: Scored) -> Iterator[tuple[str, float]]:
    """Median CPU milliseconds by kind, slowest first."""
    for kind, seconds in sorted(found.by_kind.items(), key=lambda one: -one[1]):
        yield kind, seconds * 1000
