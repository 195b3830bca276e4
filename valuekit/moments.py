"""Moments: n, means, co-moments and the third moment, with the algebra that keeps them exact.

Raw sums of squares lose every digit at a large mean; deviations merged pairwise do not.
With parts i of size n_i, mean m_i and deviation matrix C_i:

    N = sum n_i,  m = sum n_i m_i / N,  d_i = m_i - m
    C = sum C_i + sum n_i d_i d_i'
    M3 = sum M3_i + 3 d_i C_yy,i + n_i d_i^3

Sources: Chan, Golub & LeVeque (1983), The American Statistician 37:242; Pebay (2008),
Sandia report SAND2008-6212.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from valuekit.ledger.schema import MOMENT_AXES

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Moments of n entries on named axes.

    Attributes:
        n: Number of entries.
        mean: Means, shape (p,).
        C: Sums of products of deviations, shape (p, p), symmetric.
        axes: Names of the p axes.
        m3: Sum of cubed deviations of the first axis; None when not kept.
    """

    n: int
    mean: Floats
    C: Floats
    axes: tuple[str, ...] = MOMENT_AXES
    m3: float | None = None

    def __post_init__(self) -> None:
        p = len(self.axes)
        if self.mean.shape != (p,) or self.C.shape != (p, p):
            found = f"{self.mean.shape} and {self.C.shape}"
            raise ValueError(f"moments of {p} axes have means ({p},) and C ({p}, {p}), not {found}")

    @classmethod
    def from_rows(cls, rows: Mapping[str, ArrayLike]) -> Moments:
        """Moments of raw rows.

        Args:
            rows: Axis name to values, all of one length; the first axis carries ``m3``.
        """
        table = np.column_stack([np.asarray(values, dtype=np.float64) for values in rows.values()])
        n, p = table.shape
        if n == 0:
            return cls(0, np.zeros(p), np.zeros((p, p)), tuple(rows), 0.0)
        # Two passes, the second around a mean corrected by its own rounding error.
        mean = table[0] + (table - table[0]).mean(axis=0)
        deviation = table - mean
        return cls(
            n, mean, deviation.T @ deviation, tuple(rows), float((deviation[:, 0] ** 3).sum())
        )

    @classmethod
    def from_sums(cls, n: int, total: float, squares: float) -> Moments:
        """Moments of one axis ``y`` from n, sum and sum of squares (published summaries only)."""
        mean = total / n
        return cls(n, np.array([mean]), np.array([[squares - n * mean * mean]]), ("y",))

    @classmethod
    def from_effect_frame(cls, frame: pd.DataFrame, n: str = "n") -> Moments:
        """All rows of an effect frame merged, on the axes y, d, x, e with ``m3`` of y.

        Args:
            frame: Rows of the ``effect`` fact.
            n: Name of the weight column.
        """
        return EffectRows.of(frame, n).moments(slice(None))

    @classmethod
    def capped(cls, frame: pd.DataFrame, n: str = "n") -> Moments:
        """Moments of the capped outcome of an effect frame, as axis ``y``; no third moment."""
        return EffectRows.of(frame, n).capped(slice(None))

    @classmethod
    def merged(cls, parts: Sequence[Moments]) -> Moments:
        """All parts merged.

        Raises:
            ValueError: without parts, or when their axes differ.
        """
        if not parts or any(part.axes != parts[0].axes for part in parts):
            msg = "moments merge only with at least one part, all on the same axes"
            raise ValueError(msg)
        third = [part.m3 for part in parts if part.m3 is not None]
        return _merged(
            np.array([part.n for part in parts], dtype=np.float64),
            np.stack([part.mean for part in parts]),
            np.stack([part.C for part in parts]),
            np.array(third) if len(third) == len(parts) else None,
            parts[0].axes,
        )

    def merge(self, other: Moments) -> Moments:
        """These entries and the other's together."""
        return Moments.merged((self, other))

    def __add__(self, other: Moments) -> Moments:
        return self.merge(other)

    def mean_of(self, axis: str = "y") -> float:
        """Mean of an axis."""
        return float(self.mean[self.axes.index(axis)])

    def covariance(self, a: str, b: str, ddof: int = 1) -> float:
        """Covariance of two axes, C_ab / (n - ddof).

        Raises:
            ValueError: when n is not above ddof.
        """
        if self.n <= ddof:
            msg = f"a variance needs more than {ddof} entries, there are {self.n}"
            raise ValueError(msg)
        return float(self.C[self.axes.index(a), self.axes.index(b)]) / (self.n - ddof)

    def variance(self, ddof: int = 1, axis: str = "y") -> float:
        """Variance of an axis."""
        return self.covariance(axis, axis, ddof)

    def has(self, axis: str) -> bool:
        """Whether the axis is kept and varies."""
        return axis in self.axes and bool(self.C[self.axes.index(axis), self.axes.index(axis)] > 0)

    def third(self) -> float | None:
        """Third central moment of the first axis, m3 / n; None when not kept."""
        return None if self.m3 is None or self.n == 0 else self.m3 / self.n

    def linear(self, weights: Mapping[str, float]) -> Moments:
        """Moments of a weighted sum of axes, as the single axis ``y``; no third moment."""
        w = np.array([weights.get(axis, 0.0) for axis in self.axes])
        value = float(w @ self.C @ w)
        return Moments(self.n, np.array([w @ self.mean]), np.array([[max(value, 0.0)]]), ("y",))


