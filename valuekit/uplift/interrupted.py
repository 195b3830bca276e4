"""Interrupted time series: what a series did beyond its own past, trend, season and controls.

Segmented regression of the whole series (Wagner et al. 2002; Lopez Bernal et al. 2017). The
counterfactual is the fit without the terms of the launch; the effect over some periods S is

    sum_S w_t (y_t - x0_t' b),     Var = s^2 [w'Ow - 2 w'X V h + h'V h],   h = X0'w,

the part of the seen total that the past does not explain, with the noise of the periods themselves
and the error of the fit. Gaussian: generalised least squares with AR(p) noise O, V = (X'O^-1 X)^-1,
t. Poisson: log link and exposure, quasi-likelihood: dispersion by Pearson's X2 / (n - k), normal
intervals; noise that remembers enters by a sandwich. Noise that remembers says less of its own
size: (n - k) / (1 + 2 sum r_j^2) degrees of freedom (Bartlett 1946).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from valuekit.critical import critical
from valuekit.estimate import Estimate
from valuekit.text import plural
from valuekit.uplift.autoregressive import WHITE, Noise, fitted
from valuekit.uplift.panel import Floats, Ints
from valuekit.uplift.season import Terms, steady, terms
from valuekit.uplift.series import Gap, Series

Change = Literal["level_and_slope", "level", "none"]
Family = Literal["gaussian", "poisson"]

#: Periods before the launch without which nothing is said, by spacing.
LEAST: dict[str, int] = {"day": 56, "week": 26, "month": 24, "quarter": 12, "year": 10}
_STEPS = 60
_FLAT = 1e-20
_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Interrupted:
    """A fitted interrupted time series.

    Attributes:
        series: What it was fitted to.
        terms: Its columns.
        beta: Their coefficients: of rates (gaussian), of ln rates (poisson).
        noise: Autocorrelation of the (Pearson) residuals.
        cov: Covariance of the coefficients, shape (k, k).
        fitted: Fitted totals, shape (T,).
        expected: Totals without the launch, shape (T,).
        residuals: Residuals, whitened, standardised.
        df: Degrees of freedom; None for normal.
        dispersion: Pearson dispersion of counts; variance of the noise otherwise.
        family: ``gaussian`` or ``poisson``.
    """

    series: Series
    terms: Terms
    beta: Floats
    noise: Noise
    cov: Floats
    fitted: Floats
    expected: Floats
    residuals: Floats
    df: float | None
    dispersion: float
    family: Family

    @property
    def time(self) -> Ints:
        """Numbers of the periods as the noise counts them."""
        return steady(self.series.time, self.series.frequency)

    @property
    def past(self) -> Floats:
        """What trend, season and controls leave of the rates before the launch."""
        rest = (self.series.total - self.expected) / self.series.exposure
        return rest[~self.series.treated]

    def gap(self, share: Floats) -> Gap | None:
        """Seen less expected over shares of the periods; None when there are none."""
        if not share.any():
            return None
        seen, base = float(share @ self.series.total), float(share @ self.expected)
        se, value = self._error(share, 1.0, 1.0), seen - base
        half = critical(0.95, self.df) * se
        low, high, n = value - half, value + half, int(np.count_nonzero(share))
        return Gap(value, low, high, se, self.df, seen, base, n)

    def log_error(self, share: Floats, found: Gap) -> float | None:
        """Standard error of ln(seen / expected); None where one of them is not positive."""
        if found.seen <= 0 or found.base <= 0:
            return None
        return self._error(share, 1 / found.seen, 1 / found.base)

    def _error(self, share: Floats, own: float, model: float) -> float:
        """Standard error of own sum y - model sum expected, over shares of the periods."""
        x, x0 = self.terms.x, self.terms.without
        if self.family == "poisson":
            mean, spread = self.fitted, np.sqrt(self.dispersion * self.fitted)
            h = x0.T @ (share * self.expected) * model
            fit = x @ (_bread(x, mean) @ h)  # error of h'b is the sum of fit x noise
            return math.sqrt(self.noise.of_sum((share * own - fit) * spread, self.time))
        weight = self.series.exposure * share
        h = x0.T @ weight * model
        variance = self.noise.variance * self.noise.of_sum(weight * own, self.time)
        variance += float(h @ self.cov @ h) - 2 * own * float((weight @ x) @ self.cov @ h)
        return math.sqrt(max(variance, 0.0))

    def change(self, name: str, unit: str) -> Estimate | None:
        """``level change`` or ``slope change``; of counts as ln of a rate ratio."""
        if name not in self.terms.names:
            return None
        place = self.terms.names.index(name)
        value, se = float(self.beta[place]), math.sqrt(float(self.cov[place, place]))
        half = critical(0.95, self.df) * se
        return Estimate(value, unit, value - half, value + half, se=se, df=self.df)

    def plain_error(self, name: str) -> float | None:
        """Standard error of a change if counts varied no more than Poisson counts do."""
        if self.family != "poisson" or name not in self.terms.names:
            return None
        place = self.terms.names.index(name)
        return math.sqrt(float(_bread(self.terms.x, self.fitted)[place, place]))


def refused(made: Series, least: int | None = None) -> str:
    """Why nothing can be said of a series; empty when something can."""
    need = LEAST[made.frequency] if least is None else least
    before = int((~made.treated).sum())
    if not len(made.time):
        return "the panel has no mature rows of this metric"
    if not made.treated.any():
        return "the launch lies after the last complete day: there is no after yet"
    if not before:
        return "there is no day before the launch to compare with"
    if before < need:
        have = plural(before, made.frequency)
        return f"only {have} before the launch; at least {need} are needed to know trend and season"
    return _still(made)


def _still(made: Series) -> str:
    """Why a series that does not move says nothing."""
    if not made.total.any():
        return "every total is 0, so there is nothing to compare"
    before = made.rate[~made.treated]
    if float(np.ptp(before)) <= _ROUNDING * float(np.abs(before).max()):
        return "the series never moved before the launch, so nothing is known of chance"
    return ""


def interrupted(
    made: Series,
    *,
    family: Family = "gaussian",
    change: Change = "level_and_slope",
    harmonics: int | None = None,
    order: int | None = None,
    least: int | None = None,
) -> Interrupted | str:
    """Fit a segmented regression.

    Args:
        made: The series.
        family: Gaussian rates, or counts.
        change: What the launch may change: the level, or level and slope.
        harmonics: Pairs of waves of the year; by default 2 from two years on, else none.
        order: p of the noise; by default chosen.
        least: Periods before the launch that are needed; by default 56 days, 26 weeks, 24 months,
            12 quarters, 10 years.

    Returns:
        The fit, or why there is none.
    """
    why = refused(made, least)
    if why:
        return why
    columns = terms(made, harmonics=harmonics, change=change, log=family == "poisson")
    n, k = columns.x.shape
    if n - k < 8:
        return (
            f"{plural(n, made.frequency)} are too few for {k} terms of trend, season and controls"
        )
    if family == "poisson":
        return _counts(made, columns, order)
    return _rates(made, columns, order)


def _rates(made: Series, columns: Terms, order: int | None) -> Interrupted | str:
    x, time = columns.x, steady(made.time, made.frequency)
    middle = float(np.median(made.rate))
    y = made.rate - middle  # a large level would cost digits
    rest = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
    if float(rest @ rest) <= _FLAT * float(y @ y) + 1e-300:
        return "trend and season explain the series exactly, so nothing is known of chance"
    noise = fitted(rest, x, time, order)
    white = noise.whitened(np.column_stack([x, y]), time)
    q, r = np.linalg.qr(white[:, :-1])
    inverse = np.linalg.inv(r)
    beta = inverse @ (q.T @ white[:, -1])
    left = white[:, -1] - white[:, :-1] @ beta
    df = len(y) - x.shape[1]
    variance = float(left @ left) / df
    beta[columns.names.index("constant")] += middle
    noise = Noise(noise.phi, noise.correlation, variance)
    return Interrupted(
        series=made,
        terms=columns,
        beta=beta,
        noise=noise,
        cov=inverse @ inverse.T * variance,
        fitted=(x @ beta) * made.exposure,
        expected=(columns.without @ beta) * made.exposure,
        residuals=left / math.sqrt(variance),
        df=df / noise.repeats,
        dispersion=variance,
        family="gaussian",
    )


def _counts(made: Series, columns: Terms, order: int | None) -> Interrupted | str:
    if bool((made.total < 0).any()):
        return 'counts are never negative: declare family = "gaussian" for this metric'
    x, time = columns.x, steady(made.time, made.frequency)
    beta = _scores(made.total, x, np.log(made.exposure))
    if beta is None:
        return "the regression of counts finds no best fit: a term has only zeros on one side"
    mean = np.exp(x @ beta + np.log(made.exposure))
    pearson = (made.total - mean) / np.sqrt(mean)
    df = len(mean) - x.shape[1]
    dispersion = float(pearson @ pearson) / df
    if dispersion <= _FLAT:
        return "trend and season explain the series exactly, so nothing is known of chance"
    noise = fitted(pearson, np.sqrt(mean)[:, None] * x, time, order)
    noise = Noise(noise.phi, noise.correlation, 1.0) if noise.order else WHITE
    bread = _bread(x, mean)
    return Interrupted(
        series=made,
        terms=columns,
        beta=beta,
        noise=noise,
        cov=dispersion * _sandwich(x, mean, bread, noise, time),
        fitted=mean,
        expected=np.exp(columns.without @ beta + np.log(made.exposure)),
        residuals=noise.whitened(pearson[:, None], time)[:, 0] / math.sqrt(dispersion),
        df=None,
        dispersion=dispersion,
        family="poisson",
    )


def _scores(y: Floats, x: Floats, offset: Floats) -> Floats | None:
    """Maximum likelihood of a log-linear rate by Fisher scoring; None where there is none."""
    start = np.log(max(float(y.sum()), 0.5) / float(np.exp(offset).sum()))
    beta: Floats = np.linalg.lstsq(x, np.full(len(y), start), rcond=None)[0]
    for _ in range(_STEPS):
        linear = x @ beta + offset
        if float(np.abs(linear).max()) > 300:
            return None
        mean = np.exp(linear)
        root = np.sqrt(mean)
        step = np.linalg.lstsq(root[:, None] * x, (y - mean) / root, rcond=None)[0]
        size = float(np.abs(x @ step).max())
        beta = beta + step * min(1.0, 3.0 / size if size else 1.0)
        if size < 1e-10:
            return beta
    return None


def _bread(x: Floats, mean: Floats) -> Floats:
    r = np.linalg.qr(np.sqrt(mean)[:, None] * x)[1]
    inverse = np.linalg.inv(r)
    return inverse @ inverse.T


def _sandwich(x: Floats, mean: Floats, bread: Floats, noise: Noise, time: Ints) -> Floats:
    if not noise.order:
        return bread
    score = np.zeros((int(time[-1]) + 1, x.shape[1]))
    score[time] = np.sqrt(mean)[:, None] * x
    meat = score.T @ score
    for lag in range(1, min(len(noise.correlation), len(score))):
        beside = score[lag:].T @ score[:-lag]
        meat += float(noise.correlation[lag]) * (beside + beside.T)
    return bread @ meat @ bread
