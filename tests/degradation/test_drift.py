from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from valuekit.degradation.drift import drift, merged_bins, psi

FLAT = np.ones(200) / 200


def test_under_no_drift_it_alarms_one_time_in_twenty():
    """The statistic's own size; the law is of the merged bins' chi-square, not of a fixed 0.1."""
    rng = np.random.default_rng(12)
    reference, current = (rng.multinomial(n, FLAT, 600).astype(float) for n in (3000, 2000))
    hits = sum(drift("score", a, b).p_value < 0.05 for a, b in zip(reference, current, strict=True))
    assert 0.032 <= hits / 600 <= 0.070


def test_psi_is_the_sum_over_merged_bins():
    rng = np.random.default_rng(13)
    reference = rng.multinomial(5000, FLAT).astype(float)
    current = rng.multinomial(4000, np.linspace(0.5, 1.5, 200) / 200).astype(float)
    p, q = merged_bins(reference, current)
    assert (p.sum(), q.sum()) == (5000, 4000)
    assert 10 <= len(p) <= 20
    shares = p / 5000, q / 4000
    expected = ((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum()
    found = drift("score", reference, current)
    assert found.psi == pytest.approx(expected)
    assert found.p_value == pytest.approx(
        stats.chi2.sf(expected / (1 / 5000 + 1 / 4000), len(p) - 1)
    )
    assert found.alert


def test_a_significant_but_tiny_drift_is_no_alert():
    n = 5_000_000
    reference = np.full(20, n / 20)
    current = reference * np.linspace(0.97, 1.03, 20)
    found = drift("score", reference, current)
    assert found.p_value < 1e-9
    assert not found.alert
    assert found.threshold == 0.02


def test_the_threshold_grows_as_samples_shrink():
    small = drift("score", np.full(20, 50.0), np.full(20, 30.0))
    assert small.threshold > 0.05
    assert not small.alert


def test_every_merged_bin_can_be_expected_to_hold_ten():
    reference = np.zeros(200)
    reference[[0, 1, 50, 199]] = [900, 4, 60, 36]
    p, _ = merged_bins(reference, reference / 2)
    assert p.sum() == 1000
    assert (p >= 10).all()


@pytest.mark.parametrize(
    ("reference", "current"), [([5, 5], [500, 500]), ([500, 500], [3, 2]), ([900, 0], [800, 0])]
)
def test_too_little_to_compare_says_so(reference, current):
    found = drift("score", np.array(reference, float), np.array(current, float))
    assert found.psi is None
    assert not found.alert
    assert found.text.endswith(".")


def test_an_empty_current_bin_stays_finite():
    assert np.isfinite(psi(np.array([50.0, 50.0]), np.array([100.0, 0.0])))
