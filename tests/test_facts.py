from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from valuekit.estimate import Period
from valuekit.facts import only, period_of


def test_only_refuses_what_overlaps():
    frame = pd.DataFrame({"segment": ["all", "plan=a"], "metric": ["y", "y"]})
    only(frame, "metric", "layout")
    with pytest.raises(ValueError, match=r"several segments \(all, plan=a\)"):
        only(frame, "segment")


def test_period_is_the_frames_days_unless_given():
    frame = pd.DataFrame({"day": pd.to_datetime(["2026-02-03", "2026-01-05"])})
    assert period_of(frame) == Period(date(2026, 1, 5), date(2026, 2, 3))
    given = Period(date(2026, 1, 1), date(2026, 1, 2))
    assert period_of(frame, given) is given
    assert period_of(frame.iloc[:0]) is None
