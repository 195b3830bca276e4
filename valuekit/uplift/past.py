"""A/A check: units of the past dealt by a salt must be alike, because nothing was done to them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from valuekit.critical import chi2_p, two_sided_p
from valuekit.scorecard import Diagnostic
from valuekit.text import MINUS, p_value
from valuekit.uplift.assignment import Shares
from valuekit.uplift.srm import GATE, srm_p


@dataclass(frozen=True, slots=True)
class PastCheck:
    """An A/A check: units of the past dealt by the salt, before anything was done to them.

    Attributes:
        arms: Arm, units and mean of the metric.
        split: Whether the salt deals the declared shares.
        outcome: Whether the outcomes of the arms are alike, as they must be.
    """

    arms: tuple[tuple[str, int, float], ...]
    split: Diagnostic
    outcome: Diagnostic

    @property
    def passed(self) -> bool:
        """Whether both are as they must be."""
        return self.split.status == self.outcome.status == "passed"


def past_check(arms: Mapping[str, object], shares: Shares) -> PastCheck:
    """Both checks from units, mean and squared deviations by arm."""
    rows = [
        (arm, 0, 0.0, 0.0) if row is None else (arm, int(row.n), float(row.mean), float(row.c))  # type: ignore[attr-defined]  # a row
        for arm, row in arms.items()
    ]
    n = np.array([row[1] for row in rows], dtype=float)
    statistic, p = srm_p(n.tolist(), [float(one) for one in shares.values()])
    listed = tuple((arm, units, mean) for arm, units, mean, _ in rows)
    dealt = ", ".join(f"{arm} {units:,}" for arm, units, _ in listed)
    split = Diagnostic(
        "Sample ratio",
        "failed" if p < GATE else "passed",
        f"The salt deals {dealt} ({p_value(p)}).",
        statistic,
        p,
    )
    return PastCheck(listed, split, _alike(rows, n))


def _alike(rows: list[tuple[str, int, float, float]], n: NDArray[np.float64]) -> Diagnostic:
    """Means of all arms alike: Welch for two, its chi-square for more."""
    name = "Outcomes before the start"
    if min(n) < 2 or all(row[3] <= 0 for row in rows):
        return Diagnostic(name, "not run", "An arm has too few units, or no outcome varies.")
    spread = np.array([row[3] for row in rows]) / (n - 1) / n
    means = np.array([row[2] for row in rows])
    if len(rows) == 2:
        z = float(means[1] - means[0]) / math.sqrt(float(spread.sum()))
        statistic, p = z, two_sided_p(z)
    else:
        weight = 1 / spread
        middle = float(weight @ means / weight.sum())
        statistic = float(weight @ (means - middle) ** 2)
        p = chi2_p(statistic, len(rows) - 1)
    apart = ", ".join(f"{arm} {f'{mean:,.4g}'.replace('-', MINUS)}" for arm, _, mean, _ in rows)
    if p < 0.05:
        text = f"The arms differ before anything was done ({apart}; {p_value(p)}): another salt."
        return Diagnostic(name, "failed", text, statistic, p)
    return Diagnostic(name, "passed", f"Alike: {apart} ({p_value(p)}).", statistic, p)
