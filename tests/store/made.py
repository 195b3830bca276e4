"""A run's outcome with facts of every kind, for tests of the store."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pandas as pd

from tests.ledger.frames import cost, effect, score
from valuekit.errors import Finding
from valuekit.ledger.frame import conform
from valuekit.ledger.schema import FACTS
from valuekit.source import Query, Registered
from valuekit.store import ModelOutcome, RunOutcome, Store

NOW = datetime(2026, 3, 1, 6, 30, tzinfo=UTC)
DAY = date(2026, 1, 1)


def later(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


def bill(model: str = "churn") -> pd.DataFrame:
    row = {one.name: "" for one in FACTS["bill"].keys} | {
        "model": model,
        "version": "all",
        "segment": "all",
        "day": DAY,
        "effective": "0.000001",
        "billed": "-9000000000000.123456",
        "native": "12",
        "rate": "0.00007120",
        "rate_day": date(2025, 12, 31),
    }
    return conform(FACTS["bill"], pd.DataFrame([row]))


def facts(model: str = "churn", days: int = 3, factor: int = 1) -> dict[str, pd.DataFrame]:
    rng = np.random.default_rng(days)
    frames = {
        "effect": effect([factor * rng.normal(size=(5, 4)) for _ in range(days)]),
        "score": pd.concat(
            [
                score([[factor, 0, day] for day in range(days)]),
                score([[1, 2]] * days, segment="plan=a", layout="score-2"),
            ],
            ignore_index=True,
        ),
        "cost": cost([f"{factor}.{day:06d}" for day in range(days)]),
    }
    return {name: frame.assign(model=model) for name, frame in frames.items()}


def part(model: str = "churn", **changes: object) -> ModelOutcome:
    made = ModelOutcome(
        model=model,
        facts=facts(model) if "facts" not in changes else {},
        scorecard=f'{{"model": "{model}"}}',
        registered=(Registered(model, "layout", "score", {"id": "score-1", "edges": [0.5]}, DAY),),
        queries=(Query("effect", "SELECT 1", {"first": DAY, "p": Decimal("0.1")}, 7, 0.25),),
        first=DAY,
        last=date(2026, 1, 3),
        complete_through=date(2026, 1, 2),
        findings=(Finding("models.churn", "3", "late rows", "Wait.", "warning", "late", 3),),
        rows_read=100,
        seconds=1.5,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def run(store: Store, *parts: ModelOutcome, complete: bool = True, minutes: float = 0) -> int:
    """Begin and commit one run."""
    number = store.begin("refresh", {"models": None}, later(minutes), workspace_hash="abc")
    store.commit(number, RunOutcome(number, parts, complete, 2.0), later(minutes + 1))
    return number
