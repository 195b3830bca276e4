"""A language model priced by tokens: drafts answers that save minutes, when they are used."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

import numpy as np

from sample_data.common import (
    Bools,
    Floats,
    Ints,
    Story,
    arrivals,
    by_month,
    index,
    pick,
    stream,
    times,
)

MINUTES = {"low": 2.5, "mid": 4.0, "high": 6.0}
HOURLY = 38.0
PRICES = {  # per million tokens, from a day on
    ("aster-large", "input"): {
        date(2025, 11, 1): Decimal("9.00"),
        date(2026, 5, 1): Decimal("4.50"),
    },
    ("aster-large", "output"): {date(2025, 11, 1): Decimal(36), date(2026, 5, 1): Decimal(18)},
    ("aster-mini", "input"): {date(2025, 11, 1): Decimal("0.90")},
    ("aster-mini", "output"): {date(2025, 11, 1): Decimal("3.60")},
}
RETRIED = 0.04


def build() -> Story:
    """Drafts for the service desk; a retry reads the whole prompt again."""
    rng = stream("assistant")
    days = arrivals(rng, 250, 0.3, growth=0.5)
    moment = times(rng, days)
    size = len(days)
    mini = rng.random(size) < np.where(days < index(date(2026, 8, 1)), 0.0, 0.35)
    used = rng.random(size) < np.where(mini, 0.55, 0.61)
    retries = rng.random(size) < RETRIED
    attempts = 1 + retries
    read = (np.round(rng.gamma(5.0, 24.0, size)) * 100 * attempts).astype(int)
    wrote = (np.round(rng.gamma(4.0, 18.0, size)) * 10 * attempts).astype(int)
    model = np.where(mini, "aster-mini", "aster-large")
    tables = {
        "assistant_log": {
            "answer_id": np.arange(1, size + 1),
            "answered_at": moment,
            "used": used,
            "team": pick(rng, size, {"Billing": 0.4, "Technical": 0.35, "Orders": 0.25}),
            "provider_model": model,
            "tokens_in": read,
            "tokens_out": wrote,
            "latency_ms": (np.round(rng.gamma(6.0, 2.4, size)) * 100 * attempts).astype(int),
        }
    }
    tokens = {"input": read, "output": wrote}
    cost = sum(
        (_cost(days, model == name, tokens[kind], dated) for (name, kind), dated in PRICES.items()),
        np.zeros(size),
    )
    hours = {name: minutes * used.sum() / 60 for name, minutes in MINUTES.items()}
    truth = {
        "story": "language model priced by tokens",
        "design": "hours_saved",
        "predictions": size,
        "used": int(used.sum()),
        "retried": int(retries.sum()),
        "tokens": {kind: int(one.sum()) for kind, one in tokens.items()},
        "token_cost": round(float(cost.sum()), 2),
        "token_cost_by_month": by_month(days, cost),
        "gross": {name: round(float(h) * HOURLY, 2) for name, h in hours.items()},
    }
    return Story(tables, truth, {"day": days, "used": used, "cost": cost})


def _cost(days: Ints, chosen: Bools, tokens: Ints, dated: Mapping[date, Decimal]) -> Floats:
    price = np.zeros(len(days))
    for start, amount in sorted(dated.items()):
        price = np.where(days >= index(start), float(amount), price)
    return np.where(chosen, tokens * price / 1e6, 0.0)
