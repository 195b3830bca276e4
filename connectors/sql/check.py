"""``valuekit check``: what a model declares against what its tables hold, all faults at once."""

from __future__ import annotations

import pandas as pd

from connectors.base import Engine
from connectors.roles import Block, blocks
from connectors.sql.columns import Usable, usable
from connectors.sql.expect import arms, size
from connectors.sql.filled import without_values
from connectors.sql.key_types import lost_zeros
from connectors.sql.labels import labels
from connectors.sql.lookalikes import lookalikes
from connectors.sql.own_rows import own_rows
from connectors.sql.panel_check import check_panel
from connectors.sql.profile import Profile, profile
from connectors.sql.ready_check import check_ready
from connectors.sql.sample import join
from valuekit.errors import Finding, SourceError
from valuekit.source import Check
from valuekit.workspace.declare import Model, Workspace

_NOTHING = Usable({}, ())
PROFILE = ("table", "rows", "first", "last", "days", "rows_per_day")


def check(engine: Engine, workspace: Workspace, model: str) -> Check:
    """Validate a model's declarations against its real tables; nothing is stored.

    Args:
        engine: The engine of the model's source.
        workspace: The whole workspace.
        model: Name of the model.

    Returns:
        Every finding, a profile row for each table, the share of 1,000 sampled predictions
        (or assigned units) that found an outcome, and the projected size in the store.
    """
    declared = workspace.models[model]
    findings: list[Finding] = []
    known: dict[str, Usable] = {}
    profiles: dict[str, Profile] = {}
    for name, block in blocks(declared):
        if (stranger := _elsewhere(engine, workspace, block, model, name)) is not None:
            findings.append(stranger)
            continue
        known[name] = usable(engine, declared, block)
        findings += known[name].findings
        if not known[name].kinds:
            continue
        try:
            profiles[name] = profile(engine, block, known[name].kinds)
        except SourceError as error:
            findings += error.findings
            continue
        findings += profiles[name].findings
    share, more = _deeper(engine, workspace, model, known)
    bytes_ = size(engine, workspace, declared, known, profiles) if profiles else None
    found = tuple(dict.fromkeys((*findings, *more)))  # what several statements stumble over, once
    return Check(found, _frame(engine, declared, profiles), share, bytes_)


def _deeper(
    engine: Engine, workspace: Workspace, name: str, known: dict[str, Usable]
) -> tuple[float | None, list[Finding]]:
    """What needs more than one column: arms, labels, the join, sums that contradict each other."""
    model = workspace.models[name]
    found: list[Finding] = []
    share: float | None = None
    parts = dict(blocks(model))
    try:
        for part, one in known.items():
            found += without_values(engine, model, parts[part], one.kinds)
        if all(known.get(part, _NOTHING).kinds for part in parts):
            found += lost_zeros(engine, model)
            found += lookalikes(engine, model)
        found += own_rows(engine, workspace, name, known)
        found += arms(engine, model, known)
        found += labels(engine, model, known["outcomes"].kinds if "outcomes" in known else {})
        found += check_panel(engine, model, known)
        found += check_ready(engine, workspace, name, known)
        share, joined = join(engine, model, known)
        found += joined
    except SourceError as error:
        found += error.findings
    return share, found


def _elsewhere(
    engine: Engine, workspace: Workspace, block: Block, model: str, name: str
) -> Finding | None:
    """A table in another source: joins run where the data lie, so all must lie together."""
    source = workspace.source_of(block)
    if source == engine.name:
        return None
    return Finding(
        place=f"models.{model}.{name}.source",
        value=source,
        rule=f"all tables of a model must lie in one source; the others lie in {engine.name!r}",
        remedy="Copy the table there, or declare one source that reaches both.",
        code="two_sources",
    )


def _frame(engine: Engine, model: Model, profiles: dict[str, Profile]) -> pd.DataFrame:
    """A row for each table; its rows are those that a refresh counts, broken lines among them."""
    tables = {name: block.table for name, block in blocks(model)}
    broken = {name: sum(engine.quarantined(tables[name]).values()) for name in profiles}
    rows = [
        (tables[name], one.rows + broken[name], one.first, one.last, one.days, one.rows_per_day)
        for name, one in profiles.items()
    ]
    return pd.DataFrame(rows, columns=list(PROFILE))
