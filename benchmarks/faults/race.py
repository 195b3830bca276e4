"""Many processes that begin a run at the same moment: one wins, the others are told who."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import alembic.config
import alembic.runtime.environment
import alembic.script  # noqa: F401 (imported before the forks, not by every racer)

from valuekit.errors import StoreError
from valuekit.store import open_store

ROOT = Path(__file__).parents[2]
_TOLD = re.compile(r"is running: run \d+, process \d+ on .+, since \d{4}-\d\d-\d\d [\d:]{8} UTC")


@dataclass(frozen=True, slots=True)
class Raced:
    """What the racers said.

    Attributes:
        winners: Who began a run.
        told: Who was refused, and told the run, process and moment that hold the lock.
        other: What anybody else said.
    """

    winners: int
    told: int
    other: tuple[str, ...]


def race(url: str, racers: int) -> Raced:
    """Let processes race for a store, which need not exist yet.

    Args:
        url: Its address.
        racers: How many.
    """
    done = subprocess.run(  # noqa: S603 (our own module)
        [sys.executable, "-m", "benchmarks.faults.race", url, str(racers)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    said: list[str] = json.loads(done.stdout)
    won = [one for one in said if one == "won"]
    told = [one for one in said if _TOLD.search(one)]
    other = tuple(one for one in said if one not in won and one not in told)
    return Raced(len(won), len(told), other)


def _racer(url: str, start: int, tell: int, over: int) -> None:
    """Wait for the start, try to begin, say how it went; the winner holds on to the end."""
    os.read(start, 1)
    try:
        with open_store(url, create=True) as store:
            number = store.begin("refresh", {}, datetime.now(UTC))
            os.write(tell, b"won\n")
            os.read(over, 1)
            store.fail(number, "the race is over", datetime.now(UTC), "drill")
    except StoreError as error:
        os.write(tell, str(error).replace("\n", " ").encode()[:2000] + b"\n")


def main(url: str, racers: int) -> None:
    """Fork the racers, start them together, print what they said as JSON."""
    (start, go), (heard, tell), (over, end) = os.pipe(), os.pipe(), os.pipe()
    children = []
    for _ in range(racers):
        child = os.fork()
        if child == 0:
            os.close(go)  # else the racers would keep the start from themselves
            os.close(end)
            _racer(url, start, tell, over)
            os._exit(0)
        children.append(child)
    os.close(tell)
    os.close(go)  # the end of the file wakes them all at once
    with os.fdopen(heard, encoding="utf-8") as lines:
        said = [lines.readline().strip() for _ in range(racers)]
    os.close(end)
    for child in children:
        os.waitpid(child, 0)
    print(json.dumps(said))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
