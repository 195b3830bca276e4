"""Bands that hold for several effects at once, and the test that all of them are zero.

K effects with influences psi (G groups by K) have the correlation R of psi'psi. A band of
+- c se covers all K at once when c is the 95% quantile of max |t| over a multivariate t with
correlation R (Callaway & Sant'Anna 2021, section 4.1; Montiel Olea & Plagborg-Moller 2019).
The quantile is drawn with a fixed seed, so that the same facts give the same figure.
"""

from __future__ import annotations

import math

import numpy as np

from valuekit.critical import chi2_p
from valuekit.uplift.panel import Floats

DRAWS = 10_000
_SEED = 20_261_124
_SINGULAR = 1e-10


def largest(influence: Floats, df: float | None) -> Floats:
    """Draws of max |t| over the effects under no effect at all, ascending.

    Args:
        influence: Shape (G, K), no column of zeros.
        df: Degrees of freedom of the t distribution; None for normal.
    """
    scaled = influence / np.sqrt((influence**2).sum(axis=0))
    values, vectors = np.linalg.eigh(scaled.T @ scaled)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    rng = np.random.default_rng(_SEED)
    draws = np.abs(rng.standard_normal((DRAWS, len(values))) @ root.T).max(axis=1)
    if df is not None and math.isfinite(df):
        draws *= np.sqrt(df / rng.chisquare(df, DRAWS))
    sorted_draws: Floats = np.sort(draws)
    return sorted_draws


def at_once(influence: Floats, df: float | None, level: float = 0.95) -> float:
    """Critical value of a band over all effects."""
    return float(np.quantile(largest(influence, df), level))


def all_zero(values: Floats, influence: Floats, df: float | None) -> tuple[float, float]:
    """Largest |t| of the effects, and how often chance alone gives one as large."""
    top = float(np.abs(values / np.sqrt((influence**2).sum(axis=0))).max())
    draws = largest(influence, df)
    return top, float((DRAWS - np.searchsorted(draws, top)) / DRAWS)


def wald(values: Floats, influence: Floats) -> tuple[float, float] | None:
    """Chi-square of all effects and its p-value; None where their covariance is singular."""
    scale = np.sqrt((influence**2).sum(axis=0))
    scaled = influence / scale
    correlation = scaled.T @ scaled
    if np.linalg.eigvalsh(correlation)[0] < _SINGULAR:
        return None
    z = values / scale
    statistic = float(z @ np.linalg.solve(correlation, z))
    return statistic, chi2_p(statistic, len(z))
