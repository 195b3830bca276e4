"""The cheapest holdout: enough power, and no share that would be cheaper."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from valuekit.uplift.cheapest import SHARES, Traffic, cheapest, way
from valuekit.uplift.power import WATCHED, z_power


@given(st.floats(1, 1e4), st.floats(1, 1e4), st.floats(1, 1e4), st.floats(0.01, 50))
def test_it_sees_what_it_was_made_for_and_is_the_cheapest(s1, s0, rate, effect):
    traffic = Traffic(s1, s0, rate, wait=14)
    found = cheapest(traffic, effect, 2.0)
    fits = [way(traffic, effect, share, 2.0, watched=True) for share in SHARES]
    fits = [one for one in fits if one.days <= 365]
    if found is None:
        assert not fits
        return
    assert found.cost == min(one.cost for one in fits)
    assert traffic.detectable(found.units, found.share, watched=True) <= effect * (1 + 1e-9)
    assert found.days == found.exposure + 14
    assert found.cost == pytest.approx(2.0 * found.share * found.units)


def test_watching_needs_1_94_times_the_units():
    traffic = Traffic(9.0, 9.0, 100)
    once, daily = (way(traffic, 0.1, 0.5, 1.0, watched=one) for one in (False, True))
    assert daily.units / once.units == pytest.approx(1.94, abs=0.01)
    assert traffic.detectable(daily.units, 0.5, watched=True) == pytest.approx(
        (WATCHED + z_power()) * (36 / daily.units) ** 0.5
    )


def test_a_model_that_loses_saves_what_it_would_lose():
    losing = cheapest(Traffic(1.0, 1.0, 1000), 0.5, -3.0)
    assert losing.cost == pytest.approx(-3.0 * losing.share * losing.units)