def _merged(
    weight: Floats, means: Floats, spread: Floats, third: Floats | None, axes: tuple[str, ...]
) -> Moments:
    keep = weight > 0
    weight, means, spread = weight[keep], means[keep], spread[keep]
    n = float(weight.sum())
    p = len(axes)
    if n == 0:
        return Moments(0, np.zeros(p), np.zeros((p, p)), axes, None if third is None else 0.0)
    # Measured from the first part: a mean of 1e8 costs the deviations no digits.
    mean = means[0] + weight @ (means - means[0]) / n
    d = means - mean
    total = spread.sum(axis=0) + np.einsum("i,ij,ik->jk", weight, d, d)
    m3 = None
    if third is not None:
        y = d[:, 0]
        m3 = float((third[keep] + 3 * y * spread[:, 0, 0] + weight * y**3).sum())
    return Moments(round(n), mean, total, axes, m3)


@dataclass(frozen=True, slots=True, eq=False)
class EffectRows:
    """Rows of an effect frame as arrays, so that many groups of them are merged at little cost.

    Attributes:
        weight: Entries by row, shape (R,).
        means: Means of y, d, x, e, shape (R, 4).
        spread: Their deviation matrices, shape (R, 4, 4).
        third: Sums of cubed deviations of y, shape (R,).
        capped_mean: Means of the capped y, shape (R, 1).
        capped_spread: Its sums of squared deviations, shape (R, 1, 1).
    """

    weight: Floats
    means: Floats
    spread: Floats
    third: Floats
    capped_mean: Floats
    capped_spread: Floats

    @classmethod
    def of(cls, frame: pd.DataFrame, n: str = "n") -> EffectRows:
        """Arrays of a frame of the ``effect`` fact.

        Args:
            frame: Rows of the fact.
            n: Name of the weight column.
        """
        p = len(MOMENT_AXES)
        columns = {
            name: frame[name].to_numpy(dtype=np.float64)
            for name in (n, *_MEANS, *_SPREADS, "m3_y", "mean_z", "c_zz")
        }
        spread = np.empty((len(frame), p, p))
        for name, (i, j) in _SPREADS.items():
            spread[:, i, j] = spread[:, j, i] = columns[name]
        return cls(
            columns[n],
            np.column_stack([columns[name] for name in _MEANS]),
            spread,
            columns["m3_y"],
            columns["mean_z"][:, None],
            columns["c_zz"][:, None, None],
        )

    def moments(self, at: NDArray[np.intp] | slice) -> Moments:
        """Moments of y, d, x, e of some rows."""
        return _merged(
            self.weight[at], self.means[at], self.spread[at], self.third[at], MOMENT_AXES
        )

    def capped(self, at: NDArray[np.intp] | slice) -> Moments:
        """Moments of the capped outcome of some rows, as axis ``y``; no third moment."""
        return _merged(self.weight[at], self.capped_mean[at], self.capped_spread[at], None, ("y",))


_MEANS = tuple(f"mean_{axis}" for axis in MOMENT_AXES)
_SPREADS = {
    f"c_{a}{b}": (i, j)
    for i, a in enumerate(MOMENT_AXES)
    for j, b in enumerate(MOMENT_AXES[i:], start=i)
}
