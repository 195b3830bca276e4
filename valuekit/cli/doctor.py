"""Examine a workspace's surroundings: file, sources, store, disk, freshness."""

from __future__ import annotations

import shutil
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from valuekit.api import Workspace
from valuekit.errors import ValuekitError
from valuekit.source import open_connector
from valuekit.text import plural

if TYPE_CHECKING:
    from valuekit.store import RunRecord

_LOW_DISK = 500_000_000  # bytes; a refresh needs room for its temporary files
_STALE_DAYS = 2


@dataclass(frozen=True, slots=True)
class Point:
    """One thing looked at."""

    what: str
    state: Literal["ok", "warning", "failed"]
    finding: str
    remedy: str = ""

    def as_dict(self) -> dict[str, str]:
        """The point as JSON-ready text fields."""
        return asdict(self)


def examine(path: Path) -> list[Point]:
    """Look at everything a refresh and the app need, stopping at a workspace that can't be read."""
    try:
        held = Workspace.load(path)
    except ValuekitError as error:
        return [
            Point(
                "workspace",
                "failed",
                str(error),
                "Correct the file, then run it again.",
            )
        ]
    models = len(held.loaded.workspace.models)
    points = [Point("workspace", "ok", f"{path}: {plural(models, 'model')}")]
    points += [_source(held, name) for name in held.loaded.workspace.sources]
    points += _store(held)
    points.append(_disk(held.loaded.folder))
    return points


def _source(held: Workspace, name: str) -> Point:
    workspace = held.loaded.workspace
    try:
        open_connector(name, workspace.sources[name], held.loaded.folder, workspace).close()
    except ValuekitError as error:
        return Point(
            f"source {name}",
            "failed",
            str(error),
            "Correct [sources] in the workspace.",
        )
    return Point(f"source {name}", "ok", f"{workspace.sources[name].kind} opens read-only")


def _store(held: Workspace) -> list[Point]:
    """The age of the last good run, and what it found that belongs to no single model."""
    try:
        run = held.last_run()
    except ValuekitError as error:
        return [Point("store", "failed", str(error), "Run: valuekit refresh")]
    found = [
        Point(
            one.place,
            "ok" if one.severity == "info" else "warning",
            f"{one.value}: {one.rule}",
            one.remedy,
        )
        for one in run.findings
    ]
    return [_age(run), *found]


def _age(run: RunRecord) -> Point:
    finished = run.finished or run.started
    age = datetime.now(UTC) - finished
    text = f"run {run.id} finished {finished:%Y-%m-%d %H:%M} UTC"
    if age.days >= _STALE_DAYS:
        return Point("store", "warning", f"{text}, {age.days} days ago", "Run: valuekit refresh")
    return Point("store", "ok", text)


def _disk(folder: Path) -> Point:
    free = shutil.disk_usage(folder).free
    text = f"{free / 1e9:.1f} GB free"
    if free < _LOW_DISK:
        return Point("disk", "warning", text, "Free at least 0.5 GB for temporary files.")
    return Point("disk", "ok", text)
