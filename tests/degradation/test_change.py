from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import ruptures
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from valuekit.degradation.change import cuts, dated, gains, noise_variance, split
from valuekit.degradation.season import deseasonalised

DAYS = np.arange("2026-01-01", "2026-12-27", dtype="datetime64[D]")


def test_nile_breaks_after_1898():
    """Annual flow of the Nile 1871-1970: Cobb (1978) and many since; a drop of 247.8."""
    flow = sm.datasets.nile.load_pandas().data["volume"].to_numpy()
    found = split(flow)
    assert found.index == 28
    assert found.before == pytest.approx(1097.75)
    assert found.after == pytest.approx(849.97, abs=0.01)
    assert found.low <= 28 <= found.high
    assert found.abrupt


def test_the_fast_search_finds_what_the_plain_one_finds():
    rng = np.random.default_rng(3)
    values = rng.normal(size=140)
    values[60:] += 1.5
    plain = ruptures.Pelt(model="l2", min_size=7, jump=1).fit(values)
    penalty = 2 * np.log(len(values)) * noise_variance(values)
    assert split(values).index in plain.predict(pen=penalty)


@given(
    steps=st.lists(st.tuples(st.integers(1, 40), st.integers(-4, 4)), min_size=1, max_size=6),
    seed=st.integers(0, 2**32 - 1),
    least=st.integers(1, 9),
    penalty=st.floats(0.5, 30.0),
)
@settings(max_examples=60, deadline=None)
def test_the_cuts_cost_the_least_that_there_is(steps, seed, least, penalty):
    """Against the same recursion over every candidate, in plain Python."""
    level = np.concatenate([np.full(length, float(height)) for length, height in steps])
    values = level + np.random.default_rng(seed).normal(size=len(level))
    if len(values) < least:
        return

    def cost(first, end):
        part = values[first:end]
        return float(((part - part.mean()) ** 2).sum())

    best = {0: 0.0}
    for end in range(least, len(values) + 1):
        starts = [s for s in best if s == 0 or s >= least]
        best[end] = min(best[s] + cost(s, end) for s in starts if end - s >= least) + penalty
    ends = [0, *cuts(values, penalty, least), len(values)]
    assert min(np.diff(ends)) >= least
    found = sum(cost(first, end) + penalty for first, end in pairwise(ends))
    assert found == pytest.approx(best[len(values)])


@pytest.mark.parametrize("seed", range(12))
def test_the_cuts_are_those_of_another_library(seed):
    rng = np.random.default_rng(seed)
    values = np.repeat(rng.normal(scale=1.5, size=6), rng.integers(9, 60, size=6))
    values = 1000.0 + values + rng.normal(size=len(values))
    penalty = 2 * np.log(len(values)) * noise_variance(values)
    other = ruptures.KernelCPD(kernel="linear", min_size=7).fit(values.reshape(-1, 1))
    assert cuts(values, penalty, 7) == other.predict(pen=penalty)[:-1]


def test_gain_is_the_fall_of_the_sum_of_squares():
    values = np.random.default_rng(4).normal(size=30)
    whole = ((values - values.mean()) ** 2).sum()
    for index in (1, 13, 29):
        parts = sum(((p - p.mean()) ** 2).sum() for p in (values[:index], values[index:]))
        assert gains(values)[index - 1] == pytest.approx(whole - parts)


def test_a_planted_day_is_inside_the_interval_nine_times_in_ten():
    rng = np.random.default_rng(11)
    inside = found = 0
    for _ in range(150):
        values = rng.normal(size=200)
        values[120:] -= 0.9
        one = split(values)
        if one is not None:
            found += 1
            inside += one.low <= 120 <= one.high
    assert found > 140
    assert inside / found > 0.9


def test_noise_alone_is_rarely_a_change_even_when_days_resemble_each_other():
    rng = np.random.default_rng(5)
    alarms = {0.0: 0, 0.3: 0}
    for rho in alarms:
        for _ in range(120):
            shocks = rng.normal(size=300)
            values = np.empty(300)
            values[0] = shocks[0]
            for i in range(1, 300):
                values[i] = rho * values[i - 1] + shocks[i]
            alarms[rho] += split(values) is not None
    assert alarms[0.0] <= 12
    assert alarms[0.3] <= 24


def test_the_weekly_pattern_is_removed_and_does_not_hide_the_day():
    rng = np.random.default_rng(6)
    weekly = np.array([0, 4, 9, -3, -6, 2, -6.0])
    level = np.where(np.arange(360) < 200, 50.0, 47.0)
    values = level + weekly[np.arange(360) % 7] + rng.normal(size=360)
    flat = deseasonalised(DAYS, values)
    assert np.std(flat - level) < 1.2
    one = dated(DAYS, values)
    assert abs((np.datetime64(one.day) - DAYS[200]).astype(int)) <= 3
    assert one.low <= one.day <= one.high
    assert one.split.abrupt


def test_the_pattern_is_that_of_stl():
    from statsmodels.tsa.seasonal import STL

    rng = np.random.default_rng(8)
    values = np.tile([0, 4, 9, -3, -6, 2, -6.0], 30) + rng.normal(size=210)
    season = values - deseasonalised(DAYS[:210], values)
    reference = STL(values, period=7, seasonal=211, robust=True).fit().seasonal
    assert np.corrcoef(season, reference)[0, 1] > 0.99


def test_a_slow_decline_is_no_step():
    rng = np.random.default_rng(9)
    values = np.linspace(10, 4, 300) + rng.normal(size=300)
    assert not split(values).abrupt


@pytest.mark.parametrize("values", [np.zeros(50), np.arange(10.0), np.zeros(0)])
def test_too_little_or_no_variation_is_no_change(values):
    assert split(values) is None
    assert dated(DAYS[: len(values)], values) is None
