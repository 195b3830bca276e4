"""Difference in differences as a regression with an effect of every group and period.

Least squares of rows y = a_g + b_t + d D_gt with D = 1 for treated groups from the launch on. Where
every group has as many rows in every period it is the comparison of four cells; where some have
more, or come and go, only this keeps the levels of groups and periods out of d. Rows of a cell
have the same regressors, so means and counts by cell give the same d as the rows:

    d = sum n x m / sum n x^2,    x: what groups and periods leave of D, weighted by n,
    V = c sum_g (sum_t n x e)^2 / (sum n x^2)^2,    c = G/(G-1) (N-1)/(N-K),

clustered by group (Liang & Zeger 1986; Arellano 1987). K counts d and the periods; effects of
groups lie within the clusters and are not counted (Cameron & Miller 2015, J. Human Resources
50:317, sec. II.B; the default of reghdfe, xtreg and fixest).
"""

from __future__ import annotations

import math

import numpy as np

from valuekit.critical import critical
from valuekit.estimate import Estimate, unknown
from valuekit.uplift.panel import Floats, Panel

_FLAT = 1e-10


def fixed_effects(panel: Panel, *, unit: str) -> Estimate:
    """The regression of rows on treatment with an effect of every group and period.

    Args:
        panel: A panel of one launch, gaps included.
        unit: Unit of the effect.
    """
    groups, periods = panel.size
    n = panel.n
    treated = (~panel.never[:, None]) & (np.arange(periods) >= panel.first[:, None])
    x = _left(n, treated.astype(np.float64))
    square = float((n * x**2).sum())
    if groups < 3 or square <= _FLAT * float(n.sum()):
        return unknown("effects of groups and periods leave nothing of the launch", unit)
    y = _left(n, np.where(n > 0, np.nan_to_num(panel.y), 0.0))
    value = float((n * x * y).sum()) / square
    scores = (n * x * (y - value * x)).sum(axis=1)
    rows, used, free = int(n.sum()), int((n > 0).any(axis=1).sum()), periods + 1
    if rows <= free or used < 3:
        return unknown("there are too few rows for an effect of every period", unit)
    factor = used / (used - 1) * (rows - 1) / (rows - free)
    variance = factor * float(scores @ scores) / square**2
    if variance <= _FLAT**2 * float(np.max(np.abs(y))) ** 2:
        return unknown("every group changed alike", unit)
    half = critical(0.95, used - 1) * math.sqrt(variance)
    return Estimate(
        value=value,
        unit=unit,
        low=value - half,
        high=value + half,
        se=math.sqrt(variance),
        df=float(used - 1),
        n=used,
        method="two-way fixed effects of rows, clustered by group (CR1)",
    )


def _left(n: Floats, v: Floats) -> Floats:
    """What effects of groups and periods leave of ``v``, weighted by ``n``."""
    if n.shape[0] < n.shape[1]:
        return _left(n.T, v.T).T  # the equations are of the fewer of both
    own = np.maximum(n.sum(axis=1), 1e-300)
    around = v - ((n * v).sum(axis=1) / own)[:, None]
    # Normal equations of the columns once rows are taken out; one column is the reference.
    share = n / own[:, None]
    normal = np.diag(n.sum(axis=0)) - n.T @ share
    effect = _solved(normal, (n * around).sum(axis=0))
    made: Floats = around - effect[None, :] + (share @ effect)[:, None]
    return made


def _solved(normal: Floats, right: Floats) -> Floats:
    """Effects of columns, the first one 0; by least squares where they fall into parts."""
    made = np.zeros(len(right))
    try:
        made[1:] = np.linalg.solve(normal[1:, 1:], right[1:])
    except np.linalg.LinAlgError:
        made[:] = np.inf
    off = np.abs(normal @ made - right).max() if np.isfinite(made).all() else np.inf
    if off <= _FLAT * max(float(np.abs(right).max()), 1e-300):
        return made
    return np.asarray(np.linalg.lstsq(normal, right, rcond=None)[0], dtype=np.float64)
