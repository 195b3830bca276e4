"""Keys between tables: which column of an entry is compared with which column of an outcome."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from connectors.base import ColumnType
from connectors.sql.values import text
from connectors.sql.work import Columns, Expression, Work
from valuekit.incremental.plan import actual_time_of
from valuekit.workspace.declare import Assignments, Outcomes, Predictions


@dataclass(frozen=True, slots=True)
class Keys:
    """The pairs of ``outcomes.on`` as they apply to one table of entries.

    Attributes:
        entry: Columns of the predictions or assignments.
        outcome: Columns of the outcomes, in the same order.
        as_text: Whether a pair is compared as text, because only some of its columns are text.
    """

    entry: tuple[str, ...]
    outcome: tuple[str, ...]
    as_text: tuple[bool, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the key columns in both sets of rows: ``key0``, ``key1``, ..."""
        return tuple(f"key{place}" for place in range(len(self.entry)))

    def of_entry(self, raw: Columns, kinds: Mapping[str, ColumnType]) -> dict[str, Expression]:
        """Key columns of predictions or assignments."""
        return self._typed(self.entry, raw, kinds)

    def of_outcome(self, raw: Columns, kinds: Mapping[str, ColumnType]) -> dict[str, Expression]:
        """Key columns of outcomes."""
        return self._typed(self.outcome, raw, kinds)

    def _typed(
        self,
        columns: tuple[str, ...],
        raw: Columns,
        kinds: Mapping[str, ColumnType],
    ) -> dict[str, Expression]:
        pairs = zip(self.names, columns, self.as_text, strict=True)
        return {
            name: text(raw[column], kinds[column]) if as_text else raw[column]
            for name, column, as_text in pairs
        }


def prediction_keys(work: Work) -> Keys | None:
    """Keys from predictions to outcomes; None when the predictions lack one.

    The target day of a forecast is matched by period, not as a key.
    """
    return _keys(work, work.model.predictions)


def assignment_keys(work: Work) -> Keys | None:
    """Keys from assignments to outcomes; None when the assignments lack one."""
    return _keys(work, work.model.assignments)


def actual_time(work: Work) -> str | None:
    """Column with the time of an outcome: the declared one, else the target day's partner."""
    return actual_time_of(work.model)


def unit_is_the_key(block: Predictions | Assignments, keys: Keys) -> bool:
    """Whether an outcome can belong to one unit only, because the unit is its whole key."""
    return keys.entry == (block.unit,)


def _keys(work: Work, block: Predictions | Assignments | None) -> Keys | None:
    o = work.model.outcomes
    if block is None or o is None:
        return None
    mapped = _mapped(work, block, o)
    if mapped is None:
        return None
    as_text = _as_text(work, o)
    outcome = tuple(mapped.values())
    return Keys(tuple(mapped), outcome, tuple(as_text[right] for right in outcome))


def _mapped(work: Work, block: Predictions | Assignments, o: Outcomes) -> dict[str, str] | None:
    """Column of the block -> column of the outcomes; None when the block lacks one."""
    there = work.engine.columns(block.table)
    units = {one.unit for one in (work.model.predictions, work.model.assignments) if one}
    target = work.model.predictions.target_time if work.model.predictions else None
    made = {}
    for left, right in o.on.items():
        if left == target:
            continue
        if left in there:
            made[left] = right
        elif left in units and block.unit is not None:
            made[block.unit] = right
        else:
            return None
    return made


def _as_text(work: Work, o: Outcomes) -> dict[str, bool]:
    """For each key column of the outcomes, whether only some of the tables hold it as text."""
    outcome = work.engine.columns(o.table)
    kinds = {right: {outcome.get(right)} for right in o.on.values()}
    for block in (work.model.predictions, work.model.assignments):
        if block is None:
            continue
        there = work.engine.columns(block.table)
        for left, right in (_mapped(work, block, o) or {}).items():
            kinds[right].add(there[left])
    return {right: len(found) > 1 and "text" in found for right, found in kinds.items()}
