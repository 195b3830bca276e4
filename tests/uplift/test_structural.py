"""Structural time series against a state-space model of the raw rows, and published cases."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import linalg, stats

from valuekit.uplift import structural as module
from valuekit.uplift.series import Series
from valuekit.uplift.structural import PRIORS, structural


def made(y, launch, x=None, time=None, frequency="day", season=7):
    n = len(y)
    time = np.arange(n) if time is None else np.asarray(time)
    return Series(
        time.astype("datetime64[D]"), time, np.asarray(y, dtype=float), np.ones(n),
        np.zeros((n, 0)) if x is None else np.column_stack([x]), () if x is None else ("x",),
        np.arange(n) >= launch, frequency, season,
    )  # fmt: skip


def example(n=160, launch=110, seed=1, wander=0.1, effect=4.0):
    rng = np.random.default_rng(seed)
    t = np.arange(n)
    x = 20 + rng.normal(0, 2, n)
    level = np.cumsum(rng.normal(0, wander, n))
    y = 50 + level + np.array([0, 1, 2, 1, 0, -3, -3.0])[t % 7] + 0.8 * x + rng.normal(0, 1, n)
    return made(y + effect * (t >= launch), launch, x)


def only_one(monkeypatch, ratio):
    monkeypatch.setattr(module, "_GRID", np.array([ratio]))


@pytest.mark.parametrize("ratio", [1e-4, 0.05, 1.0])
@pytest.mark.parametrize("gaps", [(), (7, 8, 60)])
def test_the_counterfactual_is_that_of_the_state_space_model(monkeypatch, ratio, gaps):
    """UnobservedComponents, exact diffuse, at the same variances: mean, and error of each day."""
    only_one(monkeypatch, ratio)
    whole = example()
    one = whole.kept(~np.isin(whole.time, gaps))
    found = structural(one)
    y = np.full(len(whole.time), np.nan)
    before = one.time[~one.treated]
    y[before] = one.total[~one.treated]
    week = [(whole.time % 7 == day) * 1.0 for day in range(1, 7)]
    exog = np.column_stack([*week, whole.controls[:, 0]])
    model = sm.tsa.UnobservedComponents(
        y, "llevel", exog=exog, mle_regression=False, use_exact_diffuse=True
    )
    scale = float(found.scale[0])
    fit = model.smooth([scale, scale * ratio])
    after = whole.treated
    assert found.expected[one.treated] == pytest.approx(fit.fittedvalues[after], rel=1e-6)
    sd = np.sqrt(fit.forecasts_error_cov[0, 0][after])
    for place, want in list(zip(np.flatnonzero(one.treated), sd, strict=True))[::9]:
        m = (np.arange(len(one.time)) == place) * 1.0
        assert found._mixture(m[one.treated])[1][0] == pytest.approx(want, rel=1e-5)


def test_the_error_of_a_total_is_that_of_the_simulation_smoother(monkeypatch):
    """Brodersen et al. 2015 draw it; here it is in closed form."""
    only_one(monkeypatch, 0.05)
    rng = np.random.default_rng(2)
    one = made(50 + np.cumsum(rng.normal(0, 0.2, 90)) + rng.normal(size=90), 60, season=1)
    found = structural(one)
    y = np.where(one.treated, np.nan, one.total)
    model = sm.tsa.UnobservedComponents(y, "llevel", use_exact_diffuse=True)
    scale = float(found.scale[0])
    model.update(np.array([scale, scale * 0.05]))
    smoother = model.simulation_smoother()
    totals = []
    for _ in range(2000):
        smoother.simulate(rng=rng)
        noise = rng.normal(0, np.sqrt(scale), 30).sum()
        totals.append(smoother.simulated_state[0, 60:].sum() + noise)
    center, spread = found._mixture(np.ones(30))
    assert np.mean(totals) == pytest.approx(center[0], abs=4 * spread[0] / np.sqrt(2000))
    assert np.std(totals) == pytest.approx(spread[0], rel=4 / np.sqrt(4000))


def test_the_posterior_of_the_level_is_that_of_whole_matrices():
    """Marginal likelihood times prior on the grid, written with determinants."""
    one = example(n=90, launch=70)
    found = structural(one, prior=0.03)
    before = ~one.treated
    t = one.time[before] + 1.0
    week = [(one.time[before] % 7 == day) * 1.0 for day in range(1, 7)]
    x = np.column_stack([np.ones(70), *week, one.controls[before, 0] - one.controls[:, 0].mean()])
    y = one.total[before] / one.total[before].std(ddof=1)
    logs = []
    for q in module._GRID:
        sigma = np.eye(70) + q * np.minimum.outer(t, t)
        inner = x.T @ linalg.solve(sigma, x)
        beta = linalg.solve(inner, x.T @ linalg.solve(sigma, y))
        rest = y - x @ beta
        rss = rest @ linalg.solve(sigma, rest) + 32 * 0.03**2 / q
        log = -0.5 * (np.linalg.slogdet(sigma)[1] + np.linalg.slogdet(inner)[1])
        logs.append(log - 16 * np.log(q) - (70 - 8 + 32) / 2 * np.log(rss))
    weight = np.exp(np.array(logs) - max(logs))
    weight = weight / weight.sum()
    assert found.weight == pytest.approx(weight[weight > 1e-7], rel=1e-4)


def test_an_interval_is_the_quantiles_of_the_mixture():
    found = structural(example(wander=0.4), prior=0.1)
    share = found.series.treated * 1.0
    gap = found.gap(share)
    rng = np.random.default_rng(1)
    center, spread = found._mixture(np.ones(50))
    pick = rng.choice(len(center), 200_000, p=found.weight)
    draws = center[pick] + spread[pick] * stats.t.rvs(found.df, size=200_000, random_state=rng)
    seen = found.series.total[found.series.treated].sum()
    assert gap.value == pytest.approx(seen - draws.mean(), abs=0.01 * gap.se)
    assert gap.se == pytest.approx(draws.std(), rel=0.01)
    assert gap.low == pytest.approx(seen - np.quantile(draws, 0.975), abs=0.03 * gap.se)
    assert gap.high == pytest.approx(seen - np.quantile(draws, 0.025), abs=0.03 * gap.se)


def test_the_nile_at_the_break_of_1898():
    """Cobb 1978; segment means 1097.75 and 849.97, a fall of 247.78."""
    volume = sm.datasets.nile.load_pandas().data["volume"].to_numpy()
    one = made(volume, 28, time=np.arange(1871, 1971), frequency="year", season=1)
    wide = []
    for prior in PRIORS:
        found = structural(one, prior=prior)
        gap = found.gap(one.treated * 1.0)
        low, high = gap.low / 72, gap.high / 72
        assert high < -80
        wide.append(high - low)
        if prior == PRIORS[0]:
            assert gap.value / 72 == pytest.approx(849.97 - 1097.75, abs=1)
            assert gap.base / 72 == pytest.approx(1097.75, abs=1)
    assert wide == sorted(wide)


def test_the_example_of_causal_impact():
    """Brodersen et al.'s own kind of example: y = 1.2 x + noise, 10 more in the last 30 of 100."""
    rng = np.random.default_rng(1)
    u = np.zeros(400)
    for i in range(1, 400):
        u[i] = 0.999 * u[i - 1] + rng.normal()
    x = 100 + u[300:]
    y = 1.2 * x + rng.normal(size=100)
    y[70:] += 10
    gap = structural(made(y, 70, x)).gap((np.arange(100) >= 70) * 1.0)
    assert gap.low / 30 < 10 < gap.high / 30
    assert gap.value / 30 == pytest.approx(10, abs=1)
    assert (gap.high - gap.low) / 30 < 3


