"""Units of a holdout that no row puts into an arm: they are used elsewhere, but compared nowhere.

Beside them those of an arm that nothing declares (:mod:`valuekit.quarantine.undeclared`).

A log that began before the experiment names no arm on its first days, rightly. Within the days
of the design each unit should have one. Both counts are of the fact ``effect``, so a refresh of
what changed says what one of everything does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from valuekit.errors import Finding
from valuekit.quarantine.limits import limit, part
from valuekit.quarantine.undeclared import STRANGE, undeclared
from valuekit.text import count, plural

if TYPE_CHECKING:
    from valuekit.workspace.declare import Workspace
    from valuekit.workspace.evidence import Evidence

NO_ARM, LATER = "null_arm", "late_arm"
CODES = frozenset({NO_ARM, LATER, STRANGE})  # worked out anew by each run, from all days
_RULE = "units of a holdout's days have no arm, so no comparison has them"
_LATE = (
    "units whose first row names no arm are in one later: a unit counts from its first row on, so "
    "no comparison and no money of the holdout has them"
)


def warnings(workspace: Workspace, model: str, effect: pd.DataFrame) -> tuple[Finding, ...]:
    """What is said of units without a declared arm, for each holdout of a model.

    Args:
        workspace: The whole workspace; the limits are those of the rule ``null_arm``.
        model: Name of the model.
        effect: The fact of all days: units by the day and arm of their first exposure.
    """
    declared = workspace.models[model]
    trials = [(at, one) for at, one in enumerate(declared.evidence) if one.design == "holdout"]
    rows = effect[effect["segment"] == "all"]
    rows = rows[rows["metric"] == rows["metric"].min()]
    found = [undeclared(model, at, one, rows) for at, one in trials]
    if trials and declared.ready("effect") is None:
        found += [_missing(workspace, model, at, one, rows) for at, one in trials]
        found.append(_late(model, rows))
    return tuple(dict.fromkeys([one for one in found if one is not None]))


def _missing(
    workspace: Workspace, model: str, place: int, one: Evidence, rows: pd.DataFrame
) -> Finding | None:
    """Units first seen within the design's days, and not in any arm."""
    inside = _days(one, rows)
    units, none = _units(inside), _units(inside[inside["arm"] == ""])
    allowed = limit(workspace, model, NO_ARM)
    state = allowed.state(none, units)
    if state == "counted" or not none:
        return None
    days = inside.loc[(inside["arm"] == "") & (inside["units"] > 0), "day"].dt.date
    return Finding(
        place=f"models.{model}.evidence[{place}]",
        value=f"{count(none)} of {plural(units, 'unit')}, {part(none, units)}, first seen from "
        f"{days.min()} to {days.max()}",
        rule=_RULE if state == "warning" else f"{_RULE}; more than {allowed.allowed} are refused",
        remedy="Log the arm of every unit in every row. Where only a part of the units takes part, "
        f"allow it: [models.{model}.quarantine.rules] {NO_ARM} = {{ warn = 1.0 }}",
        severity="error" if state == "failed" else "warning",
        code=NO_ARM,
        rows=none,
    )


def _days(one: Evidence, rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of the declared days; without a first one, from the first unit in an arm on."""
    day = rows["day"].dt.date
    armed = day[(rows["arm"] != "") & (rows["units"] > 0)]
    inside = pd.Series(data=True, index=rows.index)
    if one.allocation or len(armed):
        inside &= day >= (one.allocation[0].from_ if one.allocation else armed.min())
    if one.until is not None:
        inside &= day <= one.until
    return rows[inside]


def _late(model: str, rows: pd.DataFrame) -> Finding | None:
    """Units whose first exposure named no arm, and a later one does."""
    none = rows[rows["arm"] == ""]
    later = int(none["crossed"].sum())
    if not later:
        return None
    return Finding(
        place=f"models.{model}",
        value=f"{count(later)} of {plural(_units(rows), 'unit')}, {part(later, _units(rows))}",
        rule=_LATE,
        remedy="Declare an assignments table: units then count from their assignment on, whatever "
        "the log has before it. Or log the arm in every row of a log that begins with the "
        "experiment.",
        severity="warning",
        code=LATER,
        rows=later,
    )


def _units(rows: pd.DataFrame) -> int:
    return int(rows["units"].sum())
