"""Broke on a known date: a new web form lost the fields that told good leads from bad ones."""

from __future__ import annotations

from datetime import date

import numpy as np

from sample_data.common import DAYS, Story, arrivals, at, index, pick, sigmoid, stream, times
from sample_data.payoffs import gain, mature, stretches

BREAK = date(2026, 7, 14)
THRESHOLD = 0.2
WINDOW, ALLOWANCE = 30, 3
CELLS = {"tp": (240.0, 0.0), "fp": (-26.0, 0.0), "fn": (0.0, 0.0), "tn": (0.0, 0.0)}
UNUSABLE, ORPHANS = 12, 25


def build() -> Story:
    """Leads of a year, every one qualified in the end, called first when the score is high."""
    rng = stream("leads")
    days = arrivals(rng, 210, 0.35)
    moment = times(rng, days)
    size = len(days)
    signal = 1.9 * rng.standard_normal(size)
    chance = sigmoid(-2.9 + signal)
    good = rng.random(size) < chance
    broken = days >= index(BREAK)
    noise = rng.standard_normal(size)
    seen = np.where(broken, -2.2 + 0.1 * signal + 0.4 * noise, -2.9 + signal + 0.4 * noise)
    score = np.round(sigmoid(seen), 3)
    called = score >= THRESHOLD
    empty = np.zeros(size, bool)
    empty[rng.choice(size, UNUSABLE, replace=False)] = True
    called &= ~empty
    lag = 1 + np.minimum(rng.geometric(0.12, size), WINDOW - 2)
    known = days + lag < DAYS
    ids = 500_000 + np.arange(size)
    moments = at(days[known] + lag[known], np.full(int(known.sum()), 64_800))
    order = np.argsort(moments, kind="stable")
    strangers = 2_000_000 + np.arange(ORPHANS)
    place = np.sort(rng.choice(len(order), ORPHANS, replace=False))
    tables = {
        "lead_scores": {
            "lead_id": ids,
            "scored_at": moment,
            "p_good": np.where(empty, np.nan, score),
            "called": called,
            "source": pick(rng, size, {"search": 0.44, "partner": 0.31, "fair": 0.09, "web": 0.16}),
        },
        "lead_outcomes": {
            "lead_id": np.insert(ids[known][order], place, strangers),
            "qualified_at": np.insert(moments[order], place, moments[order][place]),
            "good": np.insert(good[known][order], place, np.zeros(ORPHANS, bool)),
        },
    }
    usable = ~empty
    realised = gain(called, good.astype(float), np.zeros(size), CELLS, constant=True)
    expected = gain(called, chance, np.zeros(size), CELLS, constant=True)
    last = mature(WINDOW + ALLOWANCE)[1]
    cuts = {
        "mature": (0, last),
        "before_break": (0, index(BREAK) - 1),
        "after_break": (index(BREAK), last),
        "year": (0, DAYS - 1),
    }
    truth = {
        "story": "broke at a known date",
        "design": "payoff",
        "break_date": BREAK.isoformat(),
        **stretches(days[usable], realised[usable], expected[usable], cuts),
        "blemishes": {"unusable_scores": UNUSABLE, "orphan_outcomes": ORPHANS},
    }
    return Story(
        tables, truth, {"day": days[usable], "gain": realised[usable], "label": good[usable]}
    )
