"""Whether every source opens and holds what its models declare."""

from __future__ import annotations

from valuekit.api import Workspace
from valuekit.cli.doctor.point import Point, failed
from valuekit.errors import ValuekitError
from valuekit.source import Check, open_connector
from valuekit.text import plural


def sources(held: Workspace) -> tuple[list[Point], int | None]:
    """A point a source and a point a model; the projected bytes of all facts in the store.

    Returns:
        The points, and None for the bytes when those of a model are not known.
    """
    points, total = [], 0
    known = True
    for name in held.loaded.workspace.sources:
        opened = _source(held, name)
        points.append(opened)
        if opened.state == "failed":
            known = False
            continue
        for model in held.loaded.workspace.models:
            if held.source_of(model) != name:
                continue
            point, size = _model(held, model)
            points.append(point)
            known &= size is not None
            total += size or 0
    return points, total if known else None


def _source(held: Workspace, name: str) -> Point:
    workspace = held.loaded.workspace
    try:
        open_connector(name, workspace.sources[name], held.loaded.folder, workspace).close()
    except ValuekitError as error:
        return failed(f"source {name}", error)
    return Point(f"source {name}", "ok", f"{workspace.sources[name].kind} opens read-only")


def _model(held: Workspace, model: str) -> tuple[Point, int | None]:
    what = f"tables of {model}"
    try:
        found = held.check([model], past=False)[model]
    except ValuekitError as error:
        return failed(what, error), None
    wrong = [one for one in found.findings if one.severity == "error"]
    if wrong:
        said = f"{plural(len(wrong), 'error')}, the first: {wrong[0]}"
        return Point(what, "failed", said, "Run: valuekit check"), found.store_bytes
    return Point(what, "ok", _rows(found)), found.store_bytes


def _rows(found: Check) -> str:
    rows = [f"{row['table']} {int(row['rows']):,} rows" for _, row in found.profile.iterrows()]
    return ", ".join(rows) or "no table"
