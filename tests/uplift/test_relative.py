"""Relative lift: three methods, their agreement, and where each is refused."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.facts_from_rows import effect_frame
from valuekit.moments import Moments
from valuekit.uplift.relative import relative_from_moments, relative_lift


def arms(seed: int = 1, n: int = 4000, base: float = 10.0, lift: float = 0.1, sd: float = 4.0):
    rng = np.random.default_rng(seed)
    return (
        Moments.from_rows({"y": rng.normal(base * (1 + lift), sd, n)}),
        Moments.from_rows({"y": rng.normal(base, sd, n)}),
    )


def test_methods_agree_when_the_base_is_strong():
    treated, control = arms()
    found = {
        method: relative_from_moments(treated, control, method=method)
        for method in ("log", "delta", "fieller")
    }
    for one in found.values():
        assert one.value == pytest.approx(treated.mean_of() / control.mean_of() - 1)
        assert one.low == pytest.approx(found["delta"].low, abs=2e-4)
        assert one.high == pytest.approx(found["delta"].high, abs=2e-4)
    assert found["log"].low < found["log"].value < found["log"].high


def test_log_is_the_formula():
    treated, control = arms()
    spread = sum(one.variance() / one.n / one.mean_of() ** 2 for one in (treated, control))
    found = relative_from_moments(treated, control)
    middle = math.log(treated.mean_of() / control.mean_of())
    assert found.low == pytest.approx(math.expm1(middle - 1.9602 * math.sqrt(spread)), abs=1e-5)


def test_weak_base_goes_to_fieller_or_is_withheld():
    treated, control = arms(n=60, base=2.0, sd=6.0, lift=3.0)
    middle = 2.5 * math.sqrt(control.variance() / control.n)  # a base of 2.5 standard errors
    control = Moments(control.n, np.array([middle]), control.C, control.axes)
    found = relative_from_moments(treated, control)
    assert "Fieller" in found.method
    weaker = Moments(control.n, np.array([middle / 2]), control.C, control.axes)
    found = relative_from_moments(treated, weaker)
    assert not found.known
    assert "too uncertain" in found.reason


def test_negative_and_small():
    treated, control = arms()
    flipped = Moments(control.n, -control.mean, control.C, control.axes)
    assert "not above zero" in relative_from_moments(treated, flipped).reason
    one = Moments.from_rows({"y": [1.0]})
    assert "fewer than two" in relative_from_moments(one, control).reason
    same = Moments.from_rows({"y": [1.0, 1.0]})
    assert "same outcome" in relative_from_moments(same, same).reason
    assert "Fieller" in relative_from_moments(treated, control, nonnegative=False).method


@given(st.floats(1e-3, 1e6))
def test_scale_changes_nothing(scale):
    treated, control = arms(n=50)
    moved = [
        Moments(one.n, one.mean * scale, one.C * scale**2, one.axes) for one in (treated, control)
    ]
    plain = relative_from_moments(treated, control)
    found = relative_from_moments(*moved)
    assert (found.value, found.low, found.high) == pytest.approx(
        (plain.value, plain.low, plain.high), rel=1e-6
    )


def test_frame_of_one_epoch_equals_moments_and_epochs_add_up():
    rng = np.random.default_rng(9)
    rows = pd.DataFrame({"arm": rng.choice(["t", "c"], 900), "y": rng.gamma(3, 2, 900)})
    sides = [Moments.from_rows({"y": rows.loc[rows["arm"] == arm, "y"]}) for arm in "tc"]
    assert relative_lift(effect_frame(rows), "c").low == pytest.approx(
        relative_from_moments(*sides).low
    )
    rows["epoch"] = rng.choice(["2026-01-01", "2026-02-01"], 900)
    top = base = 0.0
    for _, part in rows.groupby("epoch"):
        mean = part.groupby("arm")["y"].mean()
        n = (part["arm"] == "t").sum()
        top, base = top + n * mean["t"], base + n * mean["c"]
    assert relative_lift(effect_frame(rows), "c").value == pytest.approx(top / base - 1)


def test_interval_covers():
    hits = 0
    for seed in range(400):
        found = relative_from_moments(*arms(seed, n=200))
        hits += found.low <= 0.1 <= found.high
    assert 0.92 <= hits / 400 <= 0.98
