"""Too young to judge: launched six weeks before the last day, with outcomes after 90 days."""

from __future__ import annotations

from datetime import date

import numpy as np

from sample_data.common import DAYS, Story, arrivals, at, index, pick, sigmoid, stream, times
from sample_data.holdouts import assign, effects

LAUNCH = date(2026, 9, 20)
CONTROL = 0.2
INVOICES = (30, 60, 90)


def build() -> Story:
    """Customers who cancelled; those who come back pay an invoice every 30 days."""
    rng = stream("winback")
    days = arrivals(rng, 260, 0.7, first=index(LAUNCH))
    moment = times(rng, days)
    size = len(days)
    treated = assign(rng, days, {0: CONTROL})
    chance = sigmoid(-1.6 + 0.8 * rng.standard_normal(size))
    luck = rng.random(size)
    invoice = np.round(rng.gamma(6.0, 5.0, size), 0)
    zero = np.where(luck < chance, 3.0, 0.0) * invoice
    one = np.where(luck < chance + 0.025, 3.0, 0.0) * invoice
    monthly = np.where(treated, one, zero) / 3
    ids = 700_000 + rng.permutation(size)
    rows = [
        (ids[paid], days[paid] + after - 1, monthly[paid])
        for after in INVOICES
        if (paid := (monthly > 0) & (days + after - 1 < DAYS)).any()
    ]
    customer, due, amount = (np.concatenate(one) for one in zip(*rows, strict=True))
    when = at(due, rng.integers(0, 86_400, len(due)))
    order = np.argsort(when, kind="stable")
    tables = {
        "winback_predictions": {
            "prediction_id": np.arange(1, size + 1),
            "scored_at": moment,
            "customer_id": ids,
            "p_return": np.round(chance, 2),
            "arm": np.where(treated, "offer", "control"),
            "former_plan": pick(rng, size, {"Basic": 0.55, "Plus": 0.33, "Pro": 0.12}),
        },
        "winback_invoices": {
            "customer_id": customer[order],
            "invoiced_at": when[order],
            "margin": amount[order],
        },
    }
    truth = {
        "story": "too young to judge",
        "design": "holdout",
        "mature_units": 0,
        **effects(days, treated, zero, one, {"year": (index(LAUNCH), DAYS - 1)}),
    }
    return Story(tables, truth, {"day": days, "treated": treated, "zero": zero, "one": one})
