"""Where a few large outcomes decide: is the skew gate raised wherever the interval misses?"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.simulations.table import Row, share
from valuekit.moments import Moments
from valuekit.uplift.arms import ArmFacts, Epochs
from valuekit.uplift.skew import skew_gate
from valuekit.uplift.welch import welch

Floats = NDArray[np.float64]
#: Units, share in control, share with an outcome, sd of the log of an outcome.
WRONG = (
    (4_000, 0.05, 0.02, 1.0),
    (20_000, 0.05, 0.02, 1.0),
    (10_000, 0.10, 0.05, 1.5),
)
CALM = ((4_000, 0.5, 0.5, 0.5), (20_000, 0.5, 0.2, 1.0), (20_000, 0.2, 0.5, 0.5))


def run(repetitions: int, seed: int) -> list[Row]:
    """Coverage and flags with few and large outcomes, and with many."""
    rows = [row for at, one in enumerate(WRONG) for row in _wrong(at, one, repetitions, seed)]
    hits = silent = 0
    for at, one in enumerate(CALM):
        covered, raised = _drawn([seed, 41, at], one, repetitions)
        hits += int((covered & ~raised).sum())
        silent += int((~raised).sum())
    calm = share("Welch where the gate is silent", hits, max(silent, 1), 0.94, 0.962, seed)
    return [*rows, calm]


def _wrong(at: int, one: tuple[int, float, float, float], repetitions: int, seed: int) -> list[Row]:
    covered, raised = _drawn([seed, 40, at], one, repetitions)
    units, control, some, spread = one
    name = f"{control:.0%} of {units:,}, {some:.0%} non-zero, sd {spread:g}"
    return [
        share(f"Welch, {name} (wrong)", int(covered.sum()), repetitions, 0.0, 0.93, seed),
        share(f"skew gate raised, {name}", int(raised.sum()), repetitions, 0.95, 1.0, seed),
    ]


def _drawn(
    seeds: list[int], one: tuple[int, float, float, float], repetitions: int
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Whether Welch covers no effect, and whether the gate is raised, by repetition."""
    rng = np.random.default_rng(seeds)
    units, control, some, spread = one
    sizes = {"c": round(units * control), "t": units - round(units * control)}
    covered, raised = np.zeros((2, repetitions), dtype=bool)
    for turn in range(repetitions):
        arms = {arm: _facts(_outcomes(rng, n, some, spread)) for arm, n in sizes.items()}
        found = welch(arms["t"].moments, arms["c"].moments, unit="1")
        if found.low is None or found.high is None:
            raised[turn] = True  # not estimable: no claim is made
            continue
        covered[turn] = found.low <= 0 <= found.high
        epochs: Epochs = {"all": arms}
        raised[turn] = skew_gate(pd.DataFrame(), "c", epochs=epochs).status == "failed"
    return covered, raised


def _outcomes(rng: np.random.Generator, n: int, some: float, spread: float) -> Floats:
    """Zero for most units, lognormal for some."""
    y = np.zeros(n)
    there = rng.random(n) < some
    y[there] = rng.lognormal(0, spread, int(there.sum()))
    return y


def _facts(y: Floats) -> ArmFacts:
    moments = Moments.from_rows({"y": y})
    return ArmFacts(moments, moments, len(y), len(y), 0, 0, int((y != 0).sum()))
