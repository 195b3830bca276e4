"""The star: stops card fraud, with the amount of each payment at stake."""

from __future__ import annotations

from datetime import date

import numpy as np

from sample_data.common import (
    DAYS,
    Array,
    Bools,
    Story,
    arrivals,
    at,
    index,
    pick,
    sigmoid,
    stream,
    times,
)
from sample_data.payoffs import gain, mature, stretches

THRESHOLD = 0.3
WINDOW = 45
CELLS = {"tp": (-4.0, 0.0), "fp": (-14.0, -0.02), "fn": (0.0, -1.0), "tn": (0.0, 0.0)}
NEW_VERSION = date(2026, 3, 16)
LOST_DAY, LOST_HOUR = date(2026, 2, 11), 14
DUPLICATES = 40


def _lost(moment: Array) -> Bools:
    """Payments of one hour that never reached the log."""
    start = at(np.array([index(LOST_DAY)]), np.array([LOST_HOUR * 3600]))[0]
    return (moment >= start) & (moment < start + np.timedelta64(1, "h"))


def build() -> Story:
    """Payments of a year that rules found suspicious; one in twenty is fraud."""
    rng = stream("fraud")
    days = arrivals(rng, 330, 1.15, growth=0.1)
    moment = times(rng, days)
    size = len(days)
    logit = -4.7 + 2.5 * rng.standard_normal(size)
    chance = sigmoid(logit)
    fraud = rng.random(size) < chance
    blur = np.where(days < index(NEW_VERSION), 0.9, 0.5)
    score = np.round(sigmoid(logit + blur * rng.standard_normal(size)), 3)
    amount = np.round(np.exp(5.6 + 0.8 * rng.standard_normal(size)), 0)
    blocked = score >= THRESHOLD
    lag = np.where(fraud, np.minimum(rng.geometric(0.07, size), WINDOW - 2), 30)
    ids = np.arange(1, size + 1)
    tables = {
        "payment_id": ids,
        "scored_at": moment,
        "p_fraud": score,
        "blocked": blocked,
        "amount": amount,
        "channel": pick(rng, size, {"web": 0.46, "app": 0.41, "phone": 0.13}),
        "country": pick(rng, size, {"DE": 0.62, "AT": 0.14, "NL": 0.13, "FR": 0.11}),
        "model_version": np.where(days < index(NEW_VERSION), "v4", "v5"),
    }
    lost = _lost(moment)
    kept = np.flatnonzero(~lost)
    again = np.sort(rng.choice(kept, DUPLICATES, replace=False))
    logged = np.sort(np.concatenate([kept, again]))
    settled = (days + lag < DAYS) & ~lost
    outcomes = {
        "payment_id": ids[settled],
        "settled_at": at(days[settled] + lag[settled], np.full(int(settled.sum()), 82_800)),
        "fraud": fraud[settled],
    }
    realised = gain(blocked, fraud.astype(float), amount, CELLS, constant=False)
    expected = gain(blocked, chance, amount, CELLS, constant=False)
    cuts = {"mature": mature(WINDOW), "year": (0, DAYS - 1)}
    truth = {
        "story": "star",
        "design": "payoff",
        **stretches(days[~lost], realised[~lost], expected[~lost], cuts),
        "blemishes": {"duplicate_predictions": DUPLICATES, "lost_predictions": int(lost.sum())},
        "lost_hour": f"{LOST_DAY}T{LOST_HOUR}:00 Europe/Berlin",
    }
    return Story(
        {
            "fraud_predictions": {key: one[logged] for key, one in tables.items()},
            "fraud_outcomes": outcomes,
        },
        truth,
        {"day": days[~lost], "gain": realised[~lost], "fraud": fraud[~lost]},
    )
