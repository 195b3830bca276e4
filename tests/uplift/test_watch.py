"""The effect as it was watched: equal to the estimator of a single look, day by day."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.facts_from_rows import effect_frame
from valuekit.estimate import Estimate
from valuekit.uplift.holdout import holdout
from valuekit.uplift.sequence import (
    always_valid_p,
    multiplier,
    sequence,
    single_look_level,
    widened,
)
from valuekit.uplift.stratified import stratify
from valuekit.uplift.watch import Plan, information_share, watch

START = date(2026, 1, 1)


def rows(n=3000, span=30, seed=1, arms=("control", "offer"), move=15, mean=0.0):
    rng = np.random.default_rng(seed)
    at = np.sort(rng.integers(0, span, n))
    arm = np.where(rng.random(n) < np.where(at < move, 0.5, 0.1), arms[0], rng.choice(arms[1:], n))
    y = np.where(rng.random(n) < 0.4, rng.gamma(2, 5, n), 0) + (arm != arms[0]) + mean
    return pd.DataFrame(
        {
            "day": [START + timedelta(days=int(one)) for one in at],
            "epoch": np.where(at < move, "2026-01-01", f"2026-01-{move + 1:02d}"),
            "arm": arm,
            "y": y,
        }
    )


@pytest.mark.parametrize("arms", [("control", "offer"), ("control", "a", "b")])
def test_every_day_is_the_estimator_on_the_units_so_far(arms):
    table = rows(arms=arms)
    frame = effect_frame(table)
    seen = watch(frame, "control", None, Plan(4000, 0.3))
    best = 0.0
    for at, day in enumerate(seen.days):
        so_far = frame[frame["day"] <= pd.Timestamp(day)]
        plain = holdout(so_far, "control", unit="EUR").effect
        if plain.value is None:
            assert np.isnan(seen.value[at])
            continue
        assert seen.value[at] == pytest.approx(plain.value, rel=1e-9)
        assert seen.se[at] == pytest.approx(plain.se, rel=1e-9)
        best = max(best, information_share(stratify(so_far, "control"), Plan(4000, 0.3)))
        assert seen.share[at] == pytest.approx(best, rel=1e-9)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([0.0, 1e8]), st.integers(2, 29))
def test_information_never_falls_and_a_large_mean_costs_no_digits(seed, mean, move):
    table = rows(n=400, seed=seed, move=move)
    seen = watch(effect_frame(table), "control", None, Plan(400, 0.5))
    assert (np.diff(seen.share) >= 0).all()
    shifted = watch(
        effect_frame(table.assign(y=table["y"] + mean)), "control", None, Plan(400, 0.5)
    )
    known = ~np.isnan(seen.value)
    assert (known == ~np.isnan(shifted.value)).all()
    assert shifted.value[known] == pytest.approx(seen.value[known], abs=1e-5)
    assert shifted.se[known] == pytest.approx(seen.se[known], rel=1e-4)


def test_information_is_units_over_planned_units_at_constant_allocation():
    table = rows(move=30)
    frame = effect_frame(table)
    share = float((table["arm"] == "control").mean())
    seen = watch(frame, "control", None, Plan(6000, share))
    assert seen.share[-1] == pytest.approx(len(table) / 6000, rel=1e-12)
    last = float(seen.times[-1])
    assert last == pytest.approx(multiplier(len(table), 3000))


def test_the_burn_in_is_seven_days_and_a_hundred_outcomes_in_each_arm():
    table = rows(n=30_000)
    seen = watch(effect_frame(table), "control", None, Plan(30_000, 0.5))
    assert list(seen.ready[:7]) == [False] * 6 + [True]
    few = rows(n=1500)
    seen = watch(effect_frame(few), "control", None, Plan(30_000, 0.5))
    bought = few[few["y"] > 0]
    buyers = pd.crosstab(bought["day"], bought["arm"]).cumsum()
    enough = (buyers >= 100).all(axis=1).to_numpy()
    assert list(seen.ready) == list(enough & (np.arange(30) >= 6))
    assert seen.burned_in == enough[-1]
    young = watch(effect_frame(few[few["day"] < START + timedelta(days=5)]), "control", None,
                  Plan(30_000, 0.5))  # fmt: skip
    assert young.p is None


def test_nothing_to_watch():
    frame = effect_frame(rows(n=50))
    empty = watch(frame.iloc[:0], "control", None, Plan(100, 0.5))
    assert not empty.burned_in
    assert empty.p is None
    one_arm = watch(frame[frame["arm"] == "offer"], "control", None, Plan(100, 0.5))
    assert np.isnan(one_arm.value).all()
    flat = watch(effect_frame(rows(n=200).assign(y=1.0)), "control", None, Plan(100, 0.5))
    assert np.isnan(flat.value).all()
    assert not flat.ready.any()


@given(st.floats(0.01, 50), st.floats(-12, 12))
def test_p_is_below_five_percent_exactly_when_the_interval_excludes_zero(information, z):
    p = always_valid_p(z, information, 1.0)
    edge = multiplier(information, 1.0)
    if abs(abs(z) - edge) > 1e-6:
        assert (p < 0.05) == (abs(z) > edge)
    assert 0 <= p <= 1
    assert always_valid_p(0.0, information, 1.0) == 1.0
    assert always_valid_p(3.0, 0.0, 1.0) == 1.0


@given(st.floats(0.001, 1000))
def test_the_sequence_is_never_narrower_than_a_single_look(information):
    plain = Estimate(value=1.0, unit="1", low=-1.0, high=3.0, se=1.0)
    found = sequence(plain, information, 1.0)
    assert found.low < plain.low
    assert found.high > plain.high
    assert single_look_level(multiplier(information, 1.0)) > 0.95


def test_a_wide_t_interval_stands_and_no_error_means_no_change():
    small = Estimate(value=1.0, unit="1", low=-11.0, high=13.0, se=1.0, df=1.0)
    assert (widened(small, 3.0).low, widened(small, 3.0).high) == (-11.0, 13.0)
    exact = Estimate(value=1.0, unit="1")
    assert widened(exact, 3.0) is exact
