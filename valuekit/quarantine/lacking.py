"""Arms that a holdout declares and no unit is in: a name that changed, or a holdout not yet seen.

Without them there is no comparison, and a figure that was known becomes unknown. Where the last
good run had units in such an arm, on days that still have others, or where an arm differs in case
or spaces alone, a name is wrong: the run is refused, and readers keep the last good figures. Else
it is a warning, for an arm may be small, young, or of units that were first seen in another one.

All is seen in the fact ``effect`` of all days, so a refresh of what changed says what one of
everything does; ``valuekit check`` sees the same in the column.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from valuekit.errors import Finding
from valuekit.places import shown
from valuekit.text import listed, nearest, plural

if TYPE_CHECKING:
    import pandas as pd

    from valuekit.workspace.declare import Workspace
    from valuekit.workspace.evidence import Evidence

ALONE, CONTROL, TREATED = "one_arm", "unknown_control", "unknown_treated"
CODES = frozenset({ALONE, CONTROL, TREATED})  # warnings that each run works out anew
COMPARED = frozenset({"holdout", "observational"})
ONLY_ONE = "there is only one arm, so nothing to compare with"
HOLD_OUT = (
    "Hold out a share of units, or declare another design; no causal claim is made until then."
)


def lacking(one: Evidence, arms: Collection[str]) -> Iterator[tuple[str, str]]:
    """Key and name of each declared arm that is not among some arms."""
    for key, name in (("control", one.control), ("treated", one.treated)):
        if name is not None and name not in arms:
            yield key, name


def alike(one: Evidence, name: str, arms: Collection[str]) -> str | None:
    """An arm that differs from a declared name in case or spaces alone, and is not declared."""
    folded = name.strip().casefold()
    others = (arm for arm in arms if arm not in {one.control, one.treated})
    return next((arm for arm in others if arm.strip().casefold() == folded), None)


def findings(
    workspace: Workspace, model: str, effect: pd.DataFrame, before: pd.DataFrame | None
) -> tuple[Finding, ...]:
    """What is said of declared arms that no unit is in; errors refuse the run.

    Args:
        workspace: The whole workspace.
        model: Name of the model.
        effect: The fact of all days: units by the day and arm of their first exposure.
        before: The same as the last good run stored it; None without one.
    """
    found: list[Finding] = []
    declared = workspace.models[model]
    for at, one in enumerate(declared.evidence):
        if one.design in COMPARED:
            metric = one.metric or declared.primary_metric
            rows = _of(one, metric, effect)
            was = rows[:0] if before is None else _of(one, metric, before)
            found += _said(f"models.{model}.evidence[{at}]", one, rows, was)
    return tuple(dict.fromkeys(found))


def _of(one: Evidence, metric: str | None, effect: pd.DataFrame) -> pd.DataFrame:
    """Units in an arm, of the metric and within the days that an entry is about."""
    rows = effect[(effect["segment"] == "all") & (effect["arm"] != "") & (effect["units"] > 0)]
    if metric is not None:
        rows = rows[rows["metric"] == metric]
    day = rows["day"].dt.date
    if one.allocation:
        rows = rows[day >= one.allocation[0].from_]
    return rows if one.until is None else rows[rows["day"].dt.date <= one.until]


def _said(place: str, one: Evidence, rows: pd.DataFrame, was: pd.DataFrame) -> Iterator[Finding]:
    arms = sorted({str(arm) for arm in rows["arm"]})
    if not arms:  # the holdout has not begun, or its days are gone
        return
    if len(arms) == 1:
        units = int(rows.groupby("metric")["units"].sum().max())
        value = f"{shown(arms[0])}, {plural(units, 'unit')}"
        yield Finding(place, value, ONLY_ONE, HOLD_OUT, "warning", ALONE)
    for key, name in lacking(one, arms):
        close = alike(one, name, arms)
        if gone := _gone(name, rows, was):
            value = f"{shown(name)}, {plural(gone, 'day')} had units in it"
            rule = "is an arm that the last good run had units in, and now no unit is"
        elif close is not None:
            value, rule = shown(name), "is an arm that no unit is in, and one is spelt alike"
        elif len(arms) > 1:
            value, rule = shown(name), "is an arm that no unit is in, so nothing is compared"
        else:
            continue
        hint = close or nearest(
            name, [arm for arm in arms if arm not in {one.control, one.treated}]
        )
        there = listed([repr(shown(arm, 40)) for arm in arms], 10)
        yield Finding(
            f"{place}.{key}",
            value,
            f"`{key}` {rule}; there are {there}"
            if arms[1:]
            else f"`{key}` {rule}; there is {there}",
            f"Did you mean {shown(hint)!r}? Correct the name where it is written, or here."
            if hint is not None
            else "Name an arm that is there, or remove the entry where the holdout is over. A unit "
            "counts in the arm that it was first seen in.",
            "error" if gone or close is not None else "warning",
            f"unknown_{key}",
        )


def _gone(name: str, rows: pd.DataFrame, was: pd.DataFrame) -> int:
    """Days that had units in an arm, and have units in others alone; days that are gone are not."""
    days = was.loc[was["arm"] == name, "day"]
    return int(rows.loc[rows["day"].isin(days), "day"].nunique())
