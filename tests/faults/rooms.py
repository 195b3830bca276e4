"""Places that are too small or may not be written, really so: by mount, by limit, by right."""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.cli import commands

ROOT = Path(__file__).parents[2]
_RIGHTS = "-dac_override,-dac_read_search"  # what lets root write where its own mode forbids it


@functools.cache
def can_mount() -> bool:
    """Whether this user may mount a file system in memory."""
    with tempfile.TemporaryDirectory() as name:
        try:
            mount(Path(name), 1)
        except (OSError, subprocess.CalledProcessError):
            return False
        unmount(Path(name))
        return True


def mount(folder: Path, megabytes: int) -> None:
    """A file system in memory, of a size."""
    options = f"size={megabytes}m,mode=0777"
    words = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    subprocess.run(words, check=True, capture_output=True)


def unmount(folder: Path) -> None:
    subprocess.run(["umount", str(folder)], check=True, capture_output=True)


def remount(folder: Path, mode: str) -> None:
    """Let a mounted file system be read only (``ro``), or written again (``rw``)."""
    words = ["mount", "-o", f"remount,{mode}", str(folder)]
    subprocess.run(words, check=True, capture_output=True)


@contextlib.contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """A mounted file system below a folder, gone afterwards."""
    made = folder / "small"
    made.mkdir()
    mount(made, megabytes)
    try:
        yield made
    finally:
        unmount(made)


def fill(folder: Path, leave: int) -> Path:
    """A ballast file that leaves only so many bytes free."""
    ballast = folder / "ballast"
    with ballast.open("wb") as file:
        free = shutil.disk_usage(folder).free - leave
        for size in (free, 4096, 1):
            with contextlib.suppress(OSError):
                os.posix_fallocate(file.fileno(), 0, max(size, 1))
                break
    return ballast


def valuekit(
    *words: str,
    prefix: tuple[str, ...] = (),
    first: Callable[[], None] | None = None,
) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, never with a trace; started anew where it is limited."""
    if not prefix and first is None:
        return commands.run(*words)
    done = subprocess.run(
        [*prefix, sys.executable, "-c", "from valuekit.cli import main; main()", *words],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        preexec_fn=first,
    )
    return commands.sound(done)


def without_rights() -> tuple[str, ...]:
    """What makes a command obey the modes of files, as every user but root does."""
    if os.geteuid() != 0:
        return ()
    return ("setpriv", f"--bounding-set={_RIGHTS}", f"--inh-caps={_RIGHTS}", "--")
