"""False alarms of a holdout that is looked at on sixty days: the sequence and what it costs."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.simulations.table import Row, mean, share
from valuekit.critical import critical
from valuekit.uplift.srm import WATCHED_GATE, srm_p
from valuekit.uplift.srm_watched import REST, sequential_p
from valuekit.uplift.watch import Plan, watch

LOOKS = 60
A_DAY = 400
Floats = NDArray[np.float64]
HALVES = {"all": {"control": 0.5, REST: 0.5}}


def run(repetitions: int, seed: int) -> list[Row]:
    """Revenue of which four units in five bring none; the split; an effect that is there."""
    return [*_revenue(repetitions, seed), *_found(repetitions, seed), *_split(repetitions, seed)]


def frame(rng: np.random.Generator, share_control: float, lift: float) -> pd.DataFrame:
    """Daily effect facts of zero-inflated lognormal revenue, both arms drawn alike but for lift."""
    rows = []
    start = np.datetime64("2026-01-01")
    for look in range(LOOKS):
        n0 = rng.binomial(A_DAY, share_control)
        for arm, n in (("control", n0), ("model", A_DAY - n0)):
            y = np.where(rng.random(n) < 0.2, rng.lognormal(3.0, 1.0, n), 0.0)
            y = y * (1 + lift * (arm == "model"))
            middle = float(y.mean()) if n else 0.0
            rows.append(
                (
                    start + look,
                    "all",
                    arm,
                    n,
                    middle,
                    float(((y - middle) ** 2).sum()),
                    (y > 0).sum(),
                )
            )
    names = ["day", "epoch", "arm", "n", "mean_y", "c_yy", "nonzero"]
    return pd.DataFrame(rows, columns=names)


def _revenue(repetitions: int, seed: int) -> list[Row]:
    rng = np.random.default_rng([seed, 11])
    plan = Plan(LOOKS * A_DAY, 0.5)
    alarms = peeked = 0
    widths = []
    for _ in range(repetitions):
        seen = watch(frame(rng, 0.5, 0.0), "control", None, plan)
        ready = seen.ready
        z = np.abs(seen.value[ready] / seen.se[ready])
        alarms += bool((z > seen.times[ready]).any())
        peeked += bool((z > critical()).any())
        widths.append(float(seen.times[-1]) / critical())
    return [
        share("sequence, false alarms in 60 looks", alarms, repetitions, 0.0, 0.05, seed),
        share("Welch each day (what goes wrong)", peeked, repetitions, 0.15, 1.0, seed),
        mean("sequence, width at the end over fixed", widths, 1.0, 1.7, seed),
    ]


def _found(repetitions: int, seed: int) -> list[Row]:
    """At a lift of 3.9 standard errors the registered N finds it with 80% power."""
    rng = np.random.default_rng([seed, 12])
    runs = max(repetitions // 4, 1)
    plan = Plan(LOOKS * A_DAY, 0.5)
    hits = always = 0
    for _ in range(runs):
        seen = watch(frame(rng, 0.5, 0.197), "control", None, plan)
        ready = seen.ready
        told = np.abs(seen.value) > seen.times * seen.se
        hits += bool(told[ready].any())
        p = seen.p
        always += (p is not None and p < 0.05) == bool(told[-1])
    return [
        share("sequence, power at its planned effect", hits, runs, 0.78, 0.95, seed),
        share("always-valid p agrees with the band", always, runs, 1.0, 1.0, seed),
    ]


def _split(repetitions: int, seed: int) -> list[Row]:
    """365 days of a true split: the sequential test against chi-square read every day."""
    rng = np.random.default_rng([seed, 13])
    gates = blocked = fixed = caught = 0
    days = pd.date_range("2026-01-01", periods=365)
    for _ in range(repetitions):
        for true in (0.5, 0.485):
            n0 = rng.binomial(1000, true, len(days))
            if true == 0.5:
                p = sequential_p(_counts(days, n0), HALVES)
                gates += p < 0.05
                blocked += p < WATCHED_GATE
                both = np.cumsum(n0), np.cumsum(1000 - n0)
                at = range(0, 365, 5)
                fixed += any(srm_p([both[0][i], both[1][i]], [0.5, 0.5])[1] < 0.05 for i in at)
            else:
                caught += sequential_p(_counts(days, n0), HALVES) < WATCHED_GATE
    return [
        share("split, sequential p < .05 in a year", gates, repetitions, 0.0, 0.05, seed),
        share("split, blocked for nothing in a year", blocked, repetitions, 0.0, 0.01, seed),
        share("split, chi-square each day (what goes wrong)", fixed, repetitions, 0.15, 1, seed),
        share("split, 48.5% for 50% is found", caught, repetitions, 0.99, 1.0, seed),
    ]


def _counts(days: pd.DatetimeIndex, control: NDArray[np.int64]) -> pd.DataFrame:
    one = {"day": days, "epoch": "all"}
    sides = [
        pd.DataFrame({**one, "arm": "control", "units": control}),
        pd.DataFrame({**one, "arm": "model", "units": 1000 - control}),
    ]
    return pd.concat(sides, ignore_index=True)
