"""Noise that remembers: an AR(p) process fitted to residuals, and what it does to sums.

u_t = phi_1 u_{t-1} + ... + phi_p u_{t-p} + e_t, stationary. p by the Bayesian information
criterion. Autocovariances of residuals are too small, because the regression takes a part of the
noise for signal; they are corrected by what the fitted process would give (Worsley et al. 2002,
NeuroImage 15:1): with M = I - QQ', Q an orthonormal basis of the regressors, T_k the matrix of
pairs that are k apart and Omega the autocorrelation,

    E[e' T_k e] = s^2 tr(M T_k M Omega).

Uncorrected, intervals cover 3 to 5 points less at phi = .6 in series of four months.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from valuekit.uplift.panel import Floats, Ints

MOST_ORDER = 7
_ROUNDS = 6
_LARGEST = 0.97  # of a partial autocorrelation: beyond it a level cannot be told from noise
_SMALL = 1e-4


@dataclass(frozen=True, slots=True, eq=False)
class Noise:
    """A stationary AR(p) process.

    Attributes:
        phi: Coefficients, shape (p,).
        correlation: Autocorrelation at lags 0, 1, ... until it is negligible.
        variance: Variance of u.
    """

    phi: Floats
    correlation: Floats
    variance: float

    @property
    def order(self) -> int:
        """How many past values the noise remembers."""
        return len(self.phi)

    @property
    def repeats(self) -> float:
        """1 + 2 sum r_j^2: how many values say as much of the variance as one alone."""
        return 1.0 + 2.0 * float(self.correlation[1:] @ self.correlation[1:])

    def of_sum(self, weights: Floats, time: Ints) -> float:
        """Variance of sum_t w_t u_t for noise of variance 1."""
        chosen = np.flatnonzero(weights)
        if not len(chosen):
            return 0.0
        first, last = int(chosen[0]), int(chosen[-1])
        grid = np.zeros(int(time[last] - time[first]) + 1)
        grid[time[first : last + 1] - time[first]] = weights[first : last + 1]
        total = float(grid @ grid)
        for lag in range(1, min(len(self.correlation), len(grid))):
            total += 2 * float(self.correlation[lag]) * float(grid[lag:] @ grid[:-lag])
        return max(total, 0.0)

    def whitened(self, columns: Floats, time: Ints) -> Floats:
        """Columns times a root of the inverse autocorrelation; runs between gaps stand alone.

        The first observations of a run are predicted from as many as there are before them, so
        none is lost.
        """
        made = np.array(columns, dtype=np.float64)
        if not self.order:
            return made
        since = _since_gap(time)
        partial = self.correlation[: self.order + 1]
        for size in range(self.order + 1):
            rows = np.flatnonzero(since >= size if size == self.order else since == size)
            phi, left = levinson(partial, size)
            value = columns[rows].astype(np.float64)
            for lag, one in enumerate(phi, start=1):
                value = value - one * columns[rows - lag]
            made[rows] = value / math.sqrt(left)
        return made


WHITE = Noise(np.zeros(0), np.ones(1), 1.0)


def fitted(residuals: Floats, x: Floats, time: Ints, order: int | None = None) -> Noise:
    """The process of the residuals of a least-squares fit.

    Args:
        residuals: Shape (T,).
        x: The regressors, shape (T, k).
        time: Numbers of the periods, ascending; a missing number is a gap.
        order: p; by default chosen.
    """
    n, k = x.shape
    most = order if order is not None else max(0, min(MOST_ORDER, (n - k) // 8))
    seen, pairs = _products(residuals, time, most)
    if seen[0] <= 0:
        return WHITE
    p = _chosen(seen, n, most) if order is None else order
    if not p:
        return Noise(np.zeros(0), np.ones(1), float(seen[0] / max(n - k, 1)))
    basis = _on_grid(np.linalg.qr(x)[0], time)
    gamma, variance = seen / np.maximum(pairs, 1), float(seen[0] / n)
    correlation = np.ones(1)
    phi = np.zeros(p)
    for _ in range(_ROUNDS):
        phi, _left = levinson(gamma / gamma[0], p)
        correlation = _autocorrelation(phi)
        expected = _expected(basis, pairs, correlation, p)
        if expected[0] <= 0:
            break
        variance = float(seen[0] / expected[0])
        theory = np.zeros(p + 1)
        theory[: min(len(correlation), p + 1)] = correlation[: p + 1]
        gamma = (seen[: p + 1] / variance - expected) / np.maximum(pairs[: p + 1], 1) + theory
        gamma[0] = 1.0
    return Noise(phi, correlation, variance)


def levinson(correlation: Floats, order: int) -> tuple[Floats, float]:
    """Coefficients of the best prediction from ``order`` past values, and the variance it leaves.

    Partial autocorrelations are held below 0.97, so that the process is stationary.
    """
    phi, left = np.zeros(0), 1.0
    for size in range(order):
        ahead = float(correlation[size + 1]) if size + 1 < len(correlation) else 0.0
        back = correlation[1 : size + 1][::-1]
        partial = (ahead - float(phi @ back)) / left if left > 0 else 0.0
        partial = min(max(partial, -_LARGEST), _LARGEST)
        phi = np.append(phi - partial * phi[::-1], partial)
        left *= 1 - partial**2
    return phi, left


def _chosen(seen: Floats, n: int, most: int) -> int:
    """Order with the smallest n ln(variance left) + p ln(n)."""
    scores = []
    for p in range(most + 1):
        left = levinson(seen / seen[0], p)[1]
        scores.append(n * math.log(max(left, 1e-300)) + p * math.log(n))
    return int(np.argmin(scores))


def _autocorrelation(phi: Floats) -> Floats:
    """Autocorrelations of the process, until they are negligible."""
    p = len(phi)
    system, right = np.eye(p), np.zeros(p)
    for row in range(1, p + 1):
        for lag in range(1, p + 1):
            apart = abs(row - lag)
            if apart:
                system[row - 1, apart - 1] -= phi[lag - 1]
            else:
                right[row - 1] += phi[lag - 1]
    found = [1.0, *np.linalg.solve(system, right).tolist()]
    while len(found) < 400 and max(abs(one) for one in found[-p:]) > _SMALL:
        found.append(float(phi @ np.array(found[-p:][::-1])))
    return np.array(found)


def _products(values: Floats, time: Ints, most: int) -> tuple[Floats, Floats]:
    """Sums of products of values k apart, and their number, for k up to ``most``."""
    grid, there = _on_grid(values[:, None], time)[:, 0], np.zeros(int(time[-1] - time[0]) + 1)
    there[time - time[0]] = 1.0
    size = len(grid)
    lags = range(min(most, size - 1) + 1)
    seen, pairs = np.zeros(most + 1), np.zeros(most + 1)
    for lag in lags:
        seen[lag] = float(grid[lag:] @ grid[: size - lag])
        pairs[lag] = float(there[lag:] @ there[: size - lag])
    return seen, pairs


def _expected(basis: Floats, pairs: Floats, correlation: Floats, order: int) -> Floats:
    """tr(M T_k M Omega) / c_k for k = 0..p, c_0 = 1, c_k = 2 (each pair is counted once)."""
    size = len(basis)
    smooth = correlation[0] * basis
    for lag in range(1, min(len(correlation), size)):
        smooth[lag:] += correlation[lag] * basis[:-lag]
        smooth[:-lag] += correlation[lag] * basis[lag:]
    inner = basis.T @ smooth
    found = np.zeros(order + 1)
    for lag in range(order + 1):
        moved = _moved(basis, lag)
        own = correlation[lag] if lag < len(correlation) else 0.0
        trace = (1 if lag == 0 else 2) * float(pairs[lag]) * own
        trace += -2 * float((smooth * moved).sum()) + float((inner * (basis.T @ moved)).sum())
        found[lag] = trace if lag == 0 else trace / 2
    return found


def _moved(basis: Floats, lag: int) -> Floats:
    """T_k Q; zero where there is no observation does no harm, because Q is zero there."""
    if not lag:
        return basis
    made = np.zeros_like(basis)
    made[lag:] += basis[:-lag]
    made[:-lag] += basis[lag:]
    return made


def _on_grid(columns: Floats, time: Ints) -> Floats:
    grid = np.zeros((int(time[-1] - time[0]) + 1, columns.shape[1]))
    grid[time - time[0]] = columns
    return grid


def _since_gap(time: Ints) -> Ints:
    """How many observations without a gap lie before each one."""
    starts = np.concatenate([[True], np.diff(time) != 1])
    place = np.arange(len(time))
    return place - np.maximum.accumulate(np.where(starts, place, 0))
