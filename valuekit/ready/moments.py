"""From the sums that people keep to the ledger's moments, without losing digits on the way.

c = sum y^2 - (sum y)^2 / n takes the difference of two large numbers. It is worked out exactly, on
the decimals as they are written; what a table lost before, when it added up in double precision,
cannot be had back. A sum of n doubles is sure to about sqrt(n) 2^-53 of itself (Higham 2002,
Accuracy and Stability of Numerical Algorithms, sec. 4.2), so a variance below that is noise.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

_UNIT = 2.0**-53
_STEPS = 16.0  # roundings of a sum of few values, and of writing it down
ROUGH = 1e-3  # relative error from which a variance is worth a warning
MOST = 1e15  # of a count: doubles hold no whole numbers far beyond
LARGEST = 1e60  # of a sum: its cube is still a double
SURE = 1e-9  # relative slack of bounds that rounding may touch


@dataclass(frozen=True, slots=True)
class Spread:
    """Squared deviations of one axis, row by row.

    Attributes:
        c: Sum of squared deviations; 0 where a row is impossible or lost.
        impossible: Rows whose squares are smaller than their sum allows.
        lost: Rows whose variance is below the rounding of their sums.
        rough: Rows whose variance is known to fewer than three digits.
    """

    c: Floats
    impossible: Flags
    lost: Flags
    rough: Flags


def from_squares(n: Floats, total: Floats, squares: Floats) -> Spread:
    """Squared deviations from n, sum and sum of squares: c = sum y^2 - (sum y)^2 / n.

    >>> made = from_squares(np.array([4.0]), np.array([10.0]), np.array([30.0]))
    >>> made.c.tolist(), made.lost.tolist()
    ([5.0], [False])
    """
    exact = [_exact(*one) for one in zip(n, total, squares, strict=True)]
    c = np.array([float(one) for one in exact], dtype=np.float64)
    zero = np.array([one == 0 for one in exact], dtype=np.bool_)
    noise = _UNIT * (_STEPS + np.sqrt(n)) * np.abs(squares)
    one = n <= 1
    impossible = (c < -noise) | (one & (np.abs(c) > SURE * np.maximum(np.abs(squares), 1e-300)))
    lost = ~impossible & ~zero & ~one & (np.abs(c) <= noise)
    rough = ~impossible & ~lost & ~zero & ~one & (noise > ROUGH * np.abs(c))
    kept = np.where(impossible | lost | one, 0.0, np.maximum(c, 0.0))
    return Spread(kept, impossible, lost, rough)


def from_variance(n: Floats, variance: Floats, ddof: int) -> Spread:
    """Squared deviations from a variance: c = variance (n - ddof)."""
    never = np.zeros(len(n), dtype=np.bool_)
    c = np.where(n > 1, variance * (n - ddof), 0.0)
    return Spread(np.maximum(c, 0.0), (n > 1) & (variance < 0), never, never)


def from_products(n: Floats, a: Floats, b: Floats, products: Floats) -> Floats:
    """Sum of products of deviations: sum ab - sum a sum b / n."""
    return np.array([_cross(*one) for one in zip(n, a, b, products, strict=True)], dtype=np.float64)


def from_cubes(n: Floats, total: Floats, squares: Floats, cubes: Floats) -> Floats:
    """Sum of cubed deviations: sum y^3 - 3 m sum y^2 + 2 n m^3 with m = sum y / n."""
    rows = zip(n, total, squares, cubes, strict=True)
    return np.array([_third(*one) for one in rows], dtype=np.float64)


def of_shares(n: Floats, ones: Floats) -> tuple[Floats, Floats]:
    """Squared and cubed deviations of 0s and 1s: n p (1 - p), and n p (1 - p) (1 - 2 p)."""
    p = np.divide(ones, n, out=np.zeros_like(ones), where=n > 0)
    c = ones * (1 - p)
    return c, c * (1 - 2 * p)


def squared(n: Floats, mean: Floats, c: Floats) -> Floats:
    """Sum of squares again, from n, mean and squared deviations."""
    return c + n * mean**2


def _fraction(value: float) -> Fraction:
    """The decimal that a double was written as: its shortest one."""
    return Fraction(repr(float(value)))


def _exact(n: float, total: float, squares: float) -> Fraction:
    return _cross_exact(n, total, total, squares)


def _cross(n: float, a: float, b: float, products: float) -> float:
    return float(_cross_exact(n, a, b, products))


def _cross_exact(n: float, a: float, b: float, products: float) -> Fraction:
    if not np.isfinite([n, a, b, products]).all() or n <= 0:
        return Fraction(0)
    return _fraction(products) - _fraction(a) * _fraction(b) / _fraction(n)


def _third(n: float, total: float, squares: float, cubes: float) -> float:
    if not np.isfinite([n, total, squares, cubes]).all() or n <= 0:
        return 0.0
    m = _fraction(total) / _fraction(n)
    return float(_fraction(cubes) - 3 * m * _fraction(squares) + 2 * _fraction(n) * m**3)
