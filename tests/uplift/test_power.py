"""Confidence sequence, sample sizes and plans."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.power import NormalIndPower

from tests.facts_from_rows import effect_frame
from valuekit.estimate import Estimate, unknown
from valuekit.uplift.e_value import e_value
from valuekit.uplift.power import mde, settle, units_needed
from valuekit.uplift.sequence import multiplier, sequence


def test_units_needed_equals_statsmodels():
    oracle = NormalIndPower().solve_power(effect_size=0.1, alpha=0.05, power=0.8, ratio=1)
    assert units_needed(4.0, 0.2) == pytest.approx(2 * oracle, abs=2)
    uneven = NormalIndPower().solve_power(effect_size=0.1, alpha=0.05, power=0.8, ratio=4)
    assert units_needed(4.0, 0.2, control_share=0.2) == pytest.approx(5 * uneven, abs=5)
    assert units_needed(4.0, 0.2, watched=True) / units_needed(4.0, 0.2) == pytest.approx(
        1.94, abs=0.01
    )
    for effect, q in ((0.0, 0.5), (0.1, 0.0), (0.1, 1.0)):
        with pytest.raises(ValueError, match="cannot be planned"):
            units_needed(1.0, effect, control_share=q)


def test_planned_effect_is_found_with_the_promised_power():
    rng = np.random.default_rng(1)
    n = units_needed(1.0, 0.25)
    z = (
        rng.normal(0.25, 1, (4000, n // 2)).mean(1) - rng.normal(0, 1, (4000, n // 2)).mean(1)
    ) / math.sqrt(4 / n)
    assert np.mean(np.abs(z) > 1.96) == pytest.approx(0.8, abs=0.025)
    assert mde(math.sqrt(4 / n)) == pytest.approx(0.25, rel=0.01)


def test_settle_plans_from_todays_traffic():
    rng = np.random.default_rng(1)
    rows = pd.DataFrame(
        {"arm": rng.choice(["t", "c"], 1000, p=[0.8, 0.2]), "y": rng.normal(5, 2, 1000)}
    )
    rows["day"] = [f"2026-01-{1 + i % 20:02d}" for i in range(1000)]
    plan = settle(effect_frame(rows), "c", effect=0.1, per="customer")
    variances = rows.groupby("arm")["y"].var()
    share = (rows["arm"] == "c").mean()
    assert plan.units == units_needed(
        variances["t"], 0.1, variance_control=variances["c"], control_share=share
    )
    assert plan.days == math.ceil((plan.units - 1000) / 50)
    assert plan.days_watched > plan.days
    assert f"{plan.units:,} customers" in plan.text
    done = settle(effect_frame(rows), "c", effect=10.0)
    assert done.days == 0
    assert "enough to settle" in done.text
    assert settle(effect_frame(rows), "c", effect=0.0) is None
    assert settle(effect_frame(rows[rows["arm"] == "t"]), "c", effect=1.0) is None


def test_sequence_holds_over_sixty_looks():
    rng = np.random.default_rng(5)
    looks, size, false_alarms, welch_alarms = 60, 40, 0, 0
    for _ in range(400):
        y = rng.normal(size=(2, looks * size))
        n = np.arange(1, looks + 1) * size
        mean = np.cumsum(y, axis=1)[:, n - 1] / n
        z = (mean[0] - mean[1]) / np.sqrt(2 / n)
        widths = [multiplier(one, n[-1] / 2) for one in n]
        false_alarms += bool((np.abs(z) > widths).any())
        welch_alarms += bool((np.abs(z) > 1.96).any())
    assert false_alarms / 400 <= 0.05
    assert welch_alarms / 400 > 0.2


def test_sequence_replaces_the_interval():
    plain = Estimate(1.0, "EUR", low=0.5, high=1.5, se=0.25, df=10, method="x")
    found = sequence(plain, 200, 100)
    assert found.high - found.value == pytest.approx(0.25 * multiplier(200, 100))
    assert found.df is None
    nothing = unknown("No units.", "EUR")
    assert sequence(nothing, 1, 1) is nothing
    with pytest.raises(ValueError, match="must be positive"):
        multiplier(0, 1)


def test_e_value_is_symmetric():
    assert e_value(0.5) == pytest.approx(e_value(2.0))
    assert e_value(1.0) == 1.0
    with pytest.raises(ValueError, match="positive"):
        e_value(0)
