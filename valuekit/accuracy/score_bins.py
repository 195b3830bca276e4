"""Score facts as a table of bins: how many positives and negatives at each height of the score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from valuekit.facts import only

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class ScoreBins:
    """Scored rows by bin, ascending; all arrays have one entry per bin.

    Attributes:
        edges: Lower edge of each bin; the first holds everything below the second edge.
        n1: Rows labelled 1.
        n0: Rows labelled 0.
        p1: Sum of scores of rows labelled 1.
        p0: Sum of scores of rows labelled 0.
        v1: Sum of the value column of rows labelled 1.
        v0: Sum of the value column of rows labelled 0.
        unlabelled: Rows without a label.
        exact: Which bins hold one value of the score only: ties in them are genuine.
    """

    edges: Floats
    n1: Ints
    n0: Ints
    p1: Floats
    p0: Floats
    v1: Floats
    v0: Floats
    unlabelled: Ints
    exact: NDArray[np.bool_]

    @property
    def positives(self) -> int:
        """Rows labelled 1."""
        return int(self.n1.sum())

    @property
    def negatives(self) -> int:
        """Rows labelled 0."""
        return int(self.n0.sum())

    @property
    def rows(self) -> int:
        """Labelled rows."""
        return self.positives + self.negatives


def score_table(frame: pd.DataFrame, edges: Sequence[float], *, exact: bool = False) -> ScoreBins:
    """Score rows added up over days, versions, arms and actions.

    Args:
        frame: Rows of the ``score`` fact, of one segment and one layout.
        edges: Registered edges of the layout.
        exact: Whether the edges are the score's values. Bins whose scores later turned out to
            lie above their edge are found by their sums and not treated as exact.

    Raises:
        ValueError: for several segments or layouts, or vectors of another length than the edges.
    """
    only(frame, "model", "segment", "layout")
    lows = np.asarray(edges, dtype=np.float64)
    n1, p1, v1 = _sums(frame, "1", len(lows))
    n0, p0, v0 = _sums(frame, "0", len(lows))
    unlabelled, _, _ = _sums(frame, "", len(lows))
    at_edge = np.abs(p1 + p0 - (n1 + n0) * lows) <= 1e-9 * (n1 + n0) * np.maximum(1, np.abs(lows))
    pure = at_edge if exact else np.zeros(len(lows), dtype=bool)
    return ScoreBins(lows, n1, n0, p1, p0, v1, v0, unlabelled, pure)


def _sums(frame: pd.DataFrame, label: str, size: int) -> tuple[Ints, Floats, Floats]:
    rows = (frame["label"] == label).to_numpy(dtype=np.bool_)
    n, p, v = (_stack(frame[name].to_numpy()[rows], size) for name in ("n", "sum_p", "sum_v"))
    return n.astype(np.int64), p, v


def _stack(vectors: NDArray[np.object_], size: int) -> Floats:
    kept = [one for one in vectors if len(one)]
    if not kept:
        return np.zeros(size)
    if any(len(one) != size for one in kept):
        found = sorted({len(one) for one in kept})
        raise ValueError(f"score vectors of {found} bins do not fit a layout of {size} edges")
    rows = np.concatenate(kept).reshape(len(kept), size)  # whole numbers are added as such
    return np.asarray(rows.sum(axis=0), dtype=np.float64)
