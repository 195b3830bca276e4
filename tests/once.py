"""What is made once for all processes of a test run, however many share its tests out."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import PROJECT


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """A folder that the first process to ask fills, and the others wait for; only to be read.

    Args:
        factory: Of temporary folders.
        name: Of the folder.
        make: Fills it.
    """
    base = factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder, done = base / f"once-{name}", base / f"once-{name}.done"
    with (base / f"once-{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)  # another process failed on its way
            folder.mkdir()
            make(folder)
            done.touch()
    return folder


def sample(factory: pytest.TempPathFactory) -> Path:
    """The workspace file of the sample, refreshed by the command."""

    def made(folder: Path) -> None:
        left = shutil.ignore_patterns("*.db*", "*.py")
        shutil.copytree(PROJECT / "sample_data", folder, ignore=left, dirs_exist_ok=True)
        command = [sys.executable, "-c", "from valuekit.cli import main; main()", "refresh"]
        where = ["--workspace", str(folder / "valuekit.toml")]
        subprocess.run([*command, *where], check=True, cwd=PROJECT, stdout=subprocess.DEVNULL)

    return once(factory, "sample", made) / "valuekit.toml"
