"""1,000 models over three years in the store: its size, and what reads it: ``--only store``."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, process_time

from benchmarks.books import FIRST
from benchmarks.long_store import Made, as_toml, surveyed
from benchmarks.results import Line
from valuekit.api import Workspace
from valuekit.incremental.plan import plan
from valuekit.kept import Kept, known
from valuekit.portfolio import portfolio
from valuekit.workspace.load import load

BYTES = 25_000  # the most that a model may take per version and day, segment `all`
PORTFOLIO = 0.05  # seconds that the figures of all models may take
PLANNING = 2.0  # seconds that the plans of all models may take, sources not read
_TIMES = 15


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds by the clock and of the processor, medians."""

    wall: float
    cpu: float

    @property
    def words(self) -> str:
        """Both, in milliseconds."""
        return f"{self.wall * 1000:,.0f} ms, {self.cpu * 1000:,.0f} ms CPU"


@dataclass(frozen=True, slots=True)
class Read:
    """What reading a store took.

    Attributes:
        warm: Portfolio figures, a line for each model and their holdouts, process and file warm.
        cold: The same when the file has to come from the disk.
        cards: All scorecards read and added up, as it was done before runs kept the sums.
        restart: `valuekit show` from nothing to its end.
        kept: Surveys and last runs of all models read from the store.
        plans: Surveys unpacked, compared with today's, and planned.
        rows: Rows that the plans would read, counted for the table of a dry run.
        bytes: Size of the store.
    """

    warm: Spent
    cold: Spent
    cards: Spent
    restart: Spent
    kept: Spent
    plans: Spent
    rows: Spent
    bytes: int


def measure(made: Made, days: int) -> Read:
    """Read a made store in every way that has a limit."""
    file = made.path.with_name("valuekit.toml")
    file.write_text(as_toml(made.workspace), encoding="utf-8")
    space = Workspace(load(file))
    space.overview("year")  # imports
    warm = _median(lambda: space.overview("year"))
    cold = _median(lambda: space.overview("year"), before=lambda: _forget(made.path))
    cards = _median(lambda: portfolio(tuple(space.scorecards().values()), "year"), times=3)
    size = made.path.stat().st_size
    return Read(warm, cold, cards, _restart(file), *_planning(space, days), size)


def _planning(space: Workspace, days: int) -> tuple[Spent, Spent, Spent]:
    """Plans of all models when a new day has come in both tables of each."""
    models = space.loaded.workspace.models
    today = {name: surveyed(days + 1) for name in models}  # of each its own: a survey keeps sums
    with space.store() as store:
        kept = Kept.of(store)
        reading = _median(lambda: Kept.of(store), times=5)

        def plans() -> list[object]:
            return [
                plan(model, known(store, name, kept), today[name]) for name, model in models.items()
            ]

        first = next(iter(models))
        found = plan(models[first], known(store, first, kept), today[first])
        if found.whole or not found.ranges or found.first != FIRST:
            raise RuntimeError(f"not the plan of a new day: {found.whole or found.ranges}")
        planning = _median(plans, times=3)
    counting = _median(lambda: [(found.rows, found.size, found.days) for _ in models], times=3)
    return reading, planning, counting


def _median(
    work: Callable[[], object], *, times: int = _TIMES, before: Callable[[], None] | None = None
) -> Spent:
    found = []
    for _ in range(times):
        if before is not None:
            before()
        began, worked = perf_counter(), process_time()
        work()
        found.append((perf_counter() - began, process_time() - worked))
    return Spent(*(statistics.median(one) for one in zip(*found, strict=True)))


def _forget(path: Path) -> None:
    """Have the system drop its copy of the file."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _restart(file: Path) -> Spent:
    """A new process that shows the portfolio."""
    command = [
        sys.executable,
        "-c",
        "from valuekit.cli import main; main()",
        "show",
        "-w",
        str(file),
    ]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603  our own command
    seconds = perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Spent(seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def lines(made: Made, days: int) -> Iterator[Line]:
    """Size of a made store and what reading it took, beside the limits."""
    kind, (by_day, by_month) = max(made.sizes.items(), key=lambda one: one[1][1])
    yield Line(
        f"store, bytes per model, version and day, the largest kind ({kind})",
        f"{by_month:,.0f} B",
        f"all bins by day {by_day:,.0f} B",
        f"{by_month / by_day:.2f}",
        f"{BYTES:,} B",
        by_month <= BYTES,
    )
    sizes = ", ".join(f"{name} {day:,.0f} / {month:,.0f}" for name, (day, month) in
                      sorted(made.sizes.items()))  # fmt: skip
    yield Line("the same by kind, bins by day / by month", f"{sizes} B")
    found = measure(made, days)
    what = f"{len(made.workspace.models):,} models x {days:,} days in {found.bytes / 1e9:.1f} GB"
    limit, cards = f"{PORTFOLIO * 1000:g} ms", f"all scorecards {found.cards.words}"
    yield Line(
        f"portfolio figures, {what}",
        found.warm.words,
        cards,
        f"{found.warm.wall / found.cards.wall:.3f}",
        limit,
        found.warm.wall <= PORTFOLIO,
    )
    cold = found.cold
    yield Line("the same, file not in memory", cold.words, "", "", limit, cold.wall <= PORTFOLIO)
    yield Line("`valuekit show` from start to end", found.restart.words)
    whole = found.kept.wall + found.plans.wall + found.rows.wall
    yield Line(
        f"plans of {len(made.workspace.models):,} models after a new day, sources surveyed already",
        f"{whole:.2f} s",
        f"read {found.kept.words}; plan {found.plans.words}; count rows {found.rows.words}",
        "",
        f"{PLANNING:g} s",
        whole <= PLANNING,
    )
    yield Line("a scorecard in the store, per model and run", f"{made.cards / 1000:.1f} kB")
