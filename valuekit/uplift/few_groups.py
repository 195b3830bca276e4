"""Randomisation inference: how often a difference this large comes from groups drawn by chance.

With few groups no variance can be trusted, but if the launch had touched other groups and done
nothing, every split of the groups would have been as likely. The p-value is the share of splits
whose difference is at least as large (Fisher 1935; Conley & Taber 2011 for few treated groups);
with G groups, G1 of them treated, it is never below 1 / C(G, G1). Above 5,000 splits as many are
drawn with a fixed seed, and the seen one counted among them (Phipson & Smyth 2010).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from valuekit.uplift.gaps import Total

FEWEST = 6  # groups below which a t interval is not trusted
MOST_SPLITS = 5_000  # above it, splits are drawn
DRAWN = 4_999
_SEED = 20_261_124
_ROUNDING = 1e-9


def interval_of(found: Total | None) -> Total | None:
    """The total, without its interval where the groups are too few for one."""
    if found is None or found.groups >= FEWEST or found.se is None:
        return found
    why = (
        f"{found.groups} groups are too few for an interval: more groups, or a design over time "
        "with control series, would give one"
    )
    return replace(found, se=None, df=None, reason=why)


def splits(groups: int, treated: int) -> int:
    """Number of ways to choose the treated groups.

    >>> splits(5, 2), splits(20, 1)
    (10, 20)
    """
    return math.comb(groups, treated)


def exact_p(change: NDArray[np.float64], treated: NDArray[np.bool_]) -> float | None:
    """Two-sided p-value of a difference in mean change over all splits of the groups.

    Args:
        change: One number a group, shape (G,).
        treated: Which groups were treated, shape (G,).

    Returns:
        The p-value; None without groups on both sides.

    >>> round(exact_p(np.array([9.0, 1.0, 2.0, 3.0]), np.array([True, False, False, False])), 2)
    0.25
    """
    size, chosen = len(change), int(treated.sum())
    if not 0 < chosen < size:
        return None
    whole = float(change.sum())
    seen = _apart(float(change[treated].sum()), whole, chosen, size)
    limit = seen - _ROUNDING * max(1.0, float(np.abs(change).max()))
    ways = splits(size, chosen)
    if ways > MOST_SPLITS:
        extreme = _count(
            limit, (_apart(one, whole, chosen, size) for one in _drawn(change, chosen))
        )
        return (extreme + 1) / (DRAWN + 1)
    every = (float(change[list(one)].sum()) for one in combinations(range(size), chosen))
    return _count(limit, (_apart(one, whole, chosen, size) for one in every)) / ways


def _count(limit: float, differences: Iterable[float]) -> int:
    """How many differences are as large as the one seen; a plain int, whatever numpy gives."""
    return sum(1 for one in differences if one >= limit)


def _drawn(change: NDArray[np.float64], chosen: int) -> list[float]:
    """Sums of the change over groups drawn by chance: the first of each permutation."""
    orders = np.tile(np.arange(len(change)), (DRAWN, 1))
    np.random.default_rng(_SEED).permuted(orders, axis=1, out=orders)
    sums: list[float] = change[orders[:, :chosen]].sum(axis=1).tolist()
    return sums


def _apart(inside: float, whole: float, chosen: int, size: int) -> float:
    return abs(inside / chosen - (whole - inside) / (size - chosen))
