"""The command as a process: forked from one that has imported everything, or started anew."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import tempfile
from functools import cache
from multiprocessing.context import ForkServerContext
from pathlib import Path

_MAIN = "from valuekit.cli import main; main()"
# What the child does, as text: the server that forks it does not find the tests by name.
_CHILD = """
import os, sys
for number, path in ((1, out), (2, err)):
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(file, number)
    os.close(file)
os.chdir(cwd)
os.environ.clear()
os.environ.update(environment)
sys.argv = ["valuekit", *words]
from valuekit.cli import main
main()
"""
_LOADED = [
    *("valuekit.cli", "valuekit.refresh", "connectors.duckdb", "connectors.sql.pull"),
    *("alembic.config", "alembic.runtime.environment", "alembic.script"),
]

Done = subprocess.CompletedProcess[str]


def run(*words: str, cwd: Path | None = None) -> Done:
    """Run the command in a process of its own, which need not import anything."""
    with tempfile.TemporaryDirectory() as folder:
        out, err = (Path(folder) / name for name in ("out", "err"))
        given = {"words": words, "out": out, "err": err, "environment": dict(os.environ)}
        given["cwd"] = str(cwd or Path.cwd())
        code = forked(_CHILD, **given)
        texts = [one.read_text(encoding="utf-8") if one.exists() else "" for one in (out, err)]
    return sound(subprocess.CompletedProcess(words, code, *texts))


def start(*words: str, cwd: Path | None = None) -> Done:
    """Run the command as a terminal does, imports and all."""
    command = [sys.executable, "-c", _MAIN, *words]
    return sound(
        subprocess.run(
            command, capture_output=True, text=True, cwd=cwd, check=False, encoding="utf-8"
        )
    )


def forked(code: str, **given: object) -> int:
    """Run some code, in which names are given, in a process of its own; its exit code."""
    child = _server().Process(target=exec, args=(code, given))
    child.start()
    child.join()
    return child.exitcode or 0


def sound(done: Done) -> Done:
    """What a command did; it never shows a trace."""
    assert "Traceback" not in done.stdout + done.stderr, done.stderr
    assert "nobody foresaw" not in done.stderr, done.stderr
    return done


@cache
def _server() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_LOADED)
    return context
