"""Registrations that a person makes: what is to be measured, written down before it starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import sqlalchemy as sa

from valuekit import __version__
from valuekit.store import tables

if TYPE_CHECKING:
    from datetime import datetime

    from valuekit.source import Registered

RUN = "register"  # kind of the run that carries them; it has no figures and is never shown


def register(
    connection: sa.Connection,
    items: Sequence[Registered],
    parameters: Mapping[str, object],
    at: datetime,
) -> int:
    """Append registrations under a run of their own; its id.

    Args:
        connection: Writing.
        items: What is registered.
        parameters: Who asked for what; JSON-ready.
        at: Now, with a zone.
    """
    run = connection.execute(
        sa.insert(tables.runs)
        .values(
            kind=RUN,
            started=at,
            finished=at,
            status="ok",
            complete=False,
            parameters=dict(parameters),
            workspace_hash="",
            valuekit_version=__version__,
            seconds=0.0,
            rows_read=0,
            fact_rows=0,
            message="",
        )
        .returning(tables.runs.c.id)
    ).scalar_one()
    connection.execute(
        sa.insert(tables.registrations),
        [
            {
                "run": run,
                "model": one.model,
                "kind": one.kind,
                "name": one.name,
                "day": one.day,
                "content": dict(one.content),
            }
            for one in items
        ],
    )
    return int(run)
