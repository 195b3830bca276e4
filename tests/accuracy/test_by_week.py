"""The error by week is that of the rows of the week, both forecasters on the same ones."""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from valuekit.accuracy.by_week import error_weeks
from valuekit.scorecard import ErrorWeek

MONDAY = date(2026, 6, 1)
rows = st.lists(
    st.tuples(st.integers(0, 30), st.integers(1, 3), st.floats(0.1, 9), st.floats(0.1, 9)),
    min_size=1,
    max_size=40,
    unique_by=lambda one: (one[0], one[1]),
)


def _frame(raw: list[tuple[int, int, float, float]]) -> pd.DataFrame:
    made = []
    for day, horizon, model, other in raw:
        for name, error in (("model", model), ("seasonal_naive", other)):
            made.append(
                {
                    "model": "demand", "version": "v1", "segment": "all", "forecaster": name,
                    "day": pd.Timestamp(MONDAY + timedelta(days=day)), "horizon": horizon,
                    "level": "item", "n": 1, "sum_abs": error, "sum_sq": error**2,
                    "over": 0.0, "under": error,
                }
            )  # fmt: skip
    return pd.DataFrame(made)


def _by_hand(raw: list[tuple[int, int, float, float]]) -> list[ErrorWeek]:
    found = []
    for week in range(5):
        mine = [one for one in raw if one[0] // 7 == week]
        if mine:
            model, other = (sum(one[at] for one in mine) / len(mine) for at in (2, 3))
            found.append(ErrorWeek(MONDAY + timedelta(days=7 * week), model, other, len(mine)))
    return found


@given(raw=rows)
def test_each_week_is_the_mean_of_its_rows(raw: list[tuple[int, int, float, float]]) -> None:
    found, wanted = error_weeks(_frame(raw), "seasonal_naive"), _by_hand(raw)
    assert [(one.start, one.n) for one in found] == [(one.start, one.n) for one in wanted]
    for one, other in zip(found, wanted, strict=True):
        assert (one.model, one.other) == pytest.approx((other.model, other.other))


def test_days_that_one_of_them_lacks_are_not_compared() -> None:
    frame = _frame([(0, 1, 1.0, 2.0), (8, 1, 3.0, 4.0)])
    lone = frame.drop(frame.index[(frame["forecaster"] != "model") & (frame["sum_abs"] == 4.0)])
    assert error_weeks(lone, "seasonal_naive") == (ErrorWeek(MONDAY, 1.0, 2.0, 1),)
    assert error_weeks(frame, "nobody") == ()
