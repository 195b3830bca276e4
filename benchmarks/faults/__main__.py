"""Kills and races on both stores: ``python -m benchmarks.faults``."""

from __future__ import annotations

import argparse
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
from benchmarks.machine import machine
from benchmarks.results import Line, as_text

KILLS, RACERS = 1_000, 20


@contextmanager
def address(kind: str, folder: Path) -> Iterator[str]:
    """The address of a store that does not exist yet."""
    if kind == "sqlite":
        yield f"sqlite:///{folder}/values.db"
    else:
        with postgres() as url:
            yield url


def measure(kind: str, kills: int, racers: int) -> Iterator[Line]:
    """Lines of one kind of store."""
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


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; 1 when a run was torn or a race was not won by one.

    Args:
        arguments: Of the command line; None for those of the process.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faults", description=__doc__)
    parser.add_argument("--kills", type=int, default=KILLS, help="kills of each store")
    parser.add_argument("--racers", type=int, default=RACERS, help="writers at once")
    parser.add_argument("--store", choices=("sqlite", "postgresql"), action="append")
    chosen = parser.parse_args(arguments)
    described, lines = machine(), []
    for kind in chosen.store or ("sqlite", "postgresql"):
        lines += list(measure(kind, chosen.kills, chosen.racers))
    print(f"\n{described}\n\n{as_text(lines)}")
    return 0 if all(one.met is not False for one in lines) else 1


if __name__ == "__main__":
    sys.exit(main())
