"""Many models: false discoveries among 200, and sums of winners with and without luck."""

from __future__ import annotations

import numpy as np

from benchmarks.simulations.table import Row, mean
from valuekit.critical import two_sided_p
from valuekit.uplift.multiple import found
from valuekit.uplift.shrink import shrink

MODELS = 200


def run(repetitions: int, seed: int) -> list[Row]:
    """Benjamini-Hochberg at 10%, and the winner's curse."""
    runs = max(repetitions // 4, 1)
    return [_discoveries(runs, seed), *_winners(runs, seed)]


def _discoveries(runs: int, seed: int) -> Row:
    """Half of 200 models do nothing; the others have effects of about three standard errors."""
    rng = np.random.default_rng([seed, 21])
    false = []
    for _ in range(runs):
        truth = np.where(np.arange(MODELS) < MODELS // 2, 0.0, rng.normal(3, 1, MODELS))
        z = truth + rng.normal(size=MODELS)
        named = {str(i): two_sided_p(float(one)) for i, one in enumerate(z)}
        picked = found(named)
        wrong = sum(truth[int(name)] == 0 for name in picked)
        false.append(wrong / max(len(picked), 1))
    return mean("false discoveries among 200 models", false, 0.0, 0.10, seed)


def _winners(runs: int, seed: int) -> list[Row]:
    """Sum over models told from zero, over the true sum of the same models."""
    rng = np.random.default_rng([seed, 22])
    plain, kept = [], []
    for _ in range(runs):
        se = rng.lognormal(3, 1, MODELS)
        truth = se * rng.normal(0, 1.2, MODELS)
        seen = truth + se * rng.normal(size=MODELS)
        won = np.flatnonzero(seen > 1.96 * se)
        made = shrink(seen.tolist(), se.tolist())
        if made is None or not won.size:
            continue
        true = float(truth[won].sum())
        plain.append(float(seen[won].sum()) / true)
        kept.append(float(np.array(made.values)[won].sum()) / true)
    return [
        mean("winners as estimated, over their truth (what goes wrong)", plain, 1.3, 3.0, seed),
        mean("winners after shrinkage, over their truth", kept, 0.95, 1.05, seed),
    ]
