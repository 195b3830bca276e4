"""A private folder for temporary files that outlives nobody for long.

A process that is killed cannot tidy up, and what a large pull keeps between its statements may be
gigabytes: on a machine that kills a refresh night after night they would fill the disk. So every
folder holds a file that its process has locked. The system frees the lock when the process is gone,
however it went, and the next one that makes a folder removes those whose lock is free.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

if sys.platform != "win32":
    import fcntl

_PREFIX = "valuekit-"
_MARK = ".valuekit-in-use"


class Scratch:
    """A folder below the system's one for temporary files (`TMPDIR`), readable for its user only.

    Attributes:
        path: Where it is.
    """

    def __init__(self) -> None:
        """Make it, once those of processes that are gone are removed."""
        _tidy(Path(tempfile.gettempdir()))
        self.path = Path(tempfile.mkdtemp(prefix=_PREFIX))
        self._held = _marked(self.path)

    def remove(self) -> None:
        """Remove it with all that is in it; twice does no harm."""
        _remove(self.path)
        if self._held is not None:
            os.close(self._held)
            self._held = None

    def __enter__(self) -> Path:
        """Its path."""
        return self.path

    def __exit__(self, *_error: object) -> None:
        """Remove it."""
        self.remove()


def _marked(folder: Path) -> int | None:
    """The locked mark of a folder; None where its system knows no such locks, or has no room."""
    if sys.platform == "win32":
        return None
    made = folder / f"{_MARK}-new"
    try:
        held = os.open(made, os.O_CREAT | os.O_RDWR, 0o600)
    except OSError:
        return None
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        made.rename(folder / _MARK)  # locked before others can find it
    except OSError:
        os.close(held)
        return None
    return held


def _tidy(base: Path) -> None:
    """Remove the folders of this user whose process is gone."""
    if sys.platform == "win32":
        return
    for folder in _folders(base):
        with suppress(OSError):  # another process tidies up, too, or it has no mark: not ours
            held = os.open(folder / _MARK, os.O_RDWR | os.O_NOFOLLOW)
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _remove(folder)
            finally:
                os.close(held)


def _remove(folder: Path) -> None:
    """Remove a folder, its mark last: who is killed meanwhile leaves what the next one finds."""
    with suppress(OSError):
        for one in folder.iterdir():
            if one.name != _MARK and one.is_dir() and not one.is_symlink():
                shutil.rmtree(one, ignore_errors=True)
            elif one.name != _MARK:
                one.unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)


def _folders(base: Path) -> Iterator[Path]:
    user = os.geteuid()
    with suppress(OSError), os.scandir(base) as found:
        for one in found:
            if not one.name.startswith(_PREFIX) or not one.is_dir(follow_symlinks=False):
                continue
            if one.stat(follow_symlinks=False).st_uid == user:
                yield Path(one.path)
