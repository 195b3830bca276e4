"""Weights that are positive and sum to one, exactly, by non-negative least squares.

min |A w - b|^2 + z^2 |w|^2 over the simplex. On it A w - b = D w with D = A - b 1', so the
criterion is q(w) = w'(D'D + z^2 I)w, homogeneous of degree two. Add the row M 1'w = M and drop
the constraint: with w = s u, u in the simplex, s^2 q(u) + M^2 (s - 1)^2 is smallest in s at
M^2 q / (M^2 + q), increasing in q. So for any M > 0 the solution scaled to sum one is the exact
one; M only has to be of the size of D for the arithmetic. (A general optimiser for constrained
problems stopped at its starting point here.)
"""

from __future__ import annotations

import numpy as np

from valuekit.uplift.panel import Floats

_STEADY = (0.0, 1e-6, 1e-3)  # ridges to try in turn, as shares of D, should the solver stop


def simplex(a: Floats, b: Floats, ridge: float = 0.0, *, intercept: bool = False) -> Floats:
    """Weights of the columns of ``a`` that bring their mix nearest to ``b``.

    Args:
        a: Shape (rows, columns).
        b: Shape (rows,).
        ridge: z, which spreads the weights.
        intercept: Whether a constant is free, so that levels need not agree.

    Returns:
        Weights, shape (columns,), at least 0, summing to 1.
    """
    if intercept:
        a, b = a - a.mean(axis=0), b - b.mean()
    columns = a.shape[1]
    apart = a - b[:, None]
    scale = max(float(np.abs(apart).max(initial=0.0)), ridge)
    if scale <= 0:
        return np.full(columns, 1 / columns)
    apart, ridge = apart / scale, ridge / scale
    if len(apart) > columns:
        apart = np.asarray(np.linalg.qr(apart, mode="r"))  # the same sums of squares in fewer rows
    for more in _STEADY:
        found = _solved(apart, max(ridge, more))
        if found is not None:
            return found
    return np.full(columns, 1 / columns)


def _solved(apart: Floats, ridge: float) -> Floats | None:
    from scipy.optimize import nnls  # slow to import, and most models have no such design

    columns = apart.shape[1]
    rows = [apart, ridge * np.eye(columns)] if ridge > 0 else [apart]
    design = np.vstack([*rows, np.ones((1, columns))])
    target = np.zeros(len(design))
    target[-1] = 1.0
    try:
        found, _ = nnls(design, target, maxiter=max(1000, 30 * columns))
    except RuntimeError:  # it went round in circles, which a little ridge ends
        return None
    whole = float(found.sum())
    return found / whole if whole > 0 else None
