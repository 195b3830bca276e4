"""Costs more than it earns: the best hour to send an e-mail hardly matters."""

from __future__ import annotations

import numpy as np

from sample_data.common import DAYS, Story, arrivals, at, pick, stream, times
from sample_data.holdouts import assign, effects

WINDOW, ALLOWANCE = 14, 2
CONTROL = 0.3
LIFT = 0.004  # share of customers who buy only because of the hour


def build() -> Story:
    """Customers on the mailing list, each assigned at the first campaign that reaches them."""
    rng = stream("sendtime")
    days = arrivals(rng, 215, 0.5)
    moment = times(rng, days)
    size = len(days)
    treated = assign(rng, days, {0: CONTROL})
    basket = np.round(np.exp(2.9 + 0.6 * rng.standard_normal(size)), 0)
    luck = rng.random(size)
    zero = np.where(luck < 0.3, basket, 0.0)
    one = np.where(luck < 0.3 + LIFT, basket, 0.0)
    margin = np.where(treated, one, zero)
    lag = 1 + np.minimum(rng.geometric(0.25, size), WINDOW - 3)
    bought = (margin > 0) & (days + lag < DAYS)
    ids = 300_000 + rng.permutation(size)
    when = at(days[bought] + lag[bought], rng.integers(0, 86_400, int(bought.sum())))
    order = np.argsort(when, kind="stable")
    tables = {
        "sendtime_predictions": {
            "mail_id": np.arange(1, size + 1),
            "planned_at": moment,
            "customer_id": ids,
            "arm": np.where(treated, "best_hour", "fixed_hour"),
            "device": pick(rng, size, {"phone": 0.63, "desktop": 0.29, "tablet": 0.08}),
        },
        "sendtime_outcomes": {
            "customer_id": ids[bought][order],
            "bought_at": when[order],
            "margin": margin[bought][order],
        },
    }
    last = DAYS - 1 - WINDOW - ALLOWANCE
    cuts = {"mature": (0, last), "year": (0, DAYS - 1)}
    truth = {
        "story": "costs more than it earns",
        "design": "holdout",
        **effects(days, treated, zero, one, cuts),
    }
    return Story(tables, truth, {"day": days, "treated": treated, "zero": zero, "one": one})
