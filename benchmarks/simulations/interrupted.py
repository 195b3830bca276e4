"""Coverage of interrupted and structural time series, with a known truth."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmarks.simulations.table import Row, share
from valuekit.uplift.interrupted import interrupted
from valuekit.uplift.series import Series
from valuekit.uplift.series_checks import Fitted, placebos
from valuekit.uplift.structural import structural

Floats = NDArray[np.float64]
WEEK = np.array([0.0, 1.0, 2.0, 1.0, 0.0, -4.0, -4.0])
_BURN = 100


def run(repetitions: int, seed: int) -> list[Row]:
    """Money over all treated days, noise that remembers, counts, a wandering level, placebos."""
    return [
        *(_memory(rho, repetitions, seed) for rho in (0.0, 0.3, 0.6)),
        _short(repetitions, seed),
        _counts(repetitions, seed),
        _wandering(repetitions, seed),
        _placebo(repetitions, seed),
    ]


def _noise(rng: np.random.Generator, n: int, rho: float) -> Floats:
    """AR(1) of variance 1."""
    steps = rng.normal(size=n + _BURN) * np.sqrt(1 - rho**2)
    made = np.zeros(n + _BURN)
    for place in range(1, n + _BURN):
        made[place] = rho * made[place - 1] + steps[place]
    return made[_BURN:]


def _series(y: Floats, launch: int) -> Series:
    n = len(y)
    time = np.arange(n)
    return Series(
        days=time.astype("datetime64[D]"),
        time=time,
        total=y,
        exposure=np.ones(n),
        controls=np.zeros((n, 0)),
        names=(),
        treated=time >= launch,
        frequency="day",
        season=7,
    )


def _example(rng: np.random.Generator, n: int, launch: int, rho: float) -> tuple[Series, float]:
    """Trend, week, AR(1) noise, and a launch that changes level and slope; the effect in all."""
    time = np.arange(n)
    gained = (time >= launch) * (1.0 + 0.01 * (time - launch))
    y = 100 + 0.02 * time + WEEK[time % 7] + _noise(rng, n, rho) + gained
    return _series(y, launch), float(gained.sum())


def _covers(found: Fitted | str, made: Series, truth: float) -> bool:
    gap = None if isinstance(found, str) else found.gap(made.treated.astype(np.float64))
    return gap is not None and gap.low is not None and gap.low <= truth <= (gap.high or gap.low)


def _memory(rho: float, repetitions: int, seed: int) -> Row:
    rng = np.random.default_rng([seed, int(rho * 10)])
    hits = 0
    for _ in range(repetitions):
        made, truth = _example(rng, 240, 120, rho)
        hits += _covers(interrupted(made), made, truth)
    name = f"before and after, 120 days each, AR(1) {rho:g}"
    return share(name, hits, repetitions, 0.92, 0.97, seed)


def _short(repetitions: int, seed: int) -> Row:
    """The least past that is accepted."""
    rng = np.random.default_rng([seed, 21])
    hits = 0
    for _ in range(repetitions):
        made, truth = _example(rng, 112, 56, 0.6)
        hits += _covers(interrupted(made), made, truth)
    return share("before and after, 56 days each, AR(1) 0.6", hits, repetitions, 0.9, 0.97, seed)


def _counts(repetitions: int, seed: int) -> Row:
    """Counts that vary more than Poisson counts; the ratio of seen to expected."""
    rng = np.random.default_rng([seed, 22])
    hits, launch = 0, 120
    for _ in range(repetitions):
        time = np.arange(240)
        rate = 20 * np.exp(0.001 * time + 0.05 * WEEK[time % 7] - 0.1 * (time >= launch))
        y = rng.poisson(rate * rng.gamma(20, 1 / 20, 240)).astype(np.float64)
        made = _series(y, launch)
        found = interrupted(made, family="poisson")
        after = made.treated.astype(np.float64)
        gap = None if isinstance(found, str) else found.gap(after)
        se = None if gap is None or isinstance(found, str) else found.log_error(after, gap)
        if gap is None or se is None:
            continue
        hits += abs(np.log(gap.seen / gap.base) + 0.1) <= 1.959964 * se
    return share("before and after, overdispersed counts", hits, repetitions, 0.93, 0.965, seed)


def _wandering(repetitions: int, seed: int) -> Row:
    """A level that wanders as far as the prior believes on average."""
    rng = np.random.default_rng([seed, 23])
    hits = 0
    for _ in range(repetitions):
        level = np.cumsum(rng.normal(0, 0.03, 180))
        time = np.arange(180)
        y = 100 + level + WEEK[time % 7] + rng.normal(size=180) + 2.0 * (time >= 120)
        made = _series(y, 120)
        hits += _covers(structural(made), made, 120.0)
    return share("structural, level wandering by 0.03", hits, repetitions, 0.93, 0.99, seed)


def _placebo(repetitions: int, seed: int) -> Row:
    """Models that pretended launches fail although nothing is wrong."""
    rng = np.random.default_rng([seed, 24])
    failed, tries = 0, max(repetitions // 4, 1)

    def fit(part: Series, least: int) -> Fitted | str:
        return interrupted(part, change="level", least=least)

    for _ in range(tries):
        made, _truth = _example(rng, 300, 200, 0.3)
        found = placebos(made, fit)
        failed += bool(found) and min(one.p_value for one in found) * len(found) < 0.05
    return share("pretended launches, failed for nothing", failed, tries, 0.0, 0.08, seed)
