from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from tests.facts_from_rows import effect_frame
from valuekit.uplift.holdout import holdout
from valuekit.uplift.proportion import newcombe, proportion_difference, share, wilson


@pytest.mark.parametrize(("x", "n"), [(0, 10), (3, 10), (10, 10), (81, 263)])
def test_wilson_equals_statsmodels(x, n):
    oracle = proportion_confint(x, n, method="wilson")
    assert wilson(x, n) == pytest.approx(oracle, abs=1e-12)
    found = share(x, n)
    assert found.low <= found.value <= found.high


@pytest.mark.parametrize(
    "table", [(56, 70, 48, 80), (9, 10, 3, 10), (0, 10, 0, 20), (10, 10, 0, 20)]
)
def test_newcombe_equals_statsmodels(table):
    oracle = confint_proportions_2indep(*table, method="newcomb", compare="diff")
    found = newcombe(*table)
    assert (found.low, found.high) == pytest.approx(oracle, abs=1e-12)


def test_newcombe_1998_table_ii():
    """Newcombe 1998, Statistics in Medicine 17:873, table II, method 10, first four columns."""
    for table, low, high in (
        ((56, 70, 48, 80), 0.0524, 0.3339),
        ((9, 10, 3, 10), 0.1705, 0.8090),
        ((6, 7, 2, 7), 0.0582, 0.8062),
        ((5, 56, 0, 29), -0.0381, 0.1926),
    ):
        found = newcombe(*table)
        assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)


def test_frame_of_one_epoch_is_newcombe_and_more_are_weighted():
    rng = np.random.default_rng(2)
    arm = rng.choice(["t", "c"], 500)
    rows = pd.DataFrame({"arm": arm, "y": (rng.random(500) < np.where(arm == "t", 0.2, 0.1)) * 1.0})
    counts = [(rows.loc[arm == one, "y"].sum(), (arm == one).sum()) for one in "tc"]
    found = proportion_difference(effect_frame(rows), "c")
    oracle = newcombe(*counts[0], *counts[1])
    assert (found.value, found.low, found.high) == pytest.approx(
        (oracle.value, oracle.low, oracle.high)
    )
    rows["epoch"] = rng.choice(["2026-01-01", "2026-02-01"], 500)
    parts = []
    for _, part in rows.groupby("epoch"):
        mean = part.groupby("arm")["y"].mean()
        parts.append(((part["arm"] == "t").sum(), mean["t"] - mean["c"]))
    found = proportion_difference(effect_frame(rows), "c")
    assert found.value == pytest.approx(
        np.average([d for _, d in parts], weights=[n for n, _ in parts])
    )
    assert found.low < found.value < found.high


def test_silences():
    rows = pd.DataFrame({"arm": ["t"] * 3, "y": [1.0, 0, 0]})
    assert not proportion_difference(effect_frame(rows), "c").known
    assert not newcombe(0, 0, 1, 2).known
    assert share(0, 0, none="Nothing was served.").reason == "Nothing was served."


@pytest.mark.parametrize("cells", [((30, 400), (12, 380)), ((3, 900), (0, 100)), ((4, 5), (0, 9))])
def test_money_of_a_proportion_has_newcombes_interval(cells):
    """Zero cells too, where the t interval knows of no spread in the arm."""
    (x1, n1), (x0, n0) = cells
    y = [1.0] * x1 + [0.0] * (n1 - x1) + [1.0] * x0 + [0.0] * (n0 - x0)
    rows = pd.DataFrame({"arm": ["t"] * n1 + ["c"] * n0, "y": y})
    oracle = newcombe(x1, n1, x0, n0)
    found = holdout(effect_frame(rows), "c", unit="EUR", value=-2.0, proportion=True)
    assert (found.effect.low, found.effect.high) == pytest.approx(
        (-2 * oracle.high, -2 * oracle.low)
    )
    assert found.money.high == pytest.approx(-2 * n1 * oracle.low)
    assert "Newcombe" in found.money.method


def test_amounts_that_are_called_a_proportion_keep_their_t_interval():
    rng = np.random.default_rng(3)
    rows = pd.DataFrame({"arm": ["t", "c"] * 50, "y": rng.random(100)})
    found = holdout(effect_frame(rows), "c", unit="EUR", proportion=True)
    assert found == holdout(effect_frame(rows), "c", unit="EUR")
