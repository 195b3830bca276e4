"""Grouped sums that plain numpy lacks: exact Decimals, vectors, and the largest of anything."""

from __future__ import annotations

from decimal import Context, Decimal
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from valuekit.errors import Finding, ValuekitError
from valuekit.ledger.ragged import boxed

if TYPE_CHECKING:
    from valuekit.ledger.schema import Column, Fact

_EXACT = Context(prec=200)  # no sum of amounts is ever rounded
_BLOCK = 4096  # rows of vectors stacked at a time: bounds the memory, not the result


def add_decimals(values: pd.Series, codes: np.ndarray, size: int) -> np.ndarray:
    """Exact sum of Decimals per group."""
    totals = [Decimal(0)] * size
    for code, value in zip(codes.tolist(), values, strict=True):
        totals[code] = _EXACT.add(totals[code], value)
    return boxed(totals)


def add_vectors(
    fact: Fact, column: Column, values: pd.Series, order: np.ndarray, codes: np.ndarray, size: int
) -> np.ndarray:
    """Element-wise sum of vectors per group; an empty vector is the identity.

    Raises:
        ValuekitError: when vectors of one group differ in length.
    """
    dtype = "int64" if column.dtype == "ints" else "float64"
    vectors = values.to_numpy()
    lengths = np.fromiter((len(one) for one in vectors), dtype=np.intp, count=len(vectors))
    width = _widths(fact, column, lengths, codes, size)
    box = boxed([np.zeros(length, dtype=dtype) for length in width.tolist()])
    for length in np.unique(lengths[lengths > 0]).tolist():
        rows = order[lengths[order] == length]
        for start in range(0, len(rows), _BLOCK):
            part = rows[start : start + _BLOCK]
            stack = np.stack(list(vectors[part]))
            cuts = np.flatnonzero(np.diff(codes[part], prepend=-1))
            summed = np.add.reduceat(stack, cuts, axis=0)
            for code, total in zip(codes[part[cuts]].tolist(), summed, strict=True):
                box[code] += total
    return box


def _widths(
    fact: Fact, column: Column, lengths: np.ndarray, codes: np.ndarray, size: int
) -> np.ndarray:
    width = np.zeros(size, dtype=np.intp)
    np.maximum.at(width, codes, lengths)
    wrong = (lengths > 0) & (lengths != width[codes])
    if wrong.any():
        found = sorted({int(lengths[wrong][0]), int(width[codes[wrong]][0])})
        raise ValuekitError(
            Finding(
                place=f"ledger.{fact.name}.{column.name}",
                value=" and ".join(str(length) for length in found) + " elements",
                rule="vectors of different lengths do not add up",
                remedy="Only rows with one layout merge; check the registered edges.",
                code="vector_length",
                rows=int(wrong.sum()),
            )
        )
    return width


def largest(values: pd.Series, codes: np.ndarray, size: int) -> pd.Series:
    """The largest value per group, in the dtype of the values."""
    best: list[object] = [None] * size
    for code, value in zip(codes.tolist(), values, strict=True):
        current = best[code]
        best[code] = value if current is None else max(current, value)
    return pd.Series(best, dtype=values.dtype)
