"""Whether the disks have room for a refresh: the store, its log, temporary files."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from valuekit.api import Workspace
from valuekit.cli.doctor.point import Point
from valuekit.errors import ValuekitError
from valuekit.store.connect import address, file_of
from valuekit.text import megabytes

_TEMP = "disk for temporary files"
_TEMPORARY = 500_000_000  # bytes that engines and libraries should find for temporary files


def disk(held: Workspace, projected: int | None) -> list[Point]:
    """Points of the folder of a store in a file, and of the folder for temporary files.

    A run's facts pass through the write-ahead log before they are in the file, so a run may need
    twice their projected size while it is stored.

    Args:
        held: The workspace.
        projected: Bytes that all facts take in the store; None when it is not known.
    """
    points = [_room(_TEMP, Path(tempfile.gettempdir()), _TEMPORARY, 0)]
    try:
        path = file_of(address(held.loaded.store_url))
    except ValuekitError:
        return points  # the store's own point says it
    if path is not None:
        size = projected or 0
        points.append(_room("disk of the store", path.parent, 2 * size, size))
    return points


def _room(what: str, folder: Path, wanted: int, needed: int) -> Point:
    """Room in a folder: failed below what is needed, a warning below what is wanted."""
    try:
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return Point(what, "failed", f"{folder}: {error.strerror}", "Make the folder.")
    other = "point TMPDIR to a larger disk" if what == _TEMP else "name a store on a larger one"
    said = f"{folder}: {megabytes(free)} free, a refresh may need {megabytes(wanted)}"
    if free < max(needed, 1):
        return Point(what, "failed", said, f"Free some space there, or {other}.")
    if free < wanted:
        return Point(
            what, "warning", said, f"Free some space there before the next refresh, or {other}."
        )
    return Point(what, "ok", said)
