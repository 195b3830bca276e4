"""A structural time series before the launch, continued: level, week and controls after it.

    y_t = level_t + x_t' b + e_t,    level_t = level_{t-1} + eta_t,

x the days of the week, waves of the year and controls that the launch left alone (Brodersen,
Gallusser, Koehler, Remy & Scott 2015, Annals of Applied Statistics 9:247). The posterior is exact
instead of simulated: with q = var(eta) / var(e) the periods before the launch are Gaussian with
covariance var(e) (I + q M), M_ts = min(t, s), so level, b and var(e) integrate out in closed form
and q runs over a grid. Flat priors on b and the first level, 1/var(e), and

    var(eta) ~ inverse gamma(nu / 2, nu s^2 / 2),    s = prior sd(y), nu = 32,

the prior of the level in the paper's software. A total after the launch is a mixture of t
distributions, one a point of the grid; its quantiles are the interval. M^-1 is tridiagonal, so one
decomposition serves the whole grid. The width follows the prior on the level, so readers show it
at three values. The same state-space model at fixed variances is the check of the tests.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import special

from valuekit.text import plural
from valuekit.uplift.interrupted import refused
from valuekit.uplift.panel import Floats, Ints
from valuekit.uplift.season import Terms, pairs_of, steady, waves, weekdays_only
from valuekit.uplift.series import Gap, Series

#: How far the level is believed to move in a period, in standard deviations of the series.
PRIORS = (0.01, 0.03, 0.1)
STRENGTH = 32.0  # observations that the prior on the level is worth
_GRID = np.geomspace(1e-7, 1e2, 55)
_NEGLIGIBLE = 1e-7  # posterior weight of a point of the grid that is left out
_STEPS = 60
_CLOSE = 1e-9  # of the scale
_FLAT = 1e-20


@dataclass(frozen=True, slots=True, eq=False)
class Structural:
    """The posterior of a structural time series, by point of the grid of q.

    Attributes:
        series: What it was fitted to.
        after: Columns in the periods after the launch, shape (T1, k).
        weight: Posterior weight of each point, shape (Q,).
        ratio: q, shape (Q,).
        beta: Coefficients, shape (Q, k).
        cov: Their covariance over var(e), shape (Q, k, k).
        level: Expected level at the end less the constant, shape (Q,).
        known: What the past says of that level: q^2 s'(I + qM)^-1 s, shape (Q,).
        carried: q X'(I + qM)^-1 s, shape (Q, k).
        scale: Posterior scale of var(e), shape (Q,).
        df: Degrees of freedom of the t distributions.
        ahead: Periods from the last one before the launch, shape (T1,).
        origin: Periods from the origin of the level to the last one before the launch.
        middle: What was subtracted from the series.
        past: What season and controls leave of the rates before the launch, around their mean.
        residuals: Standardised errors of one-step predictions before the launch.
    """

    series: Series
    after: Floats
    weight: Floats
    ratio: Floats
    beta: Floats
    cov: Floats
    level: Floats
    known: Floats
    carried: Floats
    scale: Floats
    df: float
    ahead: Floats
    origin: float
    middle: float
    past: Floats
    residuals: Floats

    @property
    def expected(self) -> Floats:
        """Totals that would have been, shape (T,); what was seen before the launch."""
        made = self.series.total.copy()
        rates = self.after @ (self.weight @ self.beta) + float(self.weight @ self.level)
        after = self.series.treated
        made[after] = (rates + self.middle) * self.series.exposure[after]
        return made

    def gap(self, share: Floats) -> Gap | None:
        """Seen less expected over shares of the treated periods; None when there are none."""
        mine = share * self.series.treated
        if not mine.any():
            return None
        m = (self.series.exposure * mine)[self.series.treated]
        center, spread = self._mixture(m)
        seen = float(mine @ self.series.total)
        value, se = self._moments(center, spread, seen)
        low, high = (seen - self._quantile(center, spread, one) for one in (0.975, 0.025))
        n = int(np.count_nonzero(mine))
        return Gap(value, low, high, se, None, seen, seen - value, n)

    def log_error(self, share: Floats, found: Gap) -> float | None:
        """Standard error of ln(seen / expected); None where one of them is not positive."""
        if found.seen <= 0 or found.base <= 0 or found.se is None or not share.any():
            return None
        return found.se / found.base

    def _mixture(self, m: Floats) -> tuple[Floats, Floats]:
        """Locations and scales of the t distributions of a total that would have been."""
        whole = float(m.sum())
        h = self.after.T @ m
        center = self.beta @ h + whole * (self.level + self.middle)
        left = h - whole * self.carried  # shape (Q, k)
        later = np.cumsum(m[::-1])[::-1]
        steps = np.diff(self.ahead, prepend=0.0)
        wander = float(steps @ later**2) + self.origin * whole**2
        variance = float(m @ m) + self.ratio * wander - whole**2 * self.known
        variance = variance + np.einsum("qi,qij,qj->q", left, self.cov, left)
        return center, np.sqrt(np.maximum(variance, 0.0) * self.scale)

    def _moments(self, center: Floats, spread: Floats, seen: float) -> tuple[float, float]:
        mean = float(self.weight @ center)
        second = spread**2 * self.df / (self.df - 2) + (center - mean) ** 2
        return seen - mean, math.sqrt(float(self.weight @ second))

    def _quantile(self, center: Floats, spread: Floats, level: float) -> float:
        """Quantile of the mixture, by Newton steps between bounds that close in."""
        ends = center + spread * float(special.stdtrit(self.df, level))
        low, high = float(ends.min()), float(ends.max())
        at: float = float(self.weight @ ends)
        wide = np.maximum(spread, 1e-300)
        log = math.lgamma((self.df + 1) / 2) - math.lgamma(self.df / 2)
        size = math.exp(log) / math.sqrt(self.df * math.pi)
        for _ in range(_STEPS):
            z = (at - center) / wide
            off = float(self.weight @ special.stdtr(self.df, z)) - level
            low, high = (at, high) if off < 0 else (low, at)
            slope = float(
                self.weight @ (size * (1 + z**2 / self.df) ** (-(self.df + 1) / 2) / wide)
            )
            ahead = at - off / slope if slope > 0 else low
            ahead = ahead if low < ahead < high else (low + high) / 2
            if abs(ahead - at) <= _CLOSE * float(wide.max()):
                return ahead
            at = ahead
        return at


def structural(
    made: Series,
    *,
    prior: float = PRIORS[0],
    harmonics: int | None = None,
    least: int | None = None,
) -> Structural | str:
    """The posterior of a series, from the periods before the launch alone.

    Args:
        made: The series.
        prior: How far the level is believed to move in a period, in standard deviations of the
            series before the launch.
        harmonics: Pairs of waves of the year; by default 2 from two years on, else none.
        least: Periods before the launch that are needed; by default as for interrupted series.

    Returns:
        The posterior, or why there is none.
    """
    why = refused(made, least)
    if why:
        return why
    before = ~made.treated
    time = steady(made.time, made.frequency)
    columns = _columns(made, harmonics)
    x, n = columns.x[before], int(before.sum())
    if n - x.shape[1] < 8:
        have = plural(n, made.frequency)
        return f"{have} before the launch are too few for {x.shape[1]} terms of season and controls"
    middle = float(np.median(made.rate[before]))
    y = made.rate[before] - middle
    spread = float(np.std(y, ddof=1))
    rest = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
    if float(rest @ rest) <= _FLAT * float(y @ y) + 1e-300:
        return "season and controls explain the series exactly, so nothing is known of chance"
    return _posterior(made, columns.x, y / spread, time, prior, middle, spread)


def _columns(made: Series, harmonics: int | None) -> Terms:
    """Independent columns, judged by the periods before the launch."""
    found = weekdays_only(made.kept(~made.treated))
    whole = weekdays_only(made)
    extra = waves(made, pairs_of(made, harmonics))
    names = [one for one in whole.names if one in found.names]
    x = np.column_stack([whole.x[:, whole.names.index(one)] for one in names])
    for name, values in extra.items():
        trial = np.column_stack([x, values])
        if np.linalg.matrix_rank(trial[~made.treated]) == trial.shape[1]:
            x, names = trial, [*names, name]
    lost = tuple(one for one in whole.names if one not in names)
    return Terms(tuple(names), x, np.zeros(len(names), dtype=bool), lost)


def _posterior(
    made: Series,
    x: Floats,
    y: Floats,
    time: Ints,
    prior: float,
    middle: float,
    spread: float,
) -> Structural:
    from scipy import linalg  # slow to import

    before = ~made.treated
    past, n, k = x[before], len(y), x.shape[1]
    since = (time[before] - time[before][0] + 1).astype(np.float64)
    size, basis = linalg.eigh_tridiagonal(*_precision(since))
    size = 1.0 / size  # eigenvalues of M
    y_, x_, s_ = basis.T @ y, basis.T @ past, basis.T @ since
    weight = 1.0 / (1.0 + _GRID[:, None] * size)  # (Q, n): inverse of I + qM
    xx = np.einsum("qn,ni,nj->qij", weight, x_, x_, optimize=True)
    cov = np.linalg.inv(xx)
    beta = np.einsum("qij,qj->qi", cov, (weight * y_) @ x_)
    left = y_ - beta @ x_.T
    rss = (weight * left**2).sum(axis=1)
    df = n - k + STRENGTH
    belief = STRENGTH * prior**2 / _GRID
    log = 0.5 * np.log(weight).sum(axis=1) - 0.5 * np.linalg.slogdet(xx)[1]
    log += -(STRENGTH / 2) * np.log(_GRID) - df / 2 * np.log(rss + belief)
    posterior = np.exp(log - log.max())
    posterior /= posterior.sum()
    kept = posterior > _NEGLIGIBLE
    carried = _GRID[:, None] * ((weight * s_) @ x_)
    q = _GRID[kept]
    best = int(np.argmax(posterior))
    rest = y - past @ beta[best]
    return Structural(
        series=made,
        after=x[made.treated],
        weight=posterior[kept] / posterior[kept].sum(),
        ratio=q,
        beta=beta[kept] * spread,
        cov=cov[kept],
        level=q * ((weight * left)[kept] @ s_) * spread,
        known=q**2 * (weight[kept] @ s_**2),
        carried=carried[kept],
        scale=(rss + belief)[kept] / df * spread**2,
        df=df,
        ahead=(time[made.treated] - time[before][-1]).astype(np.float64),
        origin=float(since[-1]),
        middle=middle,
        past=(rest - rest.mean()) * spread,
        residuals=_one_step(rest, since, float(_GRID[best])),
    )


def _precision(since: Floats) -> tuple[Floats, Floats]:
    """Diagonal and off-diagonal of M^-1, M_ts = min(t, s)."""
    step = 1.0 / np.diff(since, prepend=0.0)
    diagonal = step + np.append(step[1:], 0.0)
    return diagonal, -step[1:]


def _one_step(rest: Floats, since: Floats, ratio: float) -> Floats:
    """Standardised errors of predicting each value from the ones before it (Kalman filter)."""
    level, variance, found = 0.0, 1e7, []
    for value, step in zip(rest.tolist(), np.diff(since, prepend=0.0).tolist(), strict=True):
        variance += ratio * step
        whole = variance + 1.0
        found.append((value - level) / math.sqrt(whole))
        gain = variance / whole
        level, variance = level + gain * (value - level), variance * (1 - gain)
    errors = np.array(found[1:])
    return errors / float(np.sqrt(np.mean(errors**2)))
