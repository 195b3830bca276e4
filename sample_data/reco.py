"""Decays slowly: recommendations grow stale while the shop's assortment changes."""

from __future__ import annotations

import numpy as np

from sample_data.common import DAYS, Story, arrivals, at, pick, sigmoid, stream, times
from sample_data.payoffs import gain, mature, stretches

THRESHOLD = 0.1
WINDOW = 14
CELLS = {"tp": (44.0, 0.0), "fp": (-4.0, 0.0), "fn": (0.0, 0.0), "tn": (0.0, 0.0)}
SHARPNESS = (1.0, 0.45)  # share of the signal that the model still sees, first and last day
EARLY = 9


def build() -> Story:
    """Visits with one recommended add-on; the model decides whether it is worth the space."""
    rng = stream("reco")
    days = arrivals(rng, 330, 1.35)
    moment = times(rng, days)
    size = len(days)
    signal = 1.6 * rng.standard_normal(size)
    chance = sigmoid(-2.8 + signal)
    bought = rng.random(size) < chance
    kept = SHARPNESS[0] + (SHARPNESS[1] - SHARPNESS[0]) * days / (DAYS - 1)
    blur = np.sqrt(1 - kept**2) * 1.6 * rng.standard_normal(size)
    score = np.round(sigmoid(-2.8 + kept * signal + 0.6 * blur), 2)
    shown = score >= THRESHOLD
    lag = np.minimum(rng.geometric(0.3, size), WINDOW - 2)
    known = days + lag < DAYS
    ids = np.arange(1, size + 1)
    when = at(days[known] + lag[known], np.full(int(known.sum()), 79_200))
    early = np.sort(rng.choice(int(known.sum()), EARLY, replace=False))
    when[early] = moment[known][early] - np.timedelta64(3, "D")  # a clock that ran behind
    lost = np.zeros(size, bool)
    lost[np.flatnonzero(known)[early]] = True
    order = np.argsort(when, kind="stable")
    tables = {
        "reco_predictions": {
            "visit_id": ids,
            "shown_at": moment,
            "p_buy": score,
            "shown": shown,
            "category": pick(rng, size, {"Home": 0.4, "Garden": 0.25, "Sport": 0.2, "Toys": 0.15}),
        },
        "reco_outcomes": {
            "visit_id": ids[known][order],
            "closed_at": when[order],
            "bought": bought[known][order],
        },
    }
    realised = gain(shown, bought.astype(float), np.zeros(size), CELLS, constant=True)
    expected = gain(shown, chance, np.zeros(size), CELLS, constant=True)
    last = mature(WINDOW)[1]
    cuts = {
        "mature": (0, last),
        "first_quarter": (0, 91),
        "last_quarter": (last - 91, last),
        "year": (0, DAYS - 1),
    }
    truth = {
        "story": "decays slowly",
        "design": "payoff",
        "decay": {"signal_first_day": SHARPNESS[0], "signal_last_day": SHARPNESS[1]},
        **stretches(days[~lost], realised[~lost], expected[~lost], cuts),
        "blemishes": {"outcomes_before_prediction": EARLY},
    }
    return Story(tables, truth, {"day": days[~lost], "gain": realised[~lost]})
