"""CUPED and ratio metrics against regression and resampling on raw rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from tests.facts_from_rows import effect_frame
from valuekit.moments import Moments
from valuekit.uplift.arms import arm_epochs
from valuekit.uplift.cuped import adjusted_strata, cuped, theta
from valuekit.uplift.holdout import holdout
from valuekit.uplift.ratio import linearised, ratio_difference, ratio_gap
from valuekit.uplift.relative import ratio_estimate, ratio_of
from valuekit.uplift.welch import welch


def units(seed: int = 1, n: int = 4000, rho: float = 0.8) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    x = rng.gamma(2, 3, n)
    arm = rng.choice(["t", "c"], n)
    y = rho * x + rng.normal(0, 2, n) + 0.3 * (arm == "t")
    return pd.DataFrame({"arm": arm, "y": y, "x": x})


def test_cuped_is_the_adjusted_regression():
    rows = units()
    found = cuped(effect_frame(rows), "c", unit="EUR")
    plain = holdout(effect_frame(rows), "c", unit="EUR")
    centred = rows["x"] - rows["x"].mean()
    design = sm.add_constant(np.column_stack([(rows["arm"] == "t") * 1.0, centred]))
    oracle = sm.OLS(rows["y"].to_numpy(), design).fit(cov_type="HC2")
    assert found.effect.value == pytest.approx(oracle.params[1], abs=2e-3)
    assert found.effect.se == pytest.approx(oracle.bse[1], rel=0.01)
    assert found.effect.se < 0.6 * plain.effect.se
    assert found.base == plain.base
    assert "explains" in found.effect.notes[0]


def test_cuped_falls_back_without_a_useful_covariate():
    for rows in (units(rho=0.0), units().assign(x=1.0)):
        found = cuped(effect_frame(rows), "c", unit="EUR")
        plain = holdout(effect_frame(rows), "c", unit="EUR")
        assert found.effect.value == plain.effect.value
        assert "Not adjusted" in found.effect.notes[-1]


def test_theta_needs_a_covariate():
    assert theta([Moments.from_rows({"y": [1.0, 2.0], "x": [3.0, 3.0]})]) == 0.0


def test_cuped_of_one_arm_is_unknown():
    found = cuped(effect_frame(units()[lambda t: t["arm"] == "t"]), "c", unit="EUR")
    assert not found.money.known


def ratio_units(seed: int, n: int = 600) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    d = rng.poisson(4, n) + 1.0
    arm = rng.choice(["t", "c"], n)
    own = rng.normal(10, 3, n) + 1.0 * (arm == "t")  # a unit's own level: rows are not independent
    return pd.DataFrame({"arm": arm, "y": own * d + rng.normal(0, 2, n) * np.sqrt(d), "d": d})


def test_ratio_value_and_delta_variance():
    rows = ratio_units(1)
    found = ratio_difference(effect_frame(rows), "c", unit="EUR/order")
    value = spread = 0.0
    for arm, sign in (("t", 1), ("c", -1)):
        part = rows[rows["arm"] == arm]
        ratio = part["y"].sum() / part["d"].sum()
        value += sign * ratio
        spread += ((part["y"] - ratio * part["d"]) / part["d"].mean()).var() / len(part)
    assert found.value == pytest.approx(value)
    assert found.se == pytest.approx(np.sqrt(spread))


def test_ratio_interval_covers():
    hits = 0
    for seed in range(500):
        rows = ratio_units(seed)
        arms = (rows[rows["arm"] == arm] for arm in "tc")
        found = welch(
            *(linearised(Moments.from_rows({"y": arm["y"], "d": arm["d"]})) for arm in arms),
            unit="EUR/order",
        )
        hits += found.low <= 1.0 <= found.high
    assert 0.925 <= hits / 500 <= 0.975


def test_ratio_without_denominators_is_unknown():
    found = ratio_difference(effect_frame(units()), "c", unit="EUR/order")
    assert "sum to zero" in found.reason
    one = ratio_units(1)[lambda t: t["arm"] == "t"]
    assert not ratio_difference(effect_frame(one), "c", unit="EUR/order").known


def earlier(rows: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Revenue and orders of the same units before, where tastes are their own."""
    rng = np.random.default_rng(seed)
    own = rows["y"] / rows["d"]
    e = rng.poisson(3, len(rows)) + 1.0
    return rows.assign(x=own * e + rng.normal(0, 3, len(rows)), e=e)


