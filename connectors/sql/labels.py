"""Labels that are text: which of them the score predicts must be known, and must occur."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from connectors.base import ColumnType, Engine
from connectors.findings import place, shown
from connectors.sql.expect import MOST_VALUES, absent, values_of
from valuekit.errors import Finding
from valuekit.workspace.declare import Model, Outcomes

_READ = {"0", "1", "0.0", "1.0"}  # texts that are numbers


def labels(engine: Engine, model: Model, kinds: Mapping[str, ColumnType]) -> list[Finding]:
    """Text labels without a declared positive, and a positive that never occurs.

    The first would leave every prediction without a label, the second would count every label as
    negative; both without a word.

    Args:
        engine: The engine over the model's source.
        model: Its declaration.
        kinds: Usable columns of the outcomes.
    """
    block = model.outcomes
    if block is None or block.label is None or block.label not in kinds:
        return []
    if block.positive is not None:
        return _occurs(engine, block, block.positive)
    p = model.predictions
    alone = p is not None and p.score is not None and p.predicted is None
    needed = alone and model.task == "classification" and kinds[block.label] == "text"
    return _readable(engine, block) if needed else []


def at_refresh(engine: Engine, model: Model, kinds: Mapping[str, ColumnType]) -> list[Finding]:
    """The same for a run: a rare event that has not occurred yet is no reason to refuse it."""
    return [
        replace(one, severity="warning")
        if one.code == "unknown_positive" and not one.remedy.startswith("Did you mean")
        else one
        for one in labels(engine, model, kinds)
    ]


def _occurs(engine: Engine, block: Outcomes, positive: str) -> list[Finding]:
    values = values_of(engine, block.table, block.label or "", "check labels")
    if not values or len(values) > MOST_VALUES or positive in values:
        return []
    return [absent(place(engine, block.table, block.label), "positive", positive, values)]


def _readable(engine: Engine, block: Outcomes) -> list[Finding]:
    values = values_of(engine, block.table, block.label or "", "check labels")
    if not values or _READ & set(values):
        return []
    return [
        Finding(
            place=place(engine, block.table, block.label),
            value=", ".join(repr(shown(one, 40)) for one in values[:10]),
            rule="the label is text, and nothing says which value the score predicts",
            remedy=f"Declare it with the label: positive = {values[-1]!r}, or another of them.",
            code="text_label",
        )
    ]
