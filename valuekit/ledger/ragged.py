"""Vectors of many rows end to end in one array: numpy costs as much for one row as for many."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence


def boxed(values: Sequence[object]) -> np.ndarray:
    """A one-dimensional array of objects, even when the objects are arrays of one length."""
    box = np.empty(len(values), dtype=object)
    for place, value in enumerate(values):
        box[place] = value
    return box


def joined(vectors: Sequence[object]) -> np.ndarray | None:
    """All vectors end to end; None unless they are one-dimensional arrays of one dtype."""
    if not all(type(one) is np.ndarray and one.ndim == 1 for one in vectors):
        return None
    arrays: list[np.ndarray] = list(vectors)  # type: ignore[arg-type]  # checked above
    if len({one.dtype for one in arrays}) != 1:
        return None
    return np.concatenate(arrays)


def parted(flat: np.ndarray, like: Sequence[np.ndarray]) -> np.ndarray:
    """The array cut into vectors of the given ones' sizes, boxed; views, not copies."""
    made: list[np.ndarray] = []
    start = 0
    for one in like:
        stop = start + one.size
        made.append(flat[start:stop])
        start = stop
    return boxed(made)
