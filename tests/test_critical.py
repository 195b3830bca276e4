from __future__ import annotations

import pytest
from scipy import stats

from valuekit.critical import chi2_p, critical, two_sided_p


@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.999])
@pytest.mark.parametrize("df", [1, 4.3, 30, None, float("inf")])
def test_critical_equals_scipy(level, df):
    law = stats.norm if df in {None, float("inf")} else stats.t(df)
    assert critical(level, df) == pytest.approx(law.ppf(0.5 + level / 2), rel=1e-9)
    assert two_sided_p(critical(level, df), df) == pytest.approx(1 - level, rel=1e-7)


def test_chi2_equals_scipy():
    assert chi2_p(7.3, 3) == pytest.approx(stats.chi2.sf(7.3, 3))


def test_a_level_is_a_share():
    with pytest.raises(ValueError, match=r"write 0\.95"):
        critical(95)
