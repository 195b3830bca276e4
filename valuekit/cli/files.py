"""Write a file whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from valuekit.errors import Finding, StoreError
from valuekit.running import heed


def write_atomically(path: Path, data: bytes) -> None:
    """Write beside the target, flush to disk, then rename over it.

    Raises:
        StoreError: when the folder is missing, not writable or full; nothing is left behind.
    """
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise StoreError(_failed(path, error)) from error
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        # mkstemp makes private files; a report is as readable as any other the user writes.
        mask = os.umask(0)
        os.umask(mask)
        Path(name).chmod(0o666 & ~mask)
        heed()
        Path(name).replace(path)
    except BaseException as error:
        Path(name).unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise StoreError(_failed(path, error)) from error
        raise


def free(path: Path, *, force: bool) -> Path:
    """A path at which no file is, or one that may be replaced: the rule of all that is written.

    Raises:
        StoreError: a file is there, and nobody said that it may be replaced.
    """
    if path.exists() and not force:
        raise StoreError(
            Finding(
                place=str(path),
                value="",
                rule="the file exists already",
                remedy="Choose another place with --out, or replace it with --force.",
                code="file_exists",
            )
        )
    return path


def _failed(path: Path, error: OSError) -> Finding:
    return Finding(
        place=str(path),
        value=error.strerror or "",
        rule="the file cannot be written",
        remedy="Choose another place with --out, or free space.",
        code="write_failed",
    )