def test_wider_beliefs_give_wider_intervals():
    one = example()
    share = one.treated * 1.0
    gaps = [structural(one, prior=prior).gap(share) for prior in PRIORS]
    wide = [gap.high - gap.low for gap in gaps]
    assert wide == sorted(wide)
    assert structural(one).gap(share) == gaps[0]


@settings(max_examples=15, deadline=None)
@given(
    factor=st.floats(0.001, 1e6), constant=st.floats(-1e6, 1e6), seed=st.integers(0, 1000),
    share=st.lists(st.floats(0, 1), min_size=50, max_size=50),
)  # fmt: skip
def test_units_and_a_constant_change_nothing(factor, constant, seed, share):
    one = example(seed=seed)
    other = made(one.total * factor + constant * factor, 110, one.controls[:, 0])
    whole = np.concatenate([np.zeros(110), share])
    left, right = structural(one).gap(whole), structural(other).gap(whole)
    if left is None or right is None:
        assert left is right
        return
    scale = factor * left.se
    for name in ("value", "low", "high", "se"):
        assert getattr(right, name) == pytest.approx(
            getattr(left, name) * factor, abs=1e-5 * scale, rel=1e-7
        )


def test_the_future_of_the_series_changes_nothing_in_the_counterfactual():
    one = example()
    other = made(one.total + 1000.0 * one.treated, 110, one.controls[:, 0])
    after = one.treated
    assert structural(one).expected[after] == pytest.approx(structural(other).expected[after])


def test_a_control_without_movement_before_the_launch_is_left_out():
    one = example()
    stuck = made(one.total, 110, np.where(one.treated, one.controls[:, 0], 3.0))
    plain = made(one.total, 110)
    share = one.treated * 1.0
    assert structural(stuck).gap(share).value == pytest.approx(structural(plain).gap(share).value)


@pytest.mark.parametrize(
    ("y", "launch", "reason"),
    [
        (np.zeros(100), 70, "every total is 0"),
        (np.full(100, 5.0), 70, "never moved"),
        (np.arange(100) % 7, 70, "explain the series exactly"),
        (np.arange(100.0), 55, "only 55 days"),
        (np.arange(100.0), 0, "no day before"),
        (np.arange(100.0), 100, "no after yet"),
    ],
)
def test_what_says_nothing_is_refused(y, launch, reason):
    assert reason in structural(made(y, launch))
