"""False discovery rate against scipy, shrinkage against its formula and its promise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from valuekit.uplift.multiple import benjamini_hochberg, found
from valuekit.uplift.shrink import shrink


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60))
def test_adjusted_p_values_equal_scipy(p):
    named = {str(i): one for i, one in enumerate(p)}
    assert list(benjamini_hochberg(named).values()) == pytest.approx(
        stats.false_discovery_control(p, method="bh")
    )


def test_found_and_refused():
    assert found({"a": 0.001, "b": 0.2, "c": 0.04}) == {"a", "c"}
    assert found({}) == frozenset()
    with pytest.raises(ValueError, match="between 0 and 1"):
        benjamini_hochberg({"a": 1.2})


def test_published_example():
    """Benjamini & Hochberg 1995, sec. 3.2: 15 p-values, four found at 5%."""
    p = [.0001, .0004, .0019, .0095, .0201, .0278, .0298, .0344, .0459, .3240, .4262, .5719,
         .6528, .7590, 1.0]  # fmt: skip
    assert len(found({str(i): one for i, one in enumerate(p)}, 0.05)) == 4


@given(st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(0.5, 1e5)), min_size=3, max_size=30))
def test_shrinkage_keeps_signs_and_never_grows(pairs):
    values, errors = (list(one) for one in zip(*pairs, strict=True))
    made = shrink(values, errors)
    squares = sum((v / se) ** 2 for v, se in pairs)
    lost = min(1.0, (len(pairs) - 2) / squares) if squares else 1.0
    assert made.kept == pytest.approx(1 - lost, abs=1e-12)
    for before, after in zip(values, made.values, strict=True):
        assert abs(after) <= abs(before)
        assert after * before >= 0


def test_winners_are_too_high_and_shrunk_winners_are_not():
    rng = np.random.default_rng(3)
    se = np.full(4000, 2.0)
    truth = rng.normal(0, 2.0, 4000)
    seen = truth + rng.normal(0, 2.0, 4000)
    won = seen > 1.96 * se
    made = np.array(shrink(seen.tolist(), se.tolist()).values)
    assert seen[won].sum() > 1.5 * truth[won].sum()
    assert made[won].sum() == pytest.approx(truth[won].sum(), rel=0.06)


def test_too_few_or_without_error():
    assert shrink([1.0, 2.0], [1.0, 1.0]) is None
    assert shrink([0.0, 0.0, 0.0], [1.0, 1.0, 1.0]).values == (0.0, 0.0, 0.0)
    with pytest.raises(ValueError, match="standard error"):
        shrink([1.0], [0.0])
