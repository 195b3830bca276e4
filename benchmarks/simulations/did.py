"""Coverage of comparisons of groups over time, whose days hang together, with a known truth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.signal import lfilter

from benchmarks.simulations.table import Row, share
from valuekit.critical import critical
from valuekit.uplift.bands import all_zero
from valuekit.uplift.cells import four_cells
from valuekit.uplift.diff_in_diff import diff_in_diff
from valuekit.uplift.gaps import Gaps, Total
from valuekit.uplift.panel import Panel
from valuekit.uplift.staggered import spare, staggered
from valuekit.uplift.staggered_before import before_launch
from valuekit.uplift.staggered_total import Rollout, rollout
from valuekit.uplift.switchback import switchback

Floats = NDArray[np.float64]
PERIODS, LAUNCH, EFFECT = 60, 30, 1.0
EVERY = np.ones(PERIODS, dtype=bool)


def run(repetitions: int, seed: int) -> list[Row]:
    """Difference in differences by number of groups and rho; roll-out in steps; switchback."""
    return [
        *(
            _groups(groups, rho, repetitions, seed)
            for groups in (6, 10, 20, 50)
            for rho in (0.0, 0.3, 0.6, 0.9)
        ),
        _independent(repetitions, seed),
        _single(repetitions, seed),
        _shared(repetitions, seed),
        *(_two_series(rho, repetitions, seed) for rho in (0.0, 0.3, 0.6)),
        *_steps(repetitions, seed),
        _alone(repetitions, seed),
        *(_switched(rho, repetitions, seed) for rho in (0.0, 0.3, 0.6, 0.8)),
    ]


def panel(rng: np.random.Generator, first: list[int], rho: float, effect: float = EFFECT) -> Panel:
    """Groups with levels, shared shocks and AR(1) noise of variance 1."""
    noise = rng.normal(size=(len(first), PERIODS + 40)) * np.sqrt(1 - rho**2)
    own = lfilter([1.0], [1.0, -rho], noise, axis=1)[:, 40:]
    start = np.array(first)
    on = np.arange(PERIODS) >= start[:, None]
    y = rng.normal(10, 3, (len(first), 1)) + rng.normal(0, 2, PERIODS) + own + effect * on
    ones = np.ones(y.shape)
    days = np.datetime64("2026-01-01") + np.arange(PERIODS)
    return Panel(tuple(map(str, range(len(first)))), days, y, ones, ones, 0 * ones, start)


def _covers(found: Total | None, truth: float = EFFECT) -> bool:
    if found is None or found.se is None:
        return False
    half = critical(0.95, found.df) * found.se
    return abs(found.value - truth * found.weight) <= half


def _gaps(made: Panel) -> Gaps:
    found = diff_in_diff(made)
    if isinstance(found, str):
        raise TypeError(found)
    return found


def _groups(groups: int, rho: float, repetitions: int, seed: int) -> Row:
    rng = np.random.default_rng([seed, 31, groups, int(10 * rho)])
    first = [LAUNCH] * (groups // 2) + [PERIODS] * (groups - groups // 2)
    hits = sum(_covers(_gaps(panel(rng, first, rho)).everything()) for _ in range(repetitions))
    name = f"DiD, {groups} groups, rho = {rho:g}"
    return share(name, hits, repetitions, 0.94, 0.962, seed)


def _independent(repetitions: int, seed: int) -> Row:
    """What goes wrong where days of a group are taken as independent rows."""
    rng = np.random.default_rng([seed, 32])
    first, hits = [LAUNCH] * 10 + [PERIODS] * 10, 0
    on = np.outer(np.arange(20) < 10, np.arange(PERIODS) >= LAUNCH)
    x = on - on.mean(axis=1, keepdims=True) - on.mean(axis=0) + on.mean()
    for _ in range(repetitions):
        y = panel(rng, first, 0.9).y
        rest = y - y.mean(axis=1, keepdims=True) - y.mean(axis=0) + y.mean()
        slope = (x * rest).sum() / (x * x).sum()
        spread = ((rest - slope * x) ** 2).sum() / (19 * (PERIODS - 1) - 1)
        hits += bool(abs(slope - EFFECT) <= 1.96 * np.sqrt(spread / (x * x).sum()))
    return share("the same by rows, rho = 0.9 (too sure)", hits, repetitions, 0.0, 0.9, seed)


def _single(repetitions: int, seed: int) -> Row:
    """One treated group takes the spread of the others."""
    rng = np.random.default_rng([seed, 33])
    first = [LAUNCH] + [PERIODS] * 11
    hits = sum(_covers(_gaps(panel(rng, first, 0.6)).everything()) for _ in range(repetitions))
    return share("DiD, 1 treated of 12, rho = .6", hits, repetitions, 0.94, 0.962, seed)


def _shared(repetitions: int, seed: int) -> Row:
    """What goes wrong where all treated groups share shocks that the others do not have."""
    rng = np.random.default_rng([seed, 39])
    first, hits = [LAUNCH] * 5 + [PERIODS] * 5, 0
    for _ in range(repetitions):
        made = panel(rng, first, 0.6)
        common = lfilter([1.0], [1.0, -0.6], rng.normal(size=PERIODS + 40) * 0.8)[40:]
        y = made.y + common * (~made.never)[:, None]
        hits += _covers(_gaps(replace(made, y=y)).everything())
    name = "DiD, 5 treated of 10 share shocks of their own (too sure)"
    return share(name, hits, repetitions, 0.0, 0.9, seed)


def _two_series(rho: float, repetitions: int, seed: int) -> Row:
    """Two groups with one total a day take the spread of their difference."""
    rng = np.random.default_rng([seed, 37, int(10 * rho)])
    hits = 0
    for _ in range(repetitions):
        one = four_cells(panel(rng, [LAUNCH, PERIODS], rho), unit="1")
        hits += one.low is not None and one.low <= EFFECT <= (one.high or one.low)
    return share(f"DiD, 2 groups by day, rho = {rho:g}", hits, repetitions, 0.92, 0.97, seed)


def _rollout(made: Panel, comparison: str) -> Rollout:
    found = rollout(made, "not_yet" if comparison == "not_yet" else "never")
    if isinstance(found, str):
        raise TypeError(found)
    return found


def _steps(repetitions: int, seed: int) -> list[Row]:
    """Five, five and five groups on three days, twelve never; totals and the pre-trend test."""
    rng = np.random.default_rng([seed, 34])
    first = [20] * 5 + [30] * 5 + [40] * 5 + [PERIODS] * 12
    hits, alarms, tested = {"never": 0, "not_yet": 0}, 0, min(repetitions, 400)
    for turn in range(repetitions):
        made = panel(rng, first, 0.6)
        for comparison in hits:
            hits[comparison] += _covers(_rollout(made, comparison).total(EVERY))
        if turn < tested:
            found = staggered(made)
            effects = None if isinstance(found, str) else before_launch(found, 12)
            if effects is not None:
                alarms += all_zero(*effects, spare(made))[1] < 0.05
    return [
        *(
            share(f"roll-out in steps, against {name}", n, repetitions, 0.935, 0.965, seed)
            for name, n in hits.items()
        ),
        share("pre-trend test, 12 steps, false alarms", alarms, tested, 0.0, 0.06, seed),
    ]


def _alone(repetitions: int, seed: int) -> Row:
    """Eight groups, each launched on a day of its own, twelve never."""
    rng = np.random.default_rng([seed, 35])
    first = [20 + 2 * step for step in range(8)] + [PERIODS] * 12
    hits = sum(
        _covers(_rollout(panel(rng, first, 0.3), "never").total(EVERY)) for _ in range(repetitions)
    )
    return share("roll-out of 8 single groups", hits, repetitions, 0.935, 0.975, seed)


def _switched(rho: float, repetitions: int, seed: int) -> Row:
    """Sixty days of four blocks, arms drawn for two blocks at a time, one left out."""
    rng = np.random.default_rng([seed, 36, int(10 * rho)])
    runs, hits = min(repetitions, 1000), 0
    for _ in range(runs):
        arm = rng.integers(0, 2, 120).repeat(2)
        noise = lfilter([1.0], [1.0, -rho], rng.normal(size=280))[40:]
        block = np.tile(np.arange(4), 60)
        frame = pd.DataFrame(
            {
                "day": (np.datetime64("2026-01-01") + np.arange(60)).repeat(4),
                "group": "all",
                "block": 6 * block,
                "arm": arm.astype(str),
                "n": 1,
                "mean_y": block + noise + EFFECT * arm,
            }
        )
        found = switchback(frame).compared
        hits += found is not None and _covers(found.total(np.ones(len(found.y), dtype=bool)))
    name = f"switchback, 60 days of 4 blocks, rho = {rho:g}"
    # Where blocks move together the interval may only be too wide: nobody is misled by that.
    return share(name, hits, runs, 0.94, 0.962 if rho == 0 else 1.0, seed)
