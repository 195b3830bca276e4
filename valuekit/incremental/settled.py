"""What the store knows of the rows of days on which nothing changed: they need no counting."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from valuekit.incremental.plan import Plan

# What the accepted rows of a source are counted as; with any other rule they are not all accepted.
_CLEAN: Mapping[str, frozenset[str]] = {
    "predictions": frozenset({"accepted"}),
    "outcomes": frozenset(
        {"credited", "uncredited", "outside_window", "before_prediction", "orphan"}
    ),
}


def settled(found: Plan, intake: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The stored counts of the sources of which every row of all days was accepted.

    Args:
        found: The plan, with the sources of which rows were held back.
        intake: The stored fact, of all days.

    Returns:
        Role -> rows of the fact; of days that changed they are no longer true.
    """
    made = {}
    for role, clean in _CLEAN.items():
        if role in found.faulty | found.repeats:
            continue
        own = intake["source"].eq(role) & intake["segment"].eq("all")
        rows = intake.loc[own, ["day", "rule", "rows", "value"]]
        if clean.issuperset(rows["rule"].unique()):
            made[role] = rows
    return made
