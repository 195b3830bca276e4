"""What a model's tables must be before anything is computed from them."""

from __future__ import annotations

from connectors.base import Engine
from connectors.roles import blocks
from connectors.sql.columns import usable
from connectors.sql.filled import without_values
from connectors.sql.key_types import lost_zeros
from connectors.sql.labels import at_refresh
from connectors.sql.lookalikes import lookalikes
from valuekit.errors import Finding, SourceError
from valuekit.workspace.declare import Model, Workspace


def refuse(engine: Engine, workspace: Workspace, model: str) -> list[Finding]:
    """Refuse tables in several sources, and columns that are missing or hold the wrong thing.

    Looked at once as long as an engine lives: it refuses tables that change under its hands.

    Returns:
        What to warn of.

    Raises:
        SourceError: with all findings at once.
    """
    if model not in engine.told:
        _one_source(engine, workspace, model)
        engine.told[model] = tuple(_columns(engine, workspace.models[model]))
    return list(engine.told[model])


def _columns(engine: Engine, model: Model) -> list[Finding]:
    """Refuse columns that are missing or hold the wrong thing, all at once; what to warn of."""
    known = [(block, usable(engine, model, block)) for _name, block in blocks(model)]
    faults = [fault for _, one in known for fault in one.findings if fault.severity == "error"]
    if faults:
        raise SourceError(*faults)
    found = lost_zeros(engine, model)
    for block, one in known:
        found += without_values(engine, model, block, one.kinds)
        if block is model.outcomes:
            found += at_refresh(engine, model, one.kinds)
    faults = [one for one in found if one.severity == "error"]
    if faults:
        raise SourceError(*faults)
    return [*found, *lookalikes(engine, model)]


def _one_source(engine: Engine, workspace: Workspace, model: str) -> None:
    """All tables of a model must lie in one source: joins run where the data lies."""
    declared = workspace.models[model]
    others = {workspace.source_of(one) for _, one in blocks(declared)} - {engine.name}
    if others:
        raise SourceError(
            Finding(
                place=f"models.{model}",
                value=", ".join(sorted({engine.name, *others})),
                rule="all tables of a model lie in one source",
                remedy="Bring the tables into one source, or declare one that sees them all.",
                code="several_sources",
            )
        )
