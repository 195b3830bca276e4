from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from tests.bookkeeping import FIRST
from valuekit.estimate import Period
from valuekit.value.by_day import ByDay


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(-50, 50)), max_size=60), st.data())
def test_a_range_of_days_is_the_sum_of_its_rows_and_splitting_it_changes_nothing(entries, data):
    frame = pd.DataFrame(
        {
            "day": pd.to_datetime([FIRST + timedelta(days=day) for day, _ in entries]),
            "a": [float(value) for _, value in entries],
        }
    )
    held = ByDay.of(frame, ["a"])
    low = data.draw(st.integers(0, 29))
    high = data.draw(st.integers(low, 30))
    at = [FIRST + timedelta(days=step) for step in (low, high)]
    expected = sum(value for day, value in entries if low <= day <= high)
    assert held.total(Period(*at))[0] == expected
    if low < high:
        parts = Period(at[0], at[0]), Period(at[0] + timedelta(days=1), at[1])
        assert np.isclose(sum(held.total(one)[0] for one in parts), expected)
