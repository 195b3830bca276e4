"""What ``valuekit check`` says of data that end earlier than they did in the last good run.

A refresh finds it after its pull, and is refused. Here the days are those of the sources' own
fingerprints: files that are what they were are not read, and no row is judged. A source ends no
earlier than the rows of it that are used, so what is said here is what a refresh is refused for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pandas as pd

from valuekit.errors import Finding, SourceError
from valuekit.incremental.framed import framed
from valuekit.incremental.marks import Marks, behind, held_since
from valuekit.incremental.prints import NO_DAY
from valuekit.incremental.survey import Survey
from valuekit.pulling import Asked, planned
from valuekit.quarantine.limits import held_counts
from valuekit.quarantine.rules import RULES

if TYPE_CHECKING:
    from valuekit.source import Connector
    from valuekit.store.store import Store
    from valuekit.workspace.declare import Model
    from valuekit.workspace.load import Loaded


def ending_earlier(
    loaded: Loaded,
    store: Store,
    name: str,
    connector: Connector,
    checked: Sequence[Finding],
    now: datetime,
) -> tuple[Finding, ...]:
    """The findings that a refresh would be refused for, as warnings; the store is only read.

    Args:
        loaded: The workspace.
        store: Its value store.
        name: Name of the model.
        connector: The connector of its source.
        checked: What the check found, placed: rows that are held back are told of.
        now: The moment of the check.

    Returns:
        Nothing for a model that was never refreshed, or whose connector cannot tell what changed.

    Raises:
        StoreError: the store cannot be read.
    """
    before, latest = store.last_of(name), store.latest_run()
    if before is None or latest is None:
        return ()
    model, settings = loaded.workspace.models[name], loaded.workspace.workspace
    reached = settings.reached(max(now, latest.started))
    try:
        found = planned(loaded, store, name, connector, Asked(now=reached))
    except SourceError:  # the check itself says what is wrong with a table
        return ()
    if found is None:
        return ()
    day = pd.Timestamp(reached.astimezone(ZoneInfo(settings.timezone)).date())
    _, last, complete = framed(model, _as_used(model, found.survey, day))
    was, ends = Marks(before.last, before.complete_through), Marks(last, complete)
    place = loaded.place("models", name)
    decided = found.redeclared and not found.earlier
    if not behind(model, place, was, ends, decided=decided):
        return ()
    kept = held_counts(store.facts(name, "intake"))
    held = held_since(kept, _held(name, model, checked))
    told = behind(model, place, was, ends, decided=decided, held=held)
    return tuple(replace(one, severity="warning") for one in told)


def _as_used(model: Model, survey: Survey, reached: pd.Timestamp) -> pd.DataFrame:
    """Rows by source and day as an intake would have them if all were used, without later ones."""
    rows = [
        (role, "credited" if role == "outcomes" else "accepted", day, one.rows)
        for role, table in survey.tables.items()
        for day, one in table.days.items()
        if day != NO_DAY
    ]
    made = pd.DataFrame(rows, columns=["source", "rule", "day", "rows"])
    made["day"] = made["day"].to_numpy(dtype="datetime64[s]")  # any year that is written
    ahead = made["day"] > reached
    if model.task == "forecast":  # the days that are forecast lie ahead
        ahead &= made["source"] != "predictions"
    return made[~ahead]


def _held(name: str, model: Model, checked: Sequence[Finding]) -> Mapping[tuple[str, str], int]:
    """Source and rule -> the rows of which a check says that they are held back."""
    found: dict[tuple[str, str], int] = {}
    for one in checked:
        rule = RULES.get(one.code)
        if rule is None or rule.fate != "quarantined":
            continue
        for role in model.blocks:
            if f"models.{name}.{role}" in one.place:
                found[role, one.code] = found.get((role, one.code), 0) + (one.rows or 0)
                break
    return found
