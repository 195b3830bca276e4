"""Kill a refresh at any moment, then ask: are the figures whole, is the lock free, how soon?"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter, sleep
from types import TracebackType
from typing import Self

from benchmarks.faults import tiny
from valuekit.errors import StoreError
from valuekit.store import Store, commit, open_store

ROOT = Path(__file__).parents[2]
STEPS = ("begin", *(one.__name__ for one in commit.STEPS), "finish", "commit")
PATIENCE = 60.0  # seconds; a lock that is not free by then is a failure


class Nursery:
    """A process that forks refreshes of one workspace."""

    def __init__(self, workspace: Path) -> None:
        """Start it."""
        self._process = subprocess.Popen(  # noqa: S603 (our own module)
            [sys.executable, "-m", "benchmarks.faults.nursery", str(workspace)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=ROOT,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"},
        )

    def __enter__(self) -> Self:
        """The nursery."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End it and wait."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def start(self, step: str = "") -> int:
        """Fork a refresh, which dies after ``step`` if one is named; its process id."""
        self._say(f"run {step}")
        return int(self._heard("begun"))

    def storing(self) -> bool:
        """Wait until the run starts to store; False when it ended before."""
        return self._line()[0] == "storing"

    def wait(self) -> int:
        """Wait until the child has ended; its exit code, negative for a signal."""
        self._say("wait")
        return int(self._heard("ended"))

    def _say(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def _heard(self, word: str) -> str:
        while (line := self._line())[0] != word:
            pass
        return line[1]

    def _line(self) -> tuple[str, str]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline().split()
        if not line:
            raise RuntimeError("the nursery died")
        return line[0], line[1]


@dataclass
class Storm:
    """What became of the kills.

    Attributes:
        seconds: From each kill until the figures were read whole and the lock was taken again.
        torn: Descriptions of runs that left neither the old nor the new figures; none may.
        committed: Runs that had committed before they were killed.
        finished: Runs that had ended before they were killed.
        storing: Kills that fell between the start of storing and the end.
    """

    seconds: list[float] = field(default_factory=list)
    torn: list[str] = field(default_factory=list)
    committed: int = 0
    finished: int = 0
    storing: int = 0


def storm(workspace: Path, url: str, kills: int, seed: int = 1) -> Storm:
    """Refresh and kill, over and over.

    Half of the moments lie anywhere in a run, half between the start and the end of storing. The
    tables change before every run, so old and new figures differ.

    Args:
        workspace: What :func:`benchmarks.faults.tiny.make` made.
        url: Address of its store.
        kills: How many.
        seed: Of the moments.
    """
    rng, made = random.Random(seed), Storm()  # noqa: S311 (moments, no secrets)
    with Nursery(workspace) as nursery:
        whole, storing, known = _measured(nursery, workspace, url)
        shown = 1
        with open_store(url) as store:  # so that the run before each kill is a drill
            store.fail(_locked(store), "before the first kill", datetime.now(UTC), "drill")
        for number in range(kills):
            tiny.feed(workspace.parent, 1 - shown)
            at = _kill(nursery, made, rng, whole if number % 2 else None, storing)
            shown = _recovered(made, url, known, shown, at)
        tiny.feed(workspace.parent, 1 - shown)
        nursery.start()
        assert nursery.wait() == 0, "the run after the last kill failed"
        with open_store(url) as store:
            assert tiny.figures(store) == known[1 - shown], "it stored other figures"
    return made


def kill_at(nursery: Nursery, step: str) -> int:
    """Let a run die after a named step; the exit code."""
    nursery.start(step)
    return nursery.wait()


def _measured(nursery: Nursery, workspace: Path, url: str) -> tuple[float, float, dict[int, str]]:
    """Seconds of a whole run and of storing, undisturbed; the figures of both generations."""
    whole, storing, known = [], [], {}
    for generation in (0, 1, 0, 1):
        tiny.feed(workspace.parent, generation)
        began = perf_counter()
        nursery.start()
        nursery.storing()
        stored = perf_counter()
        assert nursery.wait() == 0, "a run that nobody killed failed"
        whole.append(perf_counter() - began)
        storing.append(perf_counter() - stored)
        with open_store(url) as store:
            found = tiny.figures(store)
        assert known.setdefault(generation, found) == found, "the same tables, other figures"
    assert known[0] != known[1], "other tables, the same figures"
    return min(whole[1:]), min(storing[1:]), known


def _kill(
    nursery: Nursery, made: Storm, rng: random.Random, whole: float | None, storing: float
) -> float:
    """Start a run and kill it; the moment of the kill."""
    child = nursery.start()
    if whole is not None:
        sleep(rng.uniform(0, whole))
    elif nursery.storing():
        made.storing += 1
        sleep(rng.uniform(0, storing))
    with suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    at = perf_counter()
    made.finished += nursery.wait() == 0
    return at


def _recovered(made: Storm, url: str, known: dict[int, str], shown: int, at: float) -> int:
    """Read the figures, take the lock, read them again; the generation that is shown now.

    A server may finish a transaction whose client is dead, so the second reading may be newer than
    the first; both must be whole, and the second what the run's state says.
    """
    with open_store(url) as store:
        first = _generation(store, known)
        number = _locked(store)
        made.seconds.append(perf_counter() - at)
        second, last = _generation(store, known), store.latest_run()
        store.fail(number, "only to see that the lock is free", datetime.now(UTC), "drill")
        killed = store.runs(2)[1]
    committed = last is not None and last.id == killed.id
    right = 1 - shown if committed else shown
    if second != right or first not in {shown, right} or killed.status == "running":
        made.torn.append(f"run {killed.id} is {killed.status}: read {first}, then {second}")
    made.committed += committed
    return right


def _generation(store: Store, known: dict[int, str]) -> int | None:
    found = tiny.figures(store)
    return next((one for one, figures in known.items() if figures == found), None)


def _locked(store: Store) -> int:
    """Begin a run as soon as the lock is free."""
    until = perf_counter() + PATIENCE
    while True:
        try:
            return store.begin("refresh", {}, datetime.now(UTC))
        except StoreError as error:
            codes = {one.code for one in error.findings}
            if not codes <= {"busy", "overtaken"} or perf_counter() > until:
                raise
