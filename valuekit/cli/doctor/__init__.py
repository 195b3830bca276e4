"""Examine all that a refresh and the app need: file, sources, store, lock, clock, disk, age."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from valuekit.api import Workspace
from valuekit.cli.doctor.age import age
from valuekit.cli.doctor.disk import disk
from valuekit.cli.doctor.point import Point, failed
from valuekit.cli.doctor.sources import sources
from valuekit.cli.doctor.store import store
from valuekit.errors import ValuekitError
from valuekit.text import plural

__all__ = ["Point", "examine"]


def examine(path: Path, now: datetime | None = None) -> list[Point]:
    """Look at everything, stopping at a workspace that can't be read.

    Args:
        path: The workspace file.
        now: The moment, with a zone; default: this machine's clock.
    """
    moment = now or datetime.now(UTC)
    try:
        held = Workspace.load(path)
    except ValuekitError as error:
        found = error.findings[0]
        correct = "Correct the file, then run it again."
        remedy = found.remedy if found.code == "no_file" else correct
        return [replace(failed("workspace", error), remedy=remedy)]
    models = len(held.loaded.workspace.models)
    read, projected = sources(held)
    kept, opened = store(held, moment)
    return [
        Point("workspace", "ok", f"{path}: {plural(models, 'model')}"),
        *read,
        *kept,
        *(age(held, moment) if opened else ()),
        *disk(held, projected),
    ]
