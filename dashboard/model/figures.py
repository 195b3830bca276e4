"""Figures as lines: label and range at the left, the value that opens its passport at the right."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboard import passport
from dashboard.format import figure, interval, plain
from valuekit.estimate import Estimate
from valuekit.scorecard import Figure


def figures(held: Sequence[Figure], run: int, key: str) -> None:
    """Draw the lines, side by side where there is room for two."""
    with st.grid(2, min_column_width=340, gap=("xsmall", "large")):
        for index, one in enumerate(held):
            _line(one, run, f"{key}-{index}")


def _line(one: Figure, run: int, key: str) -> None:
    with st.container(
        horizontal=True, vertical_alignment="center", gap="small", wrap=False, key=key
    ):
        said = range_line(one.estimate)
        below = f"  \n:small[:gray[{plain(said, 200)}]]" if said else ""
        st.markdown(f"{plain(one.label, 160)}{below}", width="stretch")
        passport.popover(one, run, f"**{plain(figure(one.estimate))}**")


def range_line(held: Estimate) -> str:
    """What stands under a figure: its range, why there is none, or nothing to say.

    >>> range_line(Estimate(2.0, "EUR", low=1.0, high=3.0)), range_line(Estimate(0.2, "share"))
    ('95% range €1.00 to €3.00', '')
    """
    if not held.known:
        return held.reason
    if held.low is None and not held.reason:
        return ""
    return interval(held)
