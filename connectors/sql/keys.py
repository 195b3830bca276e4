"""Keys between tables: which column of an entry is compared with which column of an outcome."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from valuekit.workspace.declare import Assignments, Model, Outcomes, Predictions


@dataclass(frozen=True, slots=True)
class Keys:
    """The pairs of ``outcomes.on`` as they apply to one table of entries.

    Attributes:
        entry: Columns of the predictions or assignments.
        outcome: Columns of the outcomes, in the same order.
    """

    entry: tuple[str, ...]
    outcome: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the key columns in both sets of rows: ``key0``, ``key1``, ..."""
        return tuple(f"key{place}" for place in range(len(self.entry)))


def prediction_keys(model: Model, there: Mapping[str, object]) -> Keys | None:
    """Keys from predictions to outcomes; None when the predictions lack one.

    The unit column of the assignments stands for that of the predictions. The target day of a
    forecast is matched by time, not as a key.
    """
    p, o = model.predictions, model.outcomes
    if p is None or o is None:
        return None
    on = {left: right for left, right in o.on.items() if left != p.target_time}
    other = model.assignments.unit if model.assignments else None
    return _keys(on, there, p.unit, other)


def assignment_keys(model: Model, there: Mapping[str, object]) -> Keys | None:
    """Keys from assignments to outcomes; None when the assignments lack one."""
    a, o = model.assignments, model.outcomes
    if a is None or o is None:
        return None
    other = model.predictions.unit if model.predictions else None
    return _keys(o.on, there, a.unit, other)


def actual_time(p: Predictions, o: Outcomes) -> str | None:
    """Column with the day of an actual: the declared time, else what the target day is matched on."""
    if o.time is not None or p.target_time is None:
        return o.time
    return o.on.get(p.target_time)


def unit_is_the_key(block: Predictions | Assignments, keys: Keys) -> bool:
    """Whether an outcome can belong to one unit only, because the unit is its whole key."""
    return keys.entry == (block.unit,)


def _keys(
    on: Mapping[str, str], there: Mapping[str, object], unit: str | None, other: str | None
) -> Keys | None:
    entry = []
    for left in on:
        if left in there:
            entry.append(left)
        elif unit is not None and left == other:
            entry.append(unit)
        else:
            return None
    return Keys(tuple(entry), tuple(on.values())) if entry else None
