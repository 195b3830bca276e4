from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from valuekit.degradation.trend import mann_kendall, theil_sen


@pytest.fixture
def nile():
    return sm.datasets.nile.load_pandas().data["volume"].to_numpy()


def test_nile_has_a_downward_trend_that_its_memory_weakens(nile):
    """z = -4.13 under independence, -2.82 with Hamed & Rao's correction (published)."""
    assert mann_kendall(nile, corrected=False) == pytest.approx(-4.13, abs=0.01)
    assert mann_kendall(nile) == pytest.approx(-2.82, abs=0.01)


def test_slope_is_that_of_scipy_and_its_interval_contains_it(nile):
    found = theil_sen(nile, "m3/year")
    assert found.value == pytest.approx(stats.theilslopes(nile).slope)
    assert found.low < found.value < found.high < 0


def test_independent_data_get_scipys_interval():
    values = np.random.default_rng(1).normal(size=60)
    found = theil_sen(values, "1")
    plain = stats.theilslopes(values)
    if mann_kendall(values) == mann_kendall(values, corrected=False):
        assert found.low == pytest.approx(plain.low_slope, abs=0.002)
    assert found.low < 0 < found.high


def test_few_or_equal_weeks_are_unknown():
    assert theil_sen(np.arange(5.0), "1").value is None
    assert theil_sen(np.ones(30), "1").value is None
    assert mann_kendall(np.ones(30)) is None
