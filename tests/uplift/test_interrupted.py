"""Interrupted time series against the same regressions on raw rows, and laws that they keep."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import linalg, stats

from tests.panels import panel_frame
from valuekit.uplift.autoregressive import Noise, fitted, levinson
from valuekit.uplift.interrupted import interrupted
from valuekit.uplift.season import pairs_of, steady, terms, years
from valuekit.uplift.series import Series, series_of
from valuekit.uplift.series_checks import luck, placebos, remembers

FIRST = np.datetime64("2024-01-01")


def made(y, launch, x=None, exposure=None, time=None, frequency="day", season=7):
    n = len(y)
    time = np.arange(n) if time is None else time
    return Series(
        FIRST + time.astype("timedelta64[D]"), time, np.asarray(y, dtype=float),
        np.ones(n) if exposure is None else exposure,
        np.zeros((n, 0)) if x is None else np.column_stack([x]),
        () if x is None else ("x",), time >= launch, frequency, season,
    )  # fmt: skip


def noise(rng, n, *phi):
    e, u = rng.normal(size=n + 200), np.zeros(n + 200)
    for i in range(len(phi), n + 200):
        u[i] = sum(one * u[i - 1 - lag] for lag, one in enumerate(phi)) + e[i]
    return u[200:]


def example(n=240, launch=160, phi=(0.5,), seed=1, **more):
    rng = np.random.default_rng(seed)
    t = np.arange(n)
    y = 100 + 0.05 * t + np.array([0, 1, 2, 1, 0, -4, -4.0])[t % 7] + noise(rng, n, *phi)
    return made(y + 3.0 * (t >= launch), launch, **more)


def toeplitz(found, n):
    correlation = np.zeros(n)
    correlation[: len(found.correlation)] = found.correlation[:n]
    return linalg.toeplitz(correlation)


def raw_columns(t, launch, slope=True):
    """The regressors, written plainly."""
    week = [(t % 7 == one) * 1.0 for one in range(1, 7)]
    after = (t >= launch) * 1.0
    change = [after, after * (t - launch)] if slope else [after]
    return np.column_stack([np.ones(len(t)), *change, t, *week])


def test_without_memory_it_is_least_squares_of_the_raw_rows():
    one = example(phi=(0.0,))
    t = one.time
    found = interrupted(one, order=0)
    x = raw_columns(t, 160)
    fit = sm.OLS(one.total, x).fit()
    for name, place in (("level change", 1), ("slope change", 2)):
        change = found.change(name, "1")
        assert change.value == pytest.approx(fit.params[place], rel=1e-8)
        assert (change.low, change.high) == pytest.approx(fit.conf_int()[place], rel=1e-8)
    # Over all treated days the total is seen less the counterfactual, and its error is that of
    # the same combination of the coefficients: residuals add up to nothing there.
    after = one.treated
    weights = x[after].sum(axis=0) * np.isin(np.arange(x.shape[1]), [1, 2])
    test = fit.t_test(weights)
    gap = found.gap(after * 1.0)
    assert gap.value == pytest.approx(float(test.effect[0]), rel=1e-8)
    assert gap.se == pytest.approx(float(test.sd[0, 0]), rel=1e-8)
    assert (gap.low, gap.high) == pytest.approx(test.conf_int()[0], rel=1e-8)


@pytest.mark.parametrize("phi", [(0.5,), (0.4, 0.3)])
def test_with_memory_it_is_generalised_least_squares(phi):
    one = example(phi=phi)
    found = interrupted(one, order=len(phi))
    x = raw_columns(one.time, 160)
    sigma = toeplitz(found.noise, len(x))
    fit = sm.GLS(one.total, x, sigma=sigma).fit()
    change = found.change("level change", "1")
    assert change.value == pytest.approx(fit.params[1], rel=1e-5)
    assert change.se == pytest.approx(fit.bse[1], rel=1e-4)
    # The total, its error spelled out with whole matrices.
    after = one.treated * 1.0
    x0 = x * ~np.isin(np.arange(x.shape[1]), [1, 2])
    bread = np.linalg.inv(x.T @ np.linalg.solve(sigma, x))
    a = after - np.linalg.solve(sigma, x) @ bread @ (x0.T @ after)
    gap = found.gap(after)
    assert gap.value == pytest.approx(float(after @ (one.total - x0 @ fit.params)), rel=1e-5)
    assert gap.se == pytest.approx(float(np.sqrt(fit.scale * a @ sigma @ a)), rel=1e-3)


def test_the_memory_is_that_of_the_usual_estimators():
    """Near the iterated GLSAR of the same rows; corrected upwards, because residuals forget."""
    one = example(n=600, launch=400, phi=(0.6,))
    found = interrupted(one)
    model = sm.GLSAR(one.total, raw_columns(one.time, 400), rho=1)
    fit = model.iterative_fit(maxiter=20)
    assert found.noise.order == 1
    assert found.noise.phi[0] == pytest.approx(model.rho[0], abs=0.03)
    assert found.noise.phi[0] > model.rho[0]
    assert found.change("level change", "1").value == pytest.approx(fit.params[1], abs=0.05)
    assert found.change("level change", "1").se == pytest.approx(fit.bse[1], rel=0.15)


def test_the_order_is_found():
    rng = np.random.default_rng(4)
    ones = np.ones((1000, 1))
    for phi in ((), (0.5,), (0.4, 0.4)):
        u = noise(rng, 1000, *phi)
        found = fitted(u - u.mean(), ones, np.arange(1000))
        assert found.order == len(phi)
        assert found.phi == pytest.approx(phi, abs=0.1)


def test_prediction_of_a_process_leaves_its_innovations():
    phi, left = levinson(np.array([1.0, 0.6, 0.36, 0.216]), 2)
    assert phi == pytest.approx([0.6, 0.0])
    assert left == pytest.approx(1 - 0.36)


def test_whitening_is_a_root_of_the_inverse():
    process = Noise(np.array([0.5, 0.2]), _correlation((0.5, 0.2)), 1.0)
    sigma = toeplitz(process, 12)
    white = process.whitened(np.eye(12), np.arange(12))
    assert white.T @ white == pytest.approx(np.linalg.inv(sigma), abs=1e-9)
    gap = np.array([0, 1, 2, 5, 6, 7])
    parts = process.whitened(np.eye(6), gap)
    block = linalg.block_diag(sigma[:3, :3], sigma[:3, :3])
    assert parts.T @ parts == pytest.approx(np.linalg.inv(block), abs=1e-9)
    w = np.arange(1.0, 13.0)
    assert process.of_sum(w, np.arange(12)) == pytest.approx(w @ sigma @ w)
    assert process.of_sum(w[:6], gap) == pytest.approx(w[:6] @ sigma[np.ix_(gap, gap)] @ w[:6])


def _correlation(phi):
    found = [1.0, phi[0] / (1 - phi[1])]
    while len(found) < 80:
        found.append(phi[0] * found[-1] + phi[1] * found[-2])
    return np.array(found)


@pytest.fixture(scope="module")
def sicily(shared):
    rows = pd.read_csv(shared / "truth" / "data" / "sicily.csv")
    day = pd.to_datetime(rows[["year", "month"]].assign(day=1)).dt.date
    frame = panel_frame(
        pd.DataFrame({"day": day, "group": "all", "y": rows["aces"], "offset": rows["stdpop"]})
    )
    return series_of(frame, date(2005, 1, 1), frequency="month", season=12, rate=True)


def test_the_smoking_ban(sicily):
    """Lopez Bernal, Cummins & Gasparrini 2017: 0.894 (0.864-0.925); 0.885 (0.839-0.933)."""
    plain = interrupted(sicily, family="poisson", change="level", harmonics=0)
    change, se = plain.change("level change", "ln"), plain.plain_error("level change")
    half = stats.norm.ppf(0.975) * se
    ends = np.exp([change.value, change.value - half, change.value + half])
    assert ends == pytest.approx([0.894, 0.864, 0.925], abs=0.001)
    found = interrupted(sicily, family="poisson", change="level", harmonics=2)
    change = found.change("level change", "ln")
    ends = np.exp([change.value, change.low, change.high])
    assert ends == pytest.approx([0.885, 0.839, 0.933], abs=0.001)
    # Of the whole time since, the ratio of totals is the rate ratio, and so is its error.
    whole = sicily.treated * 1.0
    gap = found.gap(whole)
    assert gap.seen / gap.base == pytest.approx(ends[0], rel=1e-9)
    assert found.log_error(whole, gap) == pytest.approx(change.se, rel=1e-6)


def test_counts_are_the_quasi_poisson_regression_of_the_raw_rows(sicily):
    found = interrupted(sicily, family="poisson", harmonics=2)
    assert found.noise.order == 0
    t = sicily.time - sicily.time[0]
    after = sicily.treated * 1.0
    wave = [f(2 * np.pi * k * t / 12) for k in (1, 2) for f in (np.sin, np.cos)]
    x = np.column_stack([np.ones(len(t)), after, after * (t - 36), t, *wave])
    fit = sm.GLM(sicily.total, x, family=sm.families.Poisson(), offset=np.log(sicily.exposure)).fit(
        scale="X2"
    )
    for name, place in (("level change", 1), ("slope change", 2)):
        change = found.change(name, "1")
        assert change.value == pytest.approx(fit.params[place], rel=1e-6)
        assert (change.low, change.high) == pytest.approx(fit.conf_int()[place], rel=1e-5)
    x0 = x.copy()
    x0[:, 1:3] = 0
    expected = np.exp(x0 @ fit.params) * sicily.exposure
    gap = found.gap(after)
    assert gap.base == pytest.approx(float(after @ expected), rel=1e-8)
    # Delta method on the noise of each month, spelled out.
    mean = fit.fittedvalues
    a = after - x @ np.linalg.inv((x.T * mean) @ x) @ (x0.T @ (after * expected))
    assert gap.se == pytest.approx(float(np.sqrt(fit.scale * (a**2 * mean).sum())), rel=1e-6)


@settings(max_examples=15, deadline=None)
@given(
    factor=st.floats(0.001, 1e6), constant=st.floats(-1e6, 1e6), seed=st.integers(0, 1000),
    first=st.integers(0, 60), length=st.integers(1, 20),
)  # fmt: skip
def test_units_and_a_constant_change_nothing(factor, constant, seed, first, length):
    one = example(n=160, launch=100, seed=seed)
    other = made(one.total * factor + constant * factor, 100)
    share = np.zeros(160)
    share[100 + first % 50 : 100 + first % 50 + length] = 1.0
    a, b = interrupted(one), interrupted(other)
    if a.noise.order != b.noise.order:  # a tie of the criterion, broken by rounding
        b = interrupted(other, order=a.noise.order)
    left, right = a.gap(share), b.gap(share)
    scale = factor * left.se
    assert right.value == pytest.approx(left.value * factor, abs=1e-5 * scale)
    assert right.se == pytest.approx(left.se * factor, rel=1e-5)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 1000), parts=st.integers(2, 4))
def test_splitting_facts_changes_nothing(seed, parts):
    rng = np.random.default_rng(seed)
    days = pd.date_range("2024-01-01", periods=90).date
    rows = pd.DataFrame({
        "day": np.repeat(days, 6), "group": "all", "y": rng.normal(10, 2, 540),
        "offset": rng.uniform(1, 2, 540),
    })  # fmt: skip
    launch = days[60]
    whole = series_of(panel_frame(rows), launch, rate=True)
    piece = rng.integers(0, parts, 540)
    split = pd.concat([panel_frame(rows[piece == one]) for one in range(parts)])
    apart = series_of(split.sample(frac=1, random_state=seed), launch, rate=True)
    assert apart.total == pytest.approx(whole.total)
    share = whole.treated * 1.0
    left, right = (interrupted(one, order=0).gap(share) for one in (whole, apart))
    assert right.value == pytest.approx(left.value)
    assert right.se == pytest.approx(left.se)


def test_gaps_do_not_shift_the_calendar():
    one = example(n=300, launch=200)
    keep = ~np.isin(one.time, [3, 50, 51, 120, 250, 251])
    part = one.kept(keep)
    x = raw_columns(part.time, 200)
    fit = sm.OLS(part.total, x).fit()
    found = interrupted(part, order=0)
    assert found.change("level change", "1").value == pytest.approx(fit.params[1], rel=1e-8)


def test_working_days_are_neighbours_over_the_weekend():
    time = np.array([0, 1, 4, 5, 6, 7, 8, 11])  # 1 January 1970 was a Thursday
    assert steady(time, "day").tolist() == list(range(8))
    assert steady(np.array([5, 6, 9]), "month").tolist() == [0, 1, 4]


def test_waves_of_the_year_come_with_two_years():
    assert pairs_of(example(n=700, launch=300), None) == 0
    assert pairs_of(example(n=731, launch=300), None) == 2
    assert pairs_of(example(n=100, launch=60), 3) == 3
    names = terms(example(n=731, launch=300)).names
    assert [one for one in names if "year" in one] == [
        "sine 1 a year", "cosine 1 a year", "sine 2 a year", "cosine 2 a year",
    ]  # fmt: skip
    assert years(example(n=731, launch=300)) > 2


@pytest.mark.parametrize(
    ("frequency", "season", "need"),
    [("day", 7, 56), ("week", 52, 26), ("month", 12, 24), ("quarter", 4, 12), ("year", 1, 10)],
)
def test_a_past_that_is_too_short_is_refused(frequency, season, need):
    rng = np.random.default_rng(1)
    for before, refused in ((need - 1, True), (need, False)):
        one = made(rng.normal(10, 1, before + 20), before, frequency=frequency, season=season)
        found = interrupted(one, harmonics=0)
        assert isinstance(found, str) == refused
        if refused:
            assert f"only {before} {frequency}s before the launch; at least {need}" in found


@pytest.mark.parametrize(
    ("y", "reason"),
    [
        (np.zeros(100), "every total is 0"),
        (np.full(100, 5.0), "never moved"),
        (np.arange(100) * 2.0, "explain the series exactly"),
        (-np.ones(100) + np.arange(100) % 2, "counts are never negative"),
    ],
)
def test_what_says_nothing_is_refused(y, reason):
    family = "poisson" if "counts" in reason else "gaussian"
    assert reason in interrupted(made(y, 70), family=family)


def test_counts_that_vanish_after_the_launch_have_no_best_fit():
    rng = np.random.default_rng(1)
    y = rng.poisson(5, 120) * (np.arange(120) < 80.0)
    assert "no best fit" in interrupted(made(y, 80), family="poisson")


def test_pretended_launches_find_what_was_there():
    def fit(part, least):
        return interrupted(part, change="level", least=least)

    quiet = placebos(example(phi=(0.0,), seed=8), fit)
    assert len(quiet) == 3
    assert min(one.p_value for one in quiet) > 0.05 / 3
    loud = example(phi=(0.0,), seed=8)
    moved = made(loud.total + 4.0 * (loud.time >= 104), 160)
    assert min(one.p_value for one in placebos(moved, fit)) < 1e-6
    assert placebos(example(n=80, launch=56), fit)  # the least past that is accepted will do


def test_luck_is_relative_to_earlier_stretches():
    one = example(phi=(0.0,))

    def fit(part, least):
        return interrupted(part, least=least)

    bad = made(one.total - 4.0 * ((one.time >= 146) & (one.time < 160)), 160)
    for higher in (True, False):
        seen = luck(bad, interrupted(bad), fit, higher_is_better=higher)
        assert (seen.share < 0.05) == higher
        clean = interrupted(one.kept((one.time < 146) | (one.time >= 160)), order=0)
        assert seen.without.value == pytest.approx(
            clean.gap(clean.series.treated * 1.0).value, rel=0.02
        )


def test_memory_is_the_usual_test():
    u = noise(np.random.default_rng(3), 300, 0.3)
    q, p, lags = remembers(u)
    want = sm.stats.acorr_ljungbox(u - 0.0, lags=[lags])
    plain = 300 * 302 * sum(
        (float(u[k:] @ u[:-k]) / float(u @ u)) ** 2 / (300 - k) for k in range(1, lags + 1)
    )  # fmt: skip
    assert q == pytest.approx(plain)
    assert q == pytest.approx(float(want["lb_stat"].iloc[0]), rel=0.1)  # it takes off the mean
    assert p == pytest.approx(stats.chi2.sf(q, lags))
