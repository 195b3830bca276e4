"""Arms that a holdout declares and no unit is in: a name that changed, or a holdout that is over.

Without them there is no comparison, and a figure that was known becomes unknown. With several
other arms, or one that is spelt alike, the name is wrong: the run is refused, and readers keep the
last good figures. With one arm alone there is nothing to compare with, which is said and claims
nothing. Both are seen in the fact ``effect`` of all days, so a refresh of what changed says what
one of everything does; ``valuekit check`` sees the same in the column.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from valuekit.errors import Finding
from valuekit.places import shown
from valuekit.text import count, nearest, plural

if TYPE_CHECKING:
    import pandas as pd

    from valuekit.workspace.declare import Workspace
    from valuekit.workspace.evidence import Evidence

ALONE, CONTROL, TREATED = "one_arm", "unknown_control", "unknown_treated"
CODES = frozenset({ALONE})  # a warning, worked out anew by each run
COMPARED = frozenset({"holdout", "observational"})
ONLY_ONE = "there is only one arm, so nothing to compare with"
HOLD_OUT = (
    "Hold out a share of units, or declare another design; no causal claim is made until then."
)


def misnamed(one: Evidence, arms: Sequence[str]) -> Iterator[tuple[str, str, str | None]]:
    """Key, declared arm and the arm that is spelt alike, of each declared arm that is not there.

    Args:
        one: An entry of evidence.
        arms: The arms that are there. Of one alone, only what is spelt alike is a wrong name.
    """
    for key, name in (("control", one.control), ("treated", one.treated)):
        if name is None or name in arms:
            continue
        close = nearest(name, arms)
        if len(arms) > 1 or close is not None:
            yield key, name, close


def findings(workspace: Workspace, model: str, effect: pd.DataFrame) -> tuple[Finding, ...]:
    """What is said of declared arms that no unit is in; errors refuse the run.

    Args:
        workspace: The whole workspace.
        model: Name of the model.
        effect: The fact of all days: units by the day and arm of their first exposure.
    """
    trials = [
        (at, one)
        for at, one in enumerate(workspace.models[model].evidence)
        if one.design in COMPARED
    ]
    rows = effect[(effect["segment"] == "all") & (effect["arm"] != "")]
    rows = rows[rows["metric"] == rows["metric"].min()]
    units = rows.groupby("arm")["units"].sum()
    arms = sorted(str(arm) for arm in units.index[units > 0])
    if not trials or not arms:
        return ()
    found = [
        _misnamed(f"models.{model}.evidence[{at}].{key}", key, name, close, arms)
        for at, one in trials
        for key, name, close in misnamed(one, arms)
    ]
    if len(arms) == 1 and not found:
        value = f"{shown(arms[0])}, {plural(int(units.sum()), 'unit')}"
        place = f"models.{model}.evidence[{trials[0][0]}]"
        found.append(Finding(place, value, ONLY_ONE, HOLD_OUT, "warning", ALONE))
    return tuple(dict.fromkeys(found))


def _misnamed(place: str, key: str, name: str, close: str | None, arms: Sequence[str]) -> Finding:
    listed = ", ".join(repr(shown(one, 40)) for one in arms[:10])
    more = f" and {count(len(arms) - 10)} more" if len(arms) > 10 else ""
    hint = (
        f"Did you mean {shown(close)!r}? Correct the name where it is written, or here."
        if close is not None
        else "Use one of these names, or write the arm as it was."
    )
    return Finding(
        place,
        shown(name),
        f"`{key}` names an arm that no unit is in, so there is nothing to compare; there are "
        f"{listed}{more}",
        hint,
        code=f"unknown_{key}",
    )
