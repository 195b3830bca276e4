"""Moments against numpy on raw rows, and the laws of merging."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from tests.facts_from_rows import effect_frame
from valuekit.moments import Moments

RNG = np.random.default_rng(7)
VALUES = arrays(float, st.integers(2, 30), elements=st.floats(-1e3, 1e3, width=32))


def moments(rows: np.ndarray) -> Moments:
    return Moments.from_rows({"y": rows})


def test_from_rows_equals_numpy():
    rows = RNG.normal(size=(500, 3)) @ RNG.normal(size=(3, 3))
    found = Moments.from_rows({"y": rows[:, 0], "x": rows[:, 1], "d": rows[:, 2]})
    np.testing.assert_allclose(found.mean, rows.mean(axis=0))
    np.testing.assert_allclose(found.C / 499, np.cov(rows.T))
    assert found.third() == pytest.approx(stats.moment(rows[:, 0], 3))


@pytest.mark.parametrize("mean", [0.0, 1e8, -1e8])
def test_variance_survives_a_large_mean(mean):
    rows = mean + np.tile([-1.0, 1.0], 5000)
    parts = [moments(part) for part in np.split(rows, 100)]
    found = Moments.merged(parts)
    assert found.variance(ddof=0) == pytest.approx(1.0, rel=1e-12)
    assert found.mean_of() == pytest.approx(mean, rel=1e-15, abs=1e-12)


@given(VALUES, VALUES, VALUES)
def test_merging_is_the_whole_in_any_order(a, b, c):
    whole = moments(np.concatenate([a, b, c]))
    left, right = (moments(a) + moments(b)) + moments(c), moments(c) + (moments(b) + moments(a))
    scale = 1 + np.abs(whole.C).max()
    for found in (left, right):
        assert found.n == whole.n
        np.testing.assert_allclose(found.mean, whole.mean, atol=1e-9 * scale)
        np.testing.assert_allclose(found.C, whole.C, atol=1e-9 * scale)
        assert found.m3 == pytest.approx(whole.m3, abs=1e-7 * scale**1.5)


@given(VALUES)
def test_nothing_is_the_identity(a):
    empty = moments(np.array([]))
    found = moments(a) + empty
    assert found.n == len(a)
    np.testing.assert_array_equal(found.C, moments(a).C)


@given(VALUES, st.floats(-100, 100), st.floats(0.1, 10))
def test_shift_and_scale(a, shift, scale):
    moved = moments(shift + scale * a)
    assert moved.mean_of() == pytest.approx(shift + scale * moments(a).mean_of(), abs=1e-6)
    assert moved.variance() == pytest.approx(scale**2 * moments(a).variance(), rel=1e-6, abs=1e-6)


def test_effect_frame_merges_days_to_the_rows():
    rows = pd.DataFrame(RNG.normal(3, 2, (400, 4)), columns=["y", "d", "x", "e"])
    rows["day"] = RNG.choice(["2026-01-05", "2026-01-06", "2026-02-01"], 400)
    found = Moments.from_effect_frame(effect_frame(rows.assign(arm="a")))
    np.testing.assert_allclose(found.C / 399, np.cov(rows[["y", "d", "x", "e"]].T))
    assert found.third() == pytest.approx(stats.moment(rows["y"], 3))
    capped = Moments.capped(effect_frame(rows.assign(arm="a"), cap=4.0))
    assert capped.mean_of() == pytest.approx(rows["y"].clip(upper=4.0).mean())
    assert capped.variance() == pytest.approx(rows["y"].clip(upper=4.0).var())


def test_linear_combination():
    rows = RNG.normal(size=(200, 2))
    found = Moments.from_rows({"y": rows[:, 0], "x": rows[:, 1]}).linear({"y": 2.0, "x": -0.5})
    combined = 2 * rows[:, 0] - 0.5 * rows[:, 1]
    assert found.mean_of() == pytest.approx(combined.mean())
    assert found.variance() == pytest.approx(combined.var(ddof=1))


def test_has_tells_a_covariate_from_a_constant():
    found = Moments.from_rows({"y": [1.0, 2.0], "x": [3.0, 3.0]})
    assert found.has("y")
    assert not found.has("x")
    assert not found.has("d")


def test_refusals():
    with pytest.raises(ValueError, match="more than 1 entries"):
        moments(np.array([1.0])).variance()
    with pytest.raises(ValueError, match="same axes"):
        moments(np.array([1.0])).merge(Moments.from_rows({"x": [1.0]}))
    with pytest.raises(ValueError, match="same axes"):
        Moments.merged([])
    with pytest.raises(ValueError, match="moments of 4 axes"):
        Moments(1, np.zeros(3), np.zeros((3, 3)))
