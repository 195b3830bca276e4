"""A book gives the rows that a mask over its facts gives, and what it keeps is its own."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.bookkeeping import FIRST, book, rows
from valuekit.ledger.split import between, split

AS_OF = FIRST + timedelta(days=9)
SEGMENTS = ("all", "plan=a", "plan=b")
days = st.integers(0, 12).map(lambda n: FIRST + timedelta(days=n))
ends = st.none() | days
cells = st.dictionaries(
    st.tuples(days, st.sampled_from(SEGMENTS), st.sampled_from(["v1", "v2"])),
    st.integers(0, 9),
    max_size=30,
)


def volume(found: dict[tuple[date, str, str], int]) -> pd.DataFrame:
    """Predictions by day, segment and version, in the order given."""
    return rows(
        "volume",
        *(
            {"day": day, "segment": segment, "version": version, "predictions": count}
            for (day, segment, version), count in found.items()
        ),
    )


def masked(
    frame: pd.DataFrame, segment: str | None, first: date | None, last: date | None
) -> pd.DataFrame:
    """The same by comparing every row, in order of days."""
    day = frame["day"].dt.date
    keep = pd.Series(data=True, index=frame.index) & (day <= AS_OF)
    if segment is not None:
        keep &= frame["segment"] == segment
    if first is not None:
        keep &= day >= first
    if last is not None:
        keep &= day <= last
    return frame[keep].sort_values("day", kind="stable", ignore_index=True)


@given(cells, st.lists(st.tuples(st.sampled_from([None, *SEGMENTS]), ends, ends), max_size=6))
@settings(max_examples=60, deadline=None)
def test_a_book_gives_the_rows_of_a_segment_and_range(found, asked):
    frame = volume(found)
    one = book({"volume": frame}, as_of=AS_OF)
    for segment, first, last in [*asked, *asked]:  # twice: the second time they are kept
        given = one.fact("volume", segment, first, last)
        pd.testing.assert_frame_equal(given, masked(frame, segment, first, last))


def test_what_a_book_keeps_is_never_another_books():
    """A book made from one that was read already, with other facts, gives its own."""
    old = book({"volume": volume({(FIRST, "all", "v1"): 1})}, as_of=AS_OF)
    assert old.fact("volume")["predictions"].tolist() == [1]
    assert old.fact("volume", "all", FIRST, FIRST)["predictions"].tolist() == [1]
    new = replace(old, facts={"volume": volume({(FIRST, "all", "v1"): 2})})
    assert new.fact("volume")["predictions"].tolist() == [2]
    assert new.fact("volume", "all", FIRST, FIRST)["predictions"].tolist() == [2]
    earlier = replace(old, as_of=FIRST - timedelta(days=1))
    assert earlier.fact("volume").empty
    assert old.fact("volume")["predictions"].tolist() == [1]


@given(cells)
@settings(max_examples=60, deadline=None)
def test_parts_by_value_are_the_rows_that_a_mask_keeps(found):
    frame = volume(found)
    for column in ("segment", "version"):
        parts = split(frame, column)
        assert list(parts) == list(dict.fromkeys(frame[column]))
        for value, part in parts.items():
            wanted = frame[frame[column] == value].reset_index(drop=True)
            pd.testing.assert_frame_equal(part, wanted)


def test_a_range_without_days_has_no_rows():
    frame = volume({(FIRST, "all", "v1"): 1})
    assert between(frame, FIRST + timedelta(days=1), None).empty
    assert between(frame.iloc[:0], FIRST, FIRST).empty
    assert np.array_equal(between(frame, FIRST, FIRST)["predictions"], [1])
