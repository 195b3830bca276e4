"""Customers who come back: coverage from 64 buckets over 14 days, and 60 looks at the total."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from benchmarks.simulations.table import Row, mean, share
from valuekit.critical import critical
from valuekit.estimate import Period
from valuekit.uplift.flow import Flow
from valuekit.uplift.returning import returning
from valuekit.uplift.sequence import TIGHTEST, multiplier

FIRST = date(2026, 1, 1)
ARMS = (("all", "control"), ("all", "model"))
BUCKETS, BURN_IN = 64, 7
Floats = NDArray[np.float64]


def run(repetitions: int, seed: int) -> list[Row]:
    """Coverage with persistent customers, and false alarms when the total is watched."""
    return [*_coverage(repetitions, seed), *_watched(repetitions, seed)]


def customers(
    rng: np.random.Generator, units: int, days: int, lift: float
) -> tuple[Flow, tuple[NDArray[np.bool_], Floats]]:
    """Customers who come on any day and then order on two days in five, as large as their taste."""
    came = rng.integers(0, days, units)
    arm, bucket = rng.integers(0, 2, units), rng.integers(0, BUCKETS, units)
    taste = rng.gamma(1.0, 5.0, units) + lift * arm
    new, y = (np.zeros((2, days, BUCKETS)) for _ in range(2))
    np.add.at(new, (arm, came, bucket), 1.0)
    here = came[:, None] <= np.arange(days)
    orders = (rng.random((units, days)) < 0.4) * here * taste[:, None] * 2.5
    for side in (0, 1):
        for at in range(BUCKETS):
            y[side, :, at] = orders[(arm == side) & (bucket == at)].sum(axis=0)
    stamps = np.arange(np.datetime64(FIRST), np.datetime64(FIRST) + days)
    return Flow(stamps, ARMS, new, y), (arm == 1, orders)


def _coverage(repetitions: int, seed: int) -> list[Row]:
    rng = np.random.default_rng([seed, 31])
    days, lift, hits, naive = 14, 1.0, 0, 0
    whole = Period(FIRST, FIRST + timedelta(days=days - 1))
    truth = lift * (days + 1) / 2  # a unit and so many days, on average
    for _ in range(repetitions):
        flow, (treated, orders) = customers(rng, 1000, days, lift)
        found = returning(flow, "control", unit="1", period=whole).effect
        hits += bool(found.low is not None and found.low <= truth <= (found.high or 0.0))
        # Orders as if each were somebody else's: a Poisson sum of independent amounts.
        gap = orders[treated].sum() / treated.sum() - orders[~treated].sum() / (~treated).sum()
        sides = [(orders[one] ** 2).sum() / one.sum() ** 2 for one in (treated, ~treated)]
        naive += bool(abs(gap - truth) <= critical() * np.sqrt(sum(sides)))
    return [
        share("repeat customers, 14 days, 64 buckets", hits, repetitions, 0.94, 0.975, seed),
        share("the same, orders as independent (goes wrong)", naive, repetitions, 0.0, 0.85, seed),
    ]


def _watched(repetitions: int, seed: int) -> list[Row]:
    rng = np.random.default_rng([seed, 32])
    days, runs = 60, max(repetitions // 4, 1)
    alarms = peeked = 0
    widths = []
    planned = 1000 * (days + 1) / 2
    ends = [FIRST + timedelta(days=step) for step in range(BURN_IN - 1, days)]
    for _ in range(runs):
        flow, _rows = customers(rng, 1000, days, 0.0)
        z, times = [], []
        for end in ends:
            one = returning(flow, "control", unit="1", period=Period(FIRST, end)).total
            z.append(abs(one.value or 0.0) / (one.se or np.inf))
            times.append(multiplier(flow.unit_days(end, "control", None) / planned, TIGHTEST))
        alarms += bool((np.array(z) > np.array(times)).any())
        peeked += bool((np.array(z) > critical()).any())
        widths.append(times[-1] / critical())
    return [
        share("repeat customers, false alarms in 54 looks", alarms, runs, 0.0, 0.05, seed),
        share("a t interval each day (what goes wrong)", peeked, runs, 0.10, 1.0, seed),
        mean("repeat customers, width at the end over fixed", widths, 1.0, 1.7, seed),
    ]
