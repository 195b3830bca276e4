"""Daily sums of scores against the same sums by hand, row by row."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.bookkeeping import FIRST, rows
from valuekit.degradation.performance import from_scores

BINS = 4
counts = st.just([]) | st.lists(st.integers(0, 9), min_size=BINS, max_size=BINS)
keys = st.tuples(
    st.integers(0, 5), st.sampled_from(["1", "0", ""]), st.sampled_from(["", "control", "model"])
)


@given(st.dictionaries(keys, counts, max_size=20))
@settings(max_examples=80, deadline=None)
def test_scores_are_added_up_by_day_and_label(found):
    """Whatever arms a day has, and where the vectors of a month lie on one of its rows."""
    frame = rows(
        "score",
        *(
            {"day": FIRST + timedelta(days=step), "label": label, "arm": arm, "layout": "s",
             "n": n, "sum_p": [0.0] * len(n), "sum_v": [0.0] * len(n)}
            for (step, label, arm), n in found.items()
        ),
    )  # fmt: skip
    wanted: dict[int, np.ndarray] = {}
    for (step, label, _), n in found.items():
        if label and n:
            start = 0 if label == "1" else BINS
            wanted.setdefault(step, np.zeros(2 * BINS))[start : start + BINS] += n
    made = from_scores(frame)
    assert made.days.tolist() == [FIRST + timedelta(days=step) for step in sorted(wanted)]
    for row, step in zip(made.sums, sorted(wanted), strict=True):
        assert row.tolist() == wanted[step].tolist()
