"""What ``valuekit check`` says of rows: those that a run would hold back, by the run's own limits.

The rows are judged by the statements that a run judges them by, and counted against the limits that
a run counts them against, so the two cannot disagree. Left to the run is what takes all tables
together: repeated ids, outcomes of nobody.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import pandas as pd
import sqlalchemy as sa

from connectors.base import Engine
from connectors.roles import Block, blocks
from connectors.sql import outcomes, panel_rows, spine, units
from connectors.sql.culprits import culprits
from connectors.sql.dedupe import ACCEPTED
from connectors.sql.framed import on_units
from connectors.sql.held import examples, unsplit_lines
from connectors.sql.held_rows import Source
from connectors.sql.keys import Keys, assignment_keys, prediction_keys
from connectors.sql.suspects import suspects
from connectors.sql.work import Work
from valuekit.errors import Finding, SourceError
from valuekit.quarantine.carry import newest
from valuekit.quarantine.limits import over
from valuekit.source import Held
from valuekit.workspace.declare import Assignments, Outcomes, Panel, Predictions, Workspace

if TYPE_CHECKING:
    from connectors.sql.columns import Usable


def own_rows(
    engine: Engine, workspace: Workspace, name: str, known: Mapping[str, Usable]
) -> list[Finding]:
    """A finding for each rule that rows of a table break more often than is allowed without a word.

    Tables with a column that is missing or of a wrong kind are passed over: that comes first.

    Args:
        engine: The engine of the model's source.
        workspace: The whole workspace.
        name: Name of the model.
        known: The columns of its tables that can be read.

    Raises:
        SourceError: the engine failed.
    """
    work = Work(engine, on_units(workspace, name), name, (), lambda _what, _share: None)
    counts: dict[str, dict[str, int]] = {}
    held: list[Held] = []
    for source, block in blocks(workspace.models[name]):
        one = known.get(source)
        if one is None or not one.kinds or any(of.severity == "error" for of in one.findings):
            continue
        try:
            found = _source(work, source, block)
        except SourceError:  # another table of the model, of which that is said already
            continue
        if found is not None:
            counts[source] = _counted(work, found)
            held += _examples(work, found, counts[source])
    read = {source: sum(rules.values()) for source, rules in counts.items()}
    rows = [
        (source, rule, n)
        for source, rules in counts.items()
        for rule, n in sorted(rules.items())
        if rule != ACCEPTED
    ]
    return [*_suspects(work, counts), *over(workspace, name, rows, read, newest(held))]


def _counted(work: Work, source: Source) -> dict[str, int]:
    """Rows by rule, and lines that cannot be split."""
    rule = source.written.rows.c.rule
    statement = sa.select(rule, sa.func.count().label("rows")).group_by(rule)
    found = work.rows(f"judge {source.name}", statement)
    counts = {str(one["rule"]): int(one["rows"]) for one in found}
    return counts | dict(work.engine.quarantined(source.block.table))


def _examples(work: Work, source: Source, counts: Mapping[str, int]) -> Iterator[Held]:
    rules = {rule: n for rule, n in counts.items() if n and rule != ACCEPTED}
    yield from unsplit_lines(work, source.name, source.block, pd.Index(list(rules)))
    for rule in sorted(rules.keys() - work.engine.quarantined(source.block.table).keys()):
        yield from examples(work, source, rule, rules[rule])


def _suspects(work: Work, counts: Mapping[str, Mapping[str, int]]) -> tuple[Finding, ...]:
    try:
        suspects(work, counts)
    except SourceError as error:
        return error.findings
    return ()


def _source(work: Work, name: str, block: Block) -> Source | None:
    """A table as a run judges it; None for ready-made ones, which are judged elsewhere."""
    model = work.model
    keys: Keys | None = None
    if isinstance(block, Predictions):
        keys, rows = prediction_keys(work), spine.written(work, block)
    elif isinstance(block, Assignments):
        keys, rows = assignment_keys(work), units.written(work, block)
    elif isinstance(block, Outcomes):
        keys = prediction_keys(work) or assignment_keys(work)
        if keys is None:
            return None
        rows = outcomes.written(work, block, keys)
    elif isinstance(block, Panel):
        rows = panel_rows.written(work, block, model.panel_metrics)
    else:
        return None
    return Source(name, block, rows, None, culprits(work, model, block, keys), None)
