"""Days that are missing: not those of a weekday without rows."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest

from valuekit.assess.health import _missing


def missing(days: pd.DatetimeIndex) -> int:
    rows = pd.DataFrame({"day": days.repeat(2)})
    model = SimpleNamespace(panel=None, facts=None)
    return _missing(SimpleNamespace(model=model, span=object(), fact=lambda *_: rows))


EVERY = pd.date_range("2026-06-01", "2026-07-31")  # a Monday to a Friday


@pytest.mark.parametrize(
    ("days", "count"),
    [
        (EVERY, 0),
        (EVERY.delete([10, 11, 20]), 3),
        (EVERY[EVERY.day_of_week < 5], 0),  # rests at weekends
        (EVERY[EVERY.day_of_week < 5].delete([10, 11]), 2),
        (EVERY[EVERY.day_of_week == 0], 0),  # a batch a week
        (EVERY[EVERY.day_of_week == 0].delete(3), 1),
        (EVERY[:10].delete([5, 6]), 2),  # too short to know its weekdays
        (EVERY[:1], 0),
    ],
)
def test_days_that_should_have_rows(days, count):
    assert missing(days) == count
