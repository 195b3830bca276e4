"""New days on years of history, beside a refresh of everything: ``--only incremental``.

Files lie by day, as lakes keep them. A new day brings its predictions and the outcomes that
happened on it; the days that depend on them are computed again. Several come one after another,
each followed by a run without news, with a full refresh before and after: what a day costs beyond
such a run is under a second, and a machine that others use too is too unsteady to tell it from one.
"""

from __future__ import annotations

import gc
import statistics
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter, process_time, sleep

import duckdb

from valuekit.api import Workspace
from valuekit.store.records import RunOutcome

DAYS = 3 * 365
WINDOW = 30
FACTOR = 1.5  # the most that a new day may take, in times of its share of days
_START = "TIMESTAMP '2023-01-01'"
NIGHTS = 15  # new days, each by itself: of 7 the median differs by a fifth between runs
FEW = 10  # rows a day of files that are there for what a new day takes however few it has
_SETTLED = 3  # seconds after which a file is taken as finished; a younger one is read twice
_NOW = datetime(2026, 6, 1, tzinfo=UTC)

_ROWS = """
SELECT i AS id, {start} + to_microseconds((i * (86400000000 / {per_day}))::BIGINT) AS ts,
       (hash(i * 16 + 1) % {units})::BIGINT AS unit, (hash(i * 16 + 3) >> 44)::DOUBLE / 1048576
       AS score, hash(i * 16 + 5) % 3 = 0 AS acted, 'v' || (i // ({per_day} * 300)) AS version
FROM range({first}, {last}) made(i)
"""
_PREDICTIONS = "SELECT *, ts::DATE AS day FROM ({rows})"
_OUTCOMES = """
SELECT id AS prediction_id, happened AS ts, label, happened::DATE AS day FROM (
    SELECT id, ts + to_microseconds(((hash(id * 16 + 7) % 1000) * 1728e6)::BIGINT) AS happened,
           ((hash(id * 16 + 9) >> 44)::DOUBLE / 1048576 < score)::INTEGER AS label
    FROM ({rows}) WHERE id % 5 = 0
) WHERE happened >= {low} AND happened < {high}
"""
_WORKSPACE = f"""
[workspace]
name = "Three years"
currency = "EUR"

[sources.lake]
kind = "duckdb"
path = "data"
timezone = "UTC"

[models.offers]
title = "Offers"
owner = "benchmark@example.com"
task = "classification"

[models.offers.predictions]
table = "predictions"
id = "id"
time = "ts"
score = "score"
acted = "acted"
version = "version"

[models.offers.outcomes]
table = "outcomes"
on = {{ id = "prediction_id" }}
time = "ts"
window = "{WINDOW}d"
label = "label"

[[models.offers.evidence]]
design = "payoff"
payoff = {{ tp = 40, fp = -5, fn = 0, tn = 0 }}
"""


@dataclass(frozen=True, slots=True)
class Compared:
    """Seconds of refreshes, by the clock or of the processor.

    Attributes:
        full: Of everything, into an empty store and after the nights.
        new_days: After each new day.
        idle: After each of them, with nothing new: what a run takes before it computes anything.
        dirty: Days that were computed again for a new day.
        days: All days.
    """

    full: tuple[float, ...]
    new_days: tuple[float, ...]
    idle: tuple[float, ...]
    dirty: int
    days: int

    @property
    def shares(self) -> tuple[float, ...]:
        """What each new day took beyond the idle run, in times of its share of a full refresh."""
        whole = statistics.mean(self.full) * self.dirty / self.days
        return tuple((a - b) / whole for a, b in zip(self.new_days, self.idle, strict=True))

    @property
    def share(self) -> float:
        """Their median."""
        return statistics.median(self.shares)

    def beyond(self, few: Compared) -> float:
        """What a new day took beyond one with few rows, in times of its share of a full refresh."""
        more = statistics.median(self.new_days) - statistics.median(few.new_days)
        return more / (statistics.mean(self.full) * self.dirty / self.days)


def compare(folder: Path, rows: int) -> tuple[Compared, Compared]:
    """Refresh three years, then new days, each followed by a run with nothing new, then all.

    Args:
        folder: An existing, empty folder.
        rows: Predictions over all days.

    Returns:
        By the clock, and of the processor.
    """
    per_day = rows // DAYS
    (folder / "valuekit.toml").write_text(_WORKSPACE, encoding="utf-8")
    _write(folder, per_day, 0, DAYS)
    space = Workspace.load(folder / "valuekit.toml")
    full, new_days, idle, dirty = [_refreshed(space, 0)[0]], [], [], set()
    for night in range(NIGHTS):
        _write(folder, per_day, DAYS + night, DAYS + night + 1)
        used, part = _refreshed(space, 2 * night + 1)
        new_days.append(used)
        dirty.add(part.parts[0].days)
        idle.append(_refreshed(space, 2 * night + 2)[0])
    (days,) = dirty  # of each new day as many, or they are not one measurement
    full.append(_refreshed(space, 2 * NIGHTS + 1, full=True)[0])
    clock, cpu = (
        Compared(*(tuple(one[at] for one in each) for each in (full, new_days, idle)), days, DAYS)
        for at in (0, 1)
    )
    return clock, cpu


def _refreshed(
    space: Workspace, night: int, *, full: bool = False
) -> tuple[tuple[float, float], RunOutcome]:
    """Seconds of a refresh, by the clock and of the processor, and what it did.

    Each comes after a rest: a run right after another finds the caches of the processor warm.
    Garbage of what was before it is not its.
    """
    gc.collect()
    sleep(_SETTLED)
    began, worked = perf_counter(), process_time()
    done = space.refresh(now=_NOW + timedelta(days=night), full=full)
    return (perf_counter() - began, process_time() - worked), done


def _write(folder: Path, per_day: int, first: int, last: int) -> None:
    """Files of some days; outcomes may belong to predictions up to 20 days before."""
    early = max(first - 21, 0)
    common = {"start": _START, "per_day": per_day, "units": per_day * 50}
    served = _ROWS.format(first=first * per_day, last=last * per_day, **common)
    before = _ROWS.format(first=early * per_day, last=last * per_day, **common)
    ends = (f"{_START} + INTERVAL {day} DAY" for day in (first, last))
    tables = {
        "predictions": _PREDICTIONS.format(rows=served),
        "outcomes": _OUTCOMES.format(rows=before, low=next(ends), high=next(ends)),
    }
    with duckdb.connect(config={"memory_limit": "2GB", "threads": 2}) as connection:
        connection.execute("SET partitioned_write_max_open_files = 2000")
        for name, select in tables.items():
            target = folder / "data" / name
            target.mkdir(parents=True, exist_ok=True)
            connection.execute(
                f"COPY ({select}) TO '{target}' (FORMAT parquet, COMPRESSION zstd, "
                "PARTITION_BY (day), WRITE_PARTITION_COLUMNS false, OVERWRITE_OR_IGNORE true)"
            )
