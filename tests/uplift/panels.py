"""Panels as arrays, made from a table of outcomes, for tests of comparisons of groups."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from valuekit.uplift.panel import Panel


def panel(y: ArrayLike, launch: Mapping[int, int], weight: ArrayLike | None = None) -> Panel:
    """A panel of rows (groups) by columns (days); ``launch`` is row to first treated column."""
    table = np.asarray(y, dtype=np.float64)
    groups, periods = table.shape
    first = np.full(groups, periods, dtype=np.int64)
    for row, column in launch.items():
        first[row] = column
    return Panel(
        groups=tuple(f"g{row:02d}" for row in range(groups)),
        days=np.datetime64("2026-01-01") + np.arange(periods),
        y=table,
        weight=np.ones(table.shape) if weight is None else np.asarray(weight, dtype=np.float64),
        n=np.ones(table.shape),
        m2=np.zeros(table.shape),
        first=first,
    )


def walks(groups: int, periods: int, seed: int, factors: int = 2) -> np.ndarray:
    """Outcomes of groups that share a few movements, each at a level of its own."""
    rng = np.random.default_rng(seed)
    common = rng.normal(0, 1, (factors, periods)).cumsum(axis=1)
    load = rng.uniform(0, 2, (groups, factors))
    return (
        20 + load @ common + rng.normal(0, 0.5, (groups, periods)) + rng.normal(0, 2, (groups, 1))
    )
