"""What a workspace needs of each column: a key, a number, a time, anything."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from valuekit.ready.names import COMMON, KEYS
from valuekit.workspace.declare import (
    Assignments,
    Block,
    DailyTable,
    Model,
    Outcomes,
    Panel,
    Predictions,
    Workspace,
)

__all__ = ["Block", "Role", "block_roles", "blocks", "roles"]

# A year may be a number where the observations of a panel are years apart.
Role = Literal["key", "number", "label", "time", "year", "text"]


def blocks(model: Model) -> Iterator[tuple[str, Block]]:
    """The declared tables of a model by what they are."""
    yield from model.blocks.items()


def roles(workspace: Workspace, source: str, table: str) -> dict[str, Role]:
    """Every column that some model reads from a table, with its role; numbers win over text."""
    found: dict[str, Role] = {}
    for model in workspace.models.values():
        for _, block in blocks(model):
            if workspace.source_of(block) != source or block.table != table:
                continue
            for column, role in block_roles(model, block).items():
                if found.get(column) in {None, "text", "key"}:
                    found[column] = role
    return found


def block_roles(model: Model, block: Block) -> dict[str, Role]:
    """Columns that a model reads from one of its tables, with their roles."""
    if isinstance(block, Predictions):
        pairs = [*_predictions(model, block), *_joined(model, "predictions")]
    elif isinstance(block, Assignments):
        pairs = [*_assignments(block), *_joined(model, "assignments")]
    elif isinstance(block, Panel):
        pairs = list(_panel(model, block))
    elif isinstance(block, DailyTable):
        pairs = list(_ready(block))
    else:
        pairs = list(_outcomes(model, block))
    found: dict[str, Role] = {}
    for column, role in pairs:
        if column is not None:
            found.setdefault(column, role)
    return found


def _predictions(model: Model, block: Predictions) -> Iterator[tuple[str | None, Role]]:
    yield from ((block.time, "time"), (block.target_time, "time"))
    yield from ((block.score, "number"), (block.value, "number"), (block.latency_ms, "number"))
    yield block.predicted, "number" if model.task in {"regression", "forecast"} else "label"
    for numbers in (block.quantiles, block.baselines, block.tokens):
        yield from ((column, "number") for column in numbers.values())
    yield from ((block.weight, "number"), (block.acted, "label"))
    yield from ((block.id, "key"), (block.unit, "key"), (block.series, "key"))
    yield from ((block.arm, "text"), (block.version, "text"), (block.provider_model, "text"))
    yield from ((column, "text") for column in (*block.segments, *block.features))


def _assignments(block: Assignments) -> Iterator[tuple[str | None, Role]]:
    yield block.time, "time"
    yield from ((column, "number") for column in block.covariates.values())
    yield block.propensity, "number"
    yield from ((block.unit, "key"), (block.arm, "text"), (block.stratum, "text"))
    yield from ((column, "text") for column in block.segments)


def _outcomes(model: Model, block: Outcomes) -> Iterator[tuple[str | None, Role]]:
    yield from ((block.time, "time"), (block.arrived, "time"))
    yield block.label, "number" if model.task in {"regression", "forecast"} else "label"
    for metric in model.unit_metrics.values():
        yield from ((metric.column, "number"), (metric.denominator, "number"))
    yield block.id, "key"
    yield from ((column, "key") for column in block.on.values())


def _panel(model: Model, block: Panel) -> Iterator[tuple[str | None, Role]]:
    when: Role = "year" if block.frequency == "year" else "time"
    yield from ((block.time, when), (block.treated_from, when), (block.offset, "number"))
    for metric in model.panel_metrics.values():
        yield metric.column, "number"
    yield from ((block.id, "key"), (block.group, "text"), (block.arm, "label"))
    yield from ((column, "text") for column in block.segments)


def _ready(block: DailyTable) -> Iterator[tuple[str | None, Role]]:
    """Counts and sums are numbers, keys are text, the classes of decisions and labels."""
    yield block.day, "time"
    keys = {*COMMON, *KEYS[block.fact]}
    for name, column in block.read():
        if name in keys or name.startswith("seg"):
            yield column, "label" if name in {"label", "predicted", "acted"} else "text"
        else:
            yield column, "number"


def _joined(model: Model, part: str) -> Iterator[tuple[str | None, Role]]:
    """Left-hand columns of the join: they belong to the predictions when both tables exist."""
    owner = "assignments" if model.predictions is None else "predictions"
    if model.outcomes is not None and part == owner:
        yield from ((column, "key") for column in model.outcomes.on)
