"""Bins of a ready-made table of scores: their edges, and which bin a row is about."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_DIGITS = 12  # to which edges are told apart: 0.1 + 0.2 and 0.3 are one
NOWHERE = -1


def edges_of(low: Floats, high: Floats) -> tuple[float, ...]:
    """Lower edges of all bins that occur, ascending; a gap between two bins is a bin of its own.

    >>> edges_of(np.array([0.0, 0.5]), np.array([0.5, 1.0]))
    (0.0, 0.5)
    """
    lows = set(_rounded(low))
    every = lows | set(_rounded(high))
    if not every:
        return ()
    most = max(every)
    return tuple(sorted(one for one in every if one != most or one in lows))


def places(edges: Sequence[float], low: Floats, high: Floats | None) -> Ints:
    """The bin of each row by its edges; :data:`NOWHERE` where it is none of them.

    A bin begins at one edge and ends at the next; the last one ends anywhere.
    """
    known = np.array(_rounded(np.asarray(edges, dtype=np.float64)))
    if not len(known):
        return np.full(len(low), NOWHERE, dtype=np.int64)
    lows = np.array(_rounded(low))
    at = np.searchsorted(known, lows)
    there = known[np.minimum(at, len(known) - 1)] == lows
    if high is not None:
        highs = np.array(_rounded(high))
        following = known[np.minimum(at + 1, len(known) - 1)]
        last = at >= len(known) - 1
        there &= np.where(last, highs >= lows, highs == following)
    return np.where(there, at, NOWHERE).astype(np.int64)


def _rounded(values: Floats) -> list[float]:
    finite = np.asarray(values, dtype=np.float64)
    rounded: list[float] = (np.round(finite, _DIGITS) + 0.0).tolist()
    return rounded
