"""Planted truth of models that are judged by a payoff matrix."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sample_data.common import DAYS, Bools, Floats, Ints, by_month, period

Cell = tuple[float, float]  # fixed, rate x value


def gain(
    acted: Bools, positive: Floats, value: Floats, cells: Mapping[str, Cell], *, constant: bool
) -> Floats:
    """Money per row earned over doing the same for every row.

    Args:
        acted: What the model decided.
        positive: Label, or its true probability: then the result is the expected money.
        value: Amount at stake.
        cells: Payoffs of ``tp fp fn tn``.
        constant: What would be done to every row without the model.
    """
    money = {key: fixed + rate * value for key, (fixed, rate) in cells.items()}
    act = positive * money["tp"] + (1 - positive) * money["fp"]
    rest = positive * money["fn"] + (1 - positive) * money["tn"]
    return np.where(acted, act, rest) - (act if constant else rest)


def stretches(
    days: Ints, realised: Floats, expected: Floats, cuts: Mapping[str, tuple[int, int]]
) -> dict[str, object]:
    """Realised and expected gain in named stretches of days, and by month."""
    named: dict[str, object] = {}
    for name, (first, last) in cuts.items():
        inside = (days >= first) & (days <= last)
        named[name] = {
            **period(first, last),
            "predictions": int(inside.sum()),
            "gross_realised": round(float(realised[inside].sum()), 2),
            "gross_expected": round(float(expected[inside].sum()), 2),
        }
    return {"periods": named, "gross_realised_by_month": by_month(days, realised)}


def mature(wait: int) -> tuple[int, int]:
    """First and last mature day when outcomes take ``wait`` days."""
    return 0, DAYS - 1 - wait