@pytest.mark.parametrize("with_e", [True, False])
def test_cuped_of_a_ratio_is_that_of_linearised_raw_rows(with_e):
    rows = earlier(ratio_units(4, 900), 5)
    if not with_e:
        rows = rows.assign(x=rows["x"] / rows["e"], e=0.0)
    found = ratio_difference(effect_frame(rows), "c", unit="EUR/order", adjusted=True)
    parts, above, below = {}, 0.0, 0.0
    for arm in "tc":
        part = rows[rows["arm"] == arm]
        ratio = part["y"].sum() / part["d"].sum()
        y = ratio + (part["y"] - ratio * part["d"]) / part["d"].mean()
        x = part["x"]
        if with_e:
            before = part["x"].sum() / part["e"].sum()
            x = before + (part["x"] - before * part["e"]) / part["e"].mean()
        parts[arm] = (y, x)
        above += np.cov(y, x)[0, 1] / len(part)
        below += x.var() / len(part)
    made = {arm: y - above / below * x for arm, (y, x) in parts.items()}
    assert found.value == pytest.approx(made["t"].mean() - made["c"].mean(), rel=1e-9)
    spread = sum(one.var() / len(one) for one in made.values())
    assert found.se == pytest.approx(np.sqrt(spread), rel=1e-9)
    plain = ratio_difference(effect_frame(rows), "c", unit="EUR/order")
    assert found.se < 0.9 * plain.se
    assert "CUPED" in found.method


def test_a_useless_covariate_leaves_the_ratio_as_it_is():
    rows = earlier(ratio_units(4), 5)
    rows["x"] = np.random.default_rng(1).permutation(rows["x"])
    found, plain = (
        ratio_difference(effect_frame(rows), "c", unit="EUR/order", adjusted=one)
        for one in (True, False)
    )
    assert found == plain


def test_relative_lift_of_adjusted_means_is_that_of_centred_raw_rows():
    """theta (x - mean x) is taken off, so both means stay on the level of the outcome."""
    rows = units(seed=7)
    epochs = arm_epochs(effect_frame(rows))
    strata = adjusted_strata(epochs, "c", None)
    found = ratio_estimate(ratio_of(strata))
    sides = [rows[rows["arm"] == arm] for arm in "tc"]
    above = sum(np.cov(one["y"], one["x"])[0, 1] / len(one) for one in sides)
    slope = above / sum(one["x"].var() / len(one) for one in sides)
    made = [one["y"] - slope * (one["x"] - rows["x"].mean()) for one in sides]
    top, base = (one.mean() for one in made)
    assert found.value == pytest.approx(top / base - 1, rel=1e-9)
    se = np.sqrt(sum(one.var() / len(one) / one.mean() ** 2 for one in made)) * top / base
    assert found.se == pytest.approx(se, rel=1e-9)
    assert adjusted_strata(arm_epochs(effect_frame(units(rho=0.0))), "c", None) is None


@pytest.mark.parametrize("adjusted", [False, True])
def test_relative_difference_of_ratios(adjusted):
    rows = earlier(ratio_units(4, 900), 5)
    found = ratio_gap(effect_frame(rows), "c", unit="EUR/order", adjusted=adjusted)
    assert found.adjusted is adjusted
    base = found.difference.value / found.relative.value
    control = rows[rows["arm"] == "c"]
    plain = control["y"].sum() / control["d"].sum()
    assert base == pytest.approx(plain, rel=0.05 if adjusted else 1e-9)
    # On the log scale the share of the error is that of the difference, to first order.
    assert found.relative.se == pytest.approx(found.difference.se / base, rel=0.1)
    assert found.relative.low < found.relative.value < found.relative.high
