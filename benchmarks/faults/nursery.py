"""A process that forks refreshes on demand: ``python -m benchmarks.faults.nursery WORKSPACE``.

It imports everything once, so that a thousand runs do not import it a thousand times. Words on
standard input: ``run`` starts a child, ``run STEP`` one that kills itself after that step, ``wait``
waits for it. On standard output: ``begun PID``, ``storing PID``, and ``ended CODE``.
"""

from __future__ import annotations

import gc
import importlib
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from valuekit.api import Workspace
from valuekit.errors import ValuekitError
from valuekit.store import Store, commit
from valuekit.store.connect import address

# What a refresh imports as it goes; imported before the forks, not in each.
LOADED = (
    *("valuekit.refresh", "connectors.duckdb", "connectors.sql.pull", "connectors.sql.survey"),
    *("alembic.config", "alembic.runtime.environment", "alembic.script", "pyarrow.pandas_compat"),
)


def dying(step: Callable[..., object]) -> Callable[..., object]:
    """The same step, and then the end."""

    def made(*words: object, **names: object) -> object:
        step(*words, **names)
        os.kill(os.getpid(), signal.SIGKILL)
        return None

    return made


def arm(step: str) -> None:
    """Let the run die after a named step of its transaction, after its begin or its commit."""
    if step == "finish":
        commit.finish = dying(commit.finish)
    elif step in {"begin", "commit"}:
        setattr(Store, step, dying(getattr(Store, step)))
    else:
        steps = [dying(one) if one.__name__ == step else one for one in commit.STEPS]
        commit.STEPS = tuple(steps)


def say(word: str) -> None:
    """One line, at once."""
    os.write(1, f"{word} {os.getpid()}\n".encode())


def refresh(path: Path) -> int:
    """One refresh, with its exit code."""

    def progress(_model: str, text: str, _share: float) -> None:
        if text == "storing":
            say("storing")

    say("begun")
    try:
        Workspace.load(path).refresh(progress=progress, accept_gone=True)
    except ValuekitError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def main(path: Path) -> None:
    """Serve until standard input ends."""
    for name in LOADED:
        importlib.import_module(name)
    address(Workspace.load(path).loaded.store_url).get_dialect().import_dbapi()
    gc.freeze()  # no child looks through what is shared with it: that would copy it
    child = 0
    for line in sys.stdin:
        word, *steps = line.split()
        if word == "run":
            child = os.fork()
            if child == 0:
                for step in steps:
                    arm(step)
                code = refresh(path)
                say("over")
                os._exit(code)
        else:
            _, status = os.waitpid(child, 0)
            os.write(1, f"ended {os.waitstatus_to_exitcode(status)}\n".encode())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
