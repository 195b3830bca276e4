"""The sequential split test against its formula, and against a year of looks."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tests.facts_from_rows import effect_frame
from valuekit.uplift.srm import GATE, WATCHED_GATE, sample_ratio
from valuekit.uplift.srm_watched import REST, log_bayes_factor, sequential_p
from valuekit.workspace.declare import Allocation

HALVES = {"all": {"control": 0.5, REST: 0.5}}


def counts(*pairs, epoch="all"):
    made = [
        {"day": pd.Timestamp("2026-01-01") + pd.Timedelta(days=at), "epoch": epoch, "arm": arm,
         "units": n}
        for at, pair in enumerate(pairs) for arm, n in zip(("control", "offer"), pair, strict=True)
    ]  # fmt: skip
    return pd.DataFrame(made)


def test_the_bayes_factor_is_a_beta_binomial_over_a_binomial():
    a, b, q, k = 40, 72, 0.3, 100.0
    other = stats.betabinom(a + b, k * q, k * (1 - q)).logpmf(a)
    null = stats.binom(a + b, q).logpmf(a)
    found = log_bayes_factor(np.array([[a, b]]), np.array([q, 1 - q]), k)
    assert found[0] == pytest.approx(other - null)


def test_of_several_arms_it_is_a_dirichlet_multinomial_over_a_multinomial():
    n, q, k = np.array([40, 72, 11]), np.array([0.3, 0.5, 0.2]), 100.0
    other = stats.dirichlet_multinomial(k * q, n.sum()).logpmf(n)
    found = log_bayes_factor(n[None].astype(float), q, k)
    assert found[0] == pytest.approx(other - stats.multinomial(n.sum(), q).logpmf(n))


def test_p_is_the_smallest_over_the_days_and_stays():
    bad = counts((50, 150), (50, 150), (400, 0))
    first = sequential_p(bad.iloc[:4], HALVES)
    assert first < GATE
    assert sequential_p(bad, HALVES) <= first
    assert sequential_p(counts((500, 510)), HALVES) > 0.3
    assert sequential_p(counts((0, 0)).iloc[:0], HALVES) == 1.0
    assert sequential_p(bad, {"other": {"control": 0.5, REST: 0.5}}) == 1.0


def test_the_published_split_of_a_search_engine_fails_when_watched():
    """821,588 against 815,482 at 50/50 (Kohavi et al. 2020), as 30 equal days."""
    daily = [(821_588 // 30, 815_482 // 30)] * 30
    assert sequential_p(counts(*daily), HALVES) < GATE


def test_the_check_says_which_p_it_gives():
    table = pd.DataFrame({"arm": ["control"] * 480 + ["offer"] * 520, "y": 1.0})
    table["epoch"] = "2026-01-01"
    step = Allocation(**{"from": "2026-01-01", "control": 0.5})
    found = sample_ratio(effect_frame(table), "control", [step], watched=True)
    assert found.status == "passed"
    assert "any day" in found.text
    lost = sample_ratio(effect_frame(table.iloc[200:]), "control", [step], watched=True)
    assert lost.status == "failed"


def test_a_split_four_standard_errors_off_is_blocked_when_watched():
    """9,983 and 9,418 of 20,000 where every seventeenth treated unit was lost."""
    table = pd.DataFrame({"arm": ["control"] * 9983 + ["offer"] * 9418, "y": 1.0})
    table = table.sample(frac=1.0, random_state=1).reset_index(drop=True)
    table["day"] = (pd.Timestamp("2026-01-01") + pd.to_timedelta(table.index // 324, "D")).date
    table["epoch"] = "2026-01-01"
    step = Allocation(**{"from": "2026-01-01", "control": 0.5})
    found = sample_ratio(effect_frame(table), "control", [step], watched=True)
    assert found.status == "failed"
    assert 0.0005 < found.p_value < WATCHED_GATE
