"""All facts of a generated model, pulled by the connector and written by hand, side by side."""

from __future__ import annotations

import gc
import resource
import statistics
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, process_time
from typing import TypeVar

from benchmarks.agreement import agree
from benchmarks.by_hand import pull_by_hand
from benchmarks.generate import MODEL, Made
from valuekit.source import Pull, open_connector

RATIO = 1.15  # the most that the pull may take, in times of the hand-written statements
PEAK = 1.2e9  # bytes
T = TypeVar("T")
_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


@dataclass(frozen=True, slots=True)
class Used:
    """Seconds by the clock, CPU seconds of all threads, most resident bytes."""

    seconds: float
    cpu: float
    peak: int


@dataclass(frozen=True, slots=True)
class Race:
    """Times and memory of both ways.

    Attributes:
        pulled: Seconds of each pull, opening and closing included.
        by_hand: Seconds of each run of the hand-written statements.
        cpu: CPU seconds of each pull, all threads.
        cpu_by_hand: The same by hand.
        peak: Most resident bytes of the process during the first pull.
        peak_by_hand: The same during the first run by hand.
        statements: Statement of the pull -> seconds, slowest first.
        hand_statements: The same of the hand-written ones.
    """

    pulled: tuple[float, ...]
    by_hand: tuple[float, ...]
    cpu: tuple[float, ...]
    cpu_by_hand: tuple[float, ...]
    peak: int
    peak_by_hand: int
    statements: tuple[tuple[str, float], ...]
    hand_statements: tuple[tuple[str, float], ...]

    @property
    def ratio(self) -> float:
        """Median seconds of the pull in medians of the hand-written statements."""
        return self.medians[0] / self.medians[1]

    @property
    def medians(self) -> tuple[float, float, float, float]:
        """Medians of pulled, by_hand, cpu and cpu_by_hand."""
        pulled, by_hand = statistics.median(self.pulled), statistics.median(self.by_hand)
        return pulled, by_hand, statistics.median(self.cpu), statistics.median(self.cpu_by_hand)


def race(made: Made, repetitions: int) -> Race:
    """Run both ways in turn, after showing that their numbers are the same.

    Raises:
        AssertionError: the two ways disagree.
    """
    pulls, hands = [], []
    statements: tuple[tuple[str, float], ...] = ()
    hand_statements: tuple[tuple[str, float], ...] = ()
    for turn in range(repetitions):
        pull, used = measured(pull_facts, made)
        pulls.append(used)
        hand, used = measured(pull_by_hand, made)
        hands.append(used)
        if turn == 0:
            agree(pull, hand)
        statements = _slowest((one.name, one.seconds) for one in pull.queries)
        hand_statements = _slowest(hand.seconds.items())
    return Race(
        pulled=tuple(one.seconds for one in pulls),
        by_hand=tuple(one.seconds for one in hands),
        cpu=tuple(one.cpu for one in pulls),
        cpu_by_hand=tuple(one.cpu for one in hands),
        peak=pulls[0].peak,  # later ones start with memory that the process kept
        peak_by_hand=hands[0].peak,
        statements=statements,
        hand_statements=hand_statements,
    )


def pull_facts(made: Made) -> Pull:
    """All facts, through the connector, from opening to closing it."""
    workspace, folder = made.loaded.workspace, made.loaded.folder
    connector = open_connector("lake", workspace.sources["lake"], folder, workspace)
    try:
        return connector.pull(workspace, MODEL, (), lambda _what, _share: None)
    finally:
        connector.close()


def measured(run: Callable[[Made], T], made: Made) -> tuple[T, Used]:
    """What a run returns, and what it used."""
    _reset_peak()
    began, cpu = perf_counter(), process_time()
    result = run(made)
    return result, Used(perf_counter() - began, process_time() - cpu, _peak())


def _slowest(seconds: Iterable[tuple[str, float]]) -> tuple[tuple[str, float], ...]:
    return tuple(sorted(seconds, key=lambda one: -one[1]))


def _reset_peak() -> None:
    gc.collect()
    if _CLEAR.exists():
        _CLEAR.write_text("5", encoding="ascii")  # see proc(5): resets the peak of resident memory


def _peak() -> int:
    """Most resident bytes since the reset; since the start of the process where there is none."""
    if not _STATUS.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    lines = dict(line.split(":", 1) for line in _STATUS.read_text().splitlines() if ":" in line)
    return int(lines["VmHWM"].split()[0]) * 1024
