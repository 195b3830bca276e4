"""Which column gives a source row its day."""

from __future__ import annotations

from valuekit.incremental.plan import actual_time_of
from valuekit.workspace.declare import Block, Model, Outcomes, Predictions


def when_column(model: Model, block: Block) -> str | None:
    """Column that gives a row its day; None where rows have no time of their own."""
    if isinstance(block, Outcomes):
        return actual_time_of(model)
    if isinstance(block, Predictions):
        forecast = model.task == "forecast" and block.target_time is not None
        return block.target_time if forecast else block.time
    return block.time
