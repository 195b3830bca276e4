"""Coverage of the intervals of a randomised holdout, with a known truth."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from benchmarks.simulations.table import Row, mean, share
from valuekit.moments import Moments
from valuekit.uplift.arms import ArmFacts, Epochs
from valuekit.uplift.cuped import theta
from valuekit.uplift.holdout import from_strata
from valuekit.uplift.ratio import linearised
from valuekit.uplift.stratified import stratify_epochs
from valuekit.uplift.welch import welch

Floats = NDArray[np.float64]
LIFT = 0.1


def run(repetitions: int, seed: int) -> list[Row]:
    """Welch, CUPED, ratio by the delta method, and an allocation that moves from 50% to 95%."""
    return [
        _welch(repetitions, seed),
        *_cuped(repetitions, seed),
        _ratio(repetitions, seed),
        *_moved(repetitions, seed),
    ]


def _moments(y: ArrayLike) -> Moments:
    return Moments.from_rows({"y": y})


def _covers(treated: Moments, control: Moments, truth: float) -> bool:
    found = welch(treated, control, unit="1")
    return found.low is not None and found.high is not None and found.low <= truth <= found.high


def _welch(repetitions: int, seed: int) -> Row:
    """Unequal arms, unequal spread, skewed outcomes."""
    rng = np.random.default_rng([seed, 1])
    hits = sum(
        _covers(_moments(rng.gamma(4, 0.3, 800) + LIFT), _moments(rng.gamma(4, 0.25, 400)), 0.3)
        for _ in range(repetitions)
    )
    return share("Welch, 800 against 400, gamma", hits, repetitions, 0.94, 0.962, seed)


def _cuped(repetitions: int, seed: int) -> list[Row]:
    """A covariate that explains rho^2 = 0.36 of the variance."""
    rng = np.random.default_rng([seed, 2])
    hits, cuts = 0, []
    for _ in range(repetitions):
        arms = []
        for n, lift in ((600, LIFT), (300, 0.0)):
            x = rng.normal(size=n)
            y = 0.6 * x + 0.8 * rng.normal(size=n) + lift
            arms.append(Moments.from_rows({"y": y, "x": x}))
        slope = theta(arms)
        adjusted = [arm.linear({"y": 1.0, "x": -slope}) for arm in arms]
        hits += _covers(adjusted[0], adjusted[1], LIFT)
        before, after = (sum(a.variance() / a.n for a in one) for one in (arms, adjusted))
        cuts.append(1 - after / before - 0.36)
    return [
        share("CUPED, rho = 0.6", hits, repetitions, 0.94, 0.962, seed),
        mean("CUPED, variance cut less rho^2", cuts, -0.02, 0.02, seed),
    ]


def _ratio(repetitions: int, seed: int) -> Row:
    """Revenue per order; orders differ between units, and so does revenue by order."""
    rng = np.random.default_rng([seed, 3])
    hits = 0
    for _ in range(repetitions):
        arms = []
        for price in (2.2, 2.0):
            orders = 1.0 + rng.poisson(2.0, 500)
            own = rng.normal(0.0, 0.5, 500)  # a unit's orders are alike
            revenue = orders * (price + own) + rng.normal(size=500) * np.sqrt(orders)
            arms.append(linearised(Moments.from_rows({"y": revenue, "d": orders})))
        hits += _covers(arms[0], arms[1], 0.2)
    return share("ratio, delta method over 500 units", hits, repetitions, 0.94, 0.962, seed)


def _moved(repetitions: int, seed: int) -> list[Row]:
    """50% treated, then 95%, while cohorts get better: by epoch it holds, pooled it does not."""
    rng = np.random.default_rng([seed, 4])
    hits = pooled = 0
    for _ in range(repetitions):
        epochs: Epochs = {}
        every: dict[str, list[Floats]] = {"t": [], "c": []}
        truth = 0.0
        for epoch, n1, n0, level in (("2026-01-01", 1000, 1000, 1.0), ("2026-03-01", 3800, 200, 2)):
            y1 = rng.gamma(2, level / 2, n1) + LIFT
            y0 = rng.gamma(2, level / 2, n0)
            truth += n1 * LIFT
            epochs[epoch] = {"t": _facts(y1), "c": _facts(y0)}
            every["t"].append(y1)
            every["c"].append(y0)
        strata = stratify_epochs(epochs, "c")
        found = from_strata(
            strata, method="", unit="1", per="unit", value=1.0, level=0.95, period=None
        ).money
        hits += bool(found.low is not None and found.low <= truth <= (found.high or 0.0))
        sides = [_moments(np.concatenate(every[arm])) for arm in ("t", "c")]
        pooled += _covers(sides[0], sides[1], LIFT)
    return [
        share("allocation 50% to 95%, by epoch", hits, repetitions, 0.93, 0.96, seed),
        share("the same pooled (what goes wrong)", pooled, repetitions, 0.0, 0.5, seed),
    ]


def _facts(y: Floats) -> ArmFacts:
    moments = _moments(y)
    return ArmFacts(moments, moments, len(y), len(y), 0, 0, int((y != 0).sum()))
