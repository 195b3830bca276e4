"""How old the figures of each model are: its last good run, and a later one that failed.

A run of some models leaves the figures of the others as old as they were, and a run that failed is
not made good by a later run of other models.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import sqlalchemy as sa

from valuekit.journal import GONE, KILLED
from valuekit.store import tables
from valuekit.store.history import current_run_of_models
from valuekit.store.records import Age, Failure, RunRecord
from valuekit.store.register import RUN

_AT = sa.func.coalesce(tables.runs.c.finished, tables.runs.c.started)


def ages(connection: sa.Connection) -> dict[str, Age]:
    """Model -> the good run that its figures are of, and the newest failed one after it."""
    current = current_run_of_models(connection, None)
    run = tables.runs
    query = sa.select(run.c.id, _AT).where(run.c.id.in_(set(current.values())))
    made = {int(number): at for number, at in connection.execute(query)}
    found = {model: Age(model, number, made[number]) for model, number in current.items()}
    for model, failure in _failures(connection, found):
        found[model] = replace(found[model], failed=failure)
    return found


def with_killed(found: dict[str, Age], runs: Iterable[RunRecord]) -> dict[str, Age]:
    """The same, with runs that lost their process and are still noted as running, newest first."""
    made = dict(found)
    for run in sorted(runs, key=lambda one: one.id):
        asked = run.parameters.get("models")
        failure = Failure(run.id, run.started, GONE, killed=True)
        for name, one in found.items():
            newest = max(one.run, one.failed.run if one.failed else 0)
            if run.id > newest and (not isinstance(asked, list) or name in asked):
                made[name] = replace(one, failed=failure)
    return made


def _failures(connection: sa.Connection, found: dict[str, Age]) -> Iterator[tuple[str, Failure]]:
    """The newest failed run of each model that was asked for it after its good one."""
    run = tables.runs
    query = (
        sa.select(run.c.id, _AT, run.c.started, run.c.message, run.c.cause, run.c.parameters)
        .where(run.c.status == "failed", run.c.kind != RUN)
        .where(run.c.id > min((one.run for one in found.values()), default=0))
        .order_by(run.c.id.desc())
    )
    waiting = dict(found)
    for number, at, began, message, cause, parameters in connection.execute(query):
        asked = parameters.get("models")  # null where the run was asked for all
        # Newest first: a model whose good run is newer than this one has not failed since.
        waiting = {name: one for name, one in waiting.items() if one.run < number}
        hit = [name for name in waiting if asked is None or name in asked]
        killed = cause == KILLED
        failure = Failure(int(number), began if killed else at, message, killed)
        yield from ((name, failure) for name in hit)
        for name in hit:
            del waiting[name]
        if not waiting:
            return
