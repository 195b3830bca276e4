"""Two groups, two times, many independent rows: the comparison of four cells, and by clusters.

Pooled least squares of y on treated, after and their product has the difference in differences
of the four cell means as its coefficient, with SE = s sqrt(sum 1/n), s^2 = sum M2 / (N - 4),
t with N - 4 degrees of freedom (Wooldridge, Introductory Econometrics, 13.2). It takes rows as
independent: a shock to one of the two groups cannot be told from the effect (Donald & Lang 2007).
Shocks from period to period can, where there are periods enough: then the variance is at least that
of the difference series d_t between the groups, whose periods hang together by rho,

    V >= s_d^2 (1/T0 + 1/T1) (1 + rho) / (1 - rho).

Where the table holds one total a period there are no rows to speak of, and that is the variance.

With many groups the same regression clustered by group has scores that cells alone give:
with e the cell mean's residual, V = c sum_g (sum_cells n e a)^2 where a = +-1/n of the cell that
the group's rows belong to, c = G/(G-1) (N-1)/(N-4) (Liang & Zeger 1986).
"""

from __future__ import annotations

import math

import numpy as np

from valuekit.critical import critical
from valuekit.estimate import Estimate, unknown
from valuekit.uplift.panel import Floats, Panel

_BEFORE, _PERIODS, _MOST = 3, 8, 0.95
_SIGNS = np.array([[1.0, -1.0], [-1.0, 1.0]])  # control, treated by before, after


def four_cells(panel: Panel, *, unit: str, launch: int | None = None) -> Estimate:
    """Difference in differences of cell means, rows taken as independent."""
    n, total, m2, _ = _cells(panel, launch)
    rows = int(n.sum())
    if (n == 0).any() or rows <= 4:
        return unknown("one of the four cells has no row", unit)
    mean = total / n
    variance, df = float(m2.sum() / (rows - 4) * (1 / n).sum()), float(rows - 4)
    moved = _by_period(panel, launch)
    if moved is not None and (moved[0] > variance or totals_alone(panel)):
        variance, df = moved
    if variance <= 0:
        return unknown("rows do not vary within cells", unit)
    return _estimate(
        float((_SIGNS * mean).sum()), math.sqrt(variance), df, rows, unit,
        "difference in differences of four cells (pooled least squares)",
    )  # fmt: skip


def totals_alone(panel: Panel) -> bool:
    """Whether a group has no more than one row in any period."""
    return bool((panel.n <= 1).all())


def enough_periods(panel: Panel, launch: int) -> bool:
    """Whether two groups have periods enough to see how they drift apart."""
    before, periods = launch, len(panel.days)
    return before >= _BEFORE and periods >= _PERIODS and periods > launch


def unequal_cells(panel: Panel, *, unit: str, launch: int | None = None) -> Estimate:
    """The same difference with a variance of its own for every cell: sum s^2/n, normal."""
    n, total, m2, _ = _cells(panel, launch)
    if (n < 2).any():
        return unknown("one of the four cells has fewer than two rows", unit)
    variance = float((m2 / (n - 1) / n).sum())
    if variance <= 0:
        return unknown("rows do not vary within cells", unit)
    return _estimate(
        float((_SIGNS * total / n).sum()), math.sqrt(variance), math.inf, int(n.sum()), unit,
        "difference in differences of four cells (a variance for each)",
    )  # fmt: skip


def clustered(panel: Panel, *, unit: str, launch: int | None = None) -> Estimate:
    """The same coefficient with a standard error clustered by group, rows weighted alike."""
    n, total, _, of = _cells(panel, launch)
    rows, groups = int(n.sum()), len(panel.groups)
    if (n == 0).any() or groups < 3 or rows <= 4:
        return unknown("clustering needs three groups or more", unit)
    mean = total / n
    side = (~panel.never).astype(int)
    own_n, own_total = of
    scores = (_SIGNS[side] * (own_total - own_n * mean[side]) / n[side]).sum(axis=1)
    factor = groups / (groups - 1) * (rows - 1) / (rows - 4)
    variance = factor * float(scores @ scores)
    if variance <= 0:
        return unknown("every group changed alike", unit)
    return _estimate(
        float((_SIGNS * mean).sum()), math.sqrt(variance), groups - 1, groups, unit,
        "difference in differences of rows, clustered by group (CR1)",
    )  # fmt: skip


def _cells(
    panel: Panel, launch: int | None
) -> tuple[Floats, Floats, Floats, tuple[Floats, Floats]]:
    """n, total and M2 of the four cells, and n and total of each group before and after."""
    cut = panel.cohorts[0] if launch is None else launch
    after = (np.arange(len(panel.days)) >= cut).astype(int)
    times = np.stack([1 - after, after], axis=1).astype(np.float64)
    seen = np.nan_to_num(panel.y) * panel.n
    own_n, own_total = panel.n @ times, seen @ times
    sides = np.stack([panel.never, ~panel.never]).astype(np.float64)
    n, total = sides @ own_n, sides @ own_total
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.nan_to_num(total / n)
    side = (~panel.never).astype(int)
    off = np.nan_to_num(panel.y) - mean[side][:, after]
    m2 = sides @ ((panel.m2 + panel.n * off**2) @ times)
    return n, total, m2, (own_n, own_total)


def _by_period(panel: Panel, launch: int | None) -> tuple[float, float] | None:
    """Variance of the effect from how the two groups drift apart by period, and its freedom.

    None without three periods before the launch and eight in all.
    """
    cut = panel.cohorts[0] if launch is None else launch
    apart = panel.y[~panel.never].mean(axis=0) - panel.y[panel.never].mean(axis=0)
    before, after = apart[:cut], apart[cut:]
    if len(before) < _BEFORE or not len(after) or len(apart) < _PERIODS:
        return None
    off = np.concatenate([before - before.mean(), after - after.mean()])
    whole = float(off @ off)
    if whole <= 0 or not math.isfinite(whole):
        return None
    lag = float(off[1:] @ off[:-1]) / whole
    rho = min(max(lag + (1 + 4 * lag) / len(off), 0.0), _MOST)  # bias of a short series, Kendall
    longer = (1 + rho) / (1 - rho)
    spread = whole / (len(off) - 2)
    variance = spread * (1 / len(before) + 1 / len(after)) * longer
    return variance, max(1.0, len(off) / longer - 2)


def _estimate(value: float, se: float, df: float, n: int, unit: str, method: str) -> Estimate:
    half = critical(0.95, df) * se
    return Estimate(
        value=value, unit=unit, low=value - half, high=value + half, se=se,
        df=df if math.isfinite(df) else None, n=n,
        method=method,
    )  # fmt: skip
