from __future__ import annotations

from datetime import date

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from valuekit import facts
from valuekit.estimate import Period
from valuekit.facts import in_order, kept, numbered, only, period_of, twice


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


@given(st.lists(st.booleans(), max_size=12))
def test_rows_side_by_side_are_kept_like_any_others(keep):
    frame = pd.DataFrame({"n": range(len(keep)), "text": [str(one) for one in keep]})
    mask = pd.Series(keep, dtype=bool)
    pd.testing.assert_frame_equal(kept(frame, mask), frame[mask])


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 2), st.sampled_from("xyz"))))
def test_rows_have_one_number_where_they_are_alike(found):
    frame = pd.DataFrame(found, columns=["a", "b", "c"])
    number = numbered(frame, ["a", "b", "c"])
    pairs = set(zip(found, number.tolist(), strict=True))
    assert len(pairs) == len(set(found))
    assert sorted({one for _, one in pairs}) == list(range(len(pairs)))


@pytest.mark.parametrize("few", [0, 1_000])
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["", "a", "B", "é", "a b"]),
            st.integers(-2, 2),
            st.dates(date(2026, 1, 1), date(2026, 1, 3)),
        )
    )
)
def test_rows_are_in_the_order_of_their_keys_however_few(few, found):
    frame = pd.DataFrame(found, columns=["a", "b", "day"]).assign(at=range(len(found)))
    frame["day"] = pd.to_datetime(frame["day"]).astype("datetime64[s]")
    keys = ["day", "a", "b"]
    limit, facts._FEW = facts._FEW, few
    try:
        ordered, again = in_order(frame, keys), twice(frame, keys)
    finally:
        facts._FEW = limit
    pd.testing.assert_frame_equal(
        ordered, frame.sort_values(keys, kind="stable", ignore_index=True)
    )
    assert again.tolist() == [one in found[:place] for place, one in enumerate(found)]
