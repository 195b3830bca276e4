"""The steady earner: customers about to leave get an offer; some are held back at random."""

from __future__ import annotations

from datetime import date

import numpy as np

from sample_data.common import DAYS, Story, arrivals, at, index, pick, sigmoid, stream, times
from sample_data.holdouts import assign, effects

WAIT = 97  # window of 90 days and a week for late rows
STEPS = {date(2025, 11, 1): 0.5, date(2026, 3, 1): 0.2}
OFFER = 6.0
SAVED = 0.5


def build() -> Story:
    """Customers in the last quarter of their contract, each scored and assigned once."""
    rng = stream("churn")
    days = arrivals(rng, 170, 0.6)
    moment = times(rng, days)
    size = len(days)
    chance = sigmoid(-0.9 + 1.4 * rng.standard_normal(size))
    score = np.round(sigmoid(np.log(chance / (1 - chance)) + 0.5 * rng.standard_normal(size)), 3)
    treated = assign(rng, days, {index(day): share for day, share in STEPS.items()})
    offer = score >= 0.3
    margin = rng.gamma(4.0, 45.0, size)
    rest = rng.uniform(0.1, 0.5, size)  # share of the margin earned before leaving
    leaves = rng.random(size) < chance
    stays = offer & (rng.random(size) < SAVED)
    zero = np.round(margin * np.where(leaves, rest, 1.0), 0)
    one = np.round(margin * np.where(leaves & ~stays, rest, 1.0) - OFFER * offer, 0)
    ids = 100_000 + rng.permutation(size)
    seen = days + 88 < DAYS
    left = np.where(treated, leaves & ~stays, leaves)
    observed = at(days[seen] + 88, rng.integers(0, 86_400, int(seen.sum())))
    order = np.argsort(observed, kind="stable")
    tables = {
        "churn_predictions": {
            "prediction_id": np.arange(1, size + 1),
            "scored_at": moment,
            "customer_id": ids,
            "p_leave": score,
            "offer_made": offer & treated,
            "region": pick(rng, size, {"North": 0.3, "South": 0.34, "East": 0.2, "West": 0.16}),
            "plan": pick(rng, size, {"Basic": 0.5, "Plus": 0.35, "Pro": 0.15}),
            "model_version": np.where(days < index(date(2026, 5, 4)), "2.1", "2.2"),
        },
        "churn_assignments": {
            "customer_id": ids,
            "assigned_at": moment,
            "arm": np.where(treated, "offer", "control"),
            "margin_prior_90d": np.round(margin * np.exp(0.3 * rng.standard_normal(size)), 0),
        },
        "churn_outcomes": {
            "customer_id": ids[seen][order],
            "observed_at": observed[order],
            "margin_90d": np.where(treated, one, zero)[seen][order],
            "left": left[seen][order],
        },
    }
    cut = index(list(STEPS)[1])
    last = DAYS - 1 - WAIT
    cuts = {"mature": (0, last), "first_epoch": (0, cut - 1), "second_epoch": (cut, last)}
    truth = {
        "story": "steady earner",
        "design": "holdout",
        **effects(days, treated, zero, one, {**cuts, "year": (0, DAYS - 1)}),
    }
    return Story(tables, truth, {"day": days, "treated": treated, "zero": zero, "one": one})
