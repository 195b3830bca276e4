"""Kills and races on both stores: ``python -m benchmarks --only faults``."""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.faults import tiny
from benchmarks.faults.kills import STEPS, Nursery, kill_at, storm
from benchmarks.faults.race import race
from benchmarks.faults.server import postgres
from benchmarks.results import Line

STORES = ("sqlite", "postgresql")
KILLS, RACERS = 1_000, 20


@contextmanager
def address(kind: str, folder: Path) -> Iterator[str]:
    """The address of a store that does not exist yet."""
    if kind == "sqlite":
        yield f"sqlite:///{folder}/values.db"
    else:
        with postgres() as url:
            yield url


def drill(kind: str, kills: int, racers: int = RACERS) -> Iterator[Line]:
    """Kill and race refreshes on one kind of store.

    Args:
        kind: One of :data:`STORES`.
        kills: How many.
        racers: Writers at once.
    """
    with tempfile.TemporaryDirectory(prefix="vk-faults-") as name, address(kind, Path(name)) as url:
        workspace = tiny.make(Path(name), url)
        found = storm(workspace, url, kills)
        for one in found.torn:
            print(f"{kind}: TORN: {one}", file=sys.stderr)
        seconds = sorted(found.seconds)
        yield Line(
            f"{kind}: {kills:,} kills at random moments, {found.storing:,} while storing",
            f"{len(found.torn)} torn",
            f"{found.committed} had committed, {found.finished} had ended",
            "",
            "0 torn",
            not found.torn,
        )
        yield Line(
            f"{kind}: from the kill to whole figures read and the lock taken",
            f"p50 {statistics.median(seconds) * 1000:.0f} ms",
            f"max {seconds[-1] * 1000:.0f} ms",
        )
        with Nursery(workspace) as nursery:
            codes = {kill_at(nursery, step) for step in STEPS}
        yield Line(f"{kind}: killed at {len(STEPS)} named steps", f"exit {sorted(codes)}")
        raced = race(url, racers)
        yield Line(
            f"{kind}: {racers} racing writers",
            f"{raced.winners} winner",
            f"{raced.told} told who holds the lock since when",
            "",
            f"1 winner, {racers - 1} told",
            raced.winners == 1 and raced.told == racers - 1,
        )
