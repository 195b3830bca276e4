"""One new day on years of history, beside a refresh of everything: ``--only incremental``.

Files lie by day, as lakes keep them. The new day brings its predictions and the outcomes that
happened on it; the days that depend on them are computed again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter, sleep

import duckdb

from valuekit.api import Workspace

DAYS = 3 * 365
WINDOW = 30
FACTOR = 1.5  # the most that a new day may take, in times of its share of days
_START = "TIMESTAMP '2023-01-01'"
_SETTLED = 3  # seconds after which a file is taken as finished
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
    """Seconds of three refreshes.

    Attributes:
        full: Of everything, into an empty store.
        new_day: After one new day.
        idle: With nothing new: what a run takes before it computes anything.
        dirty: Days that were computed again.
        days: All days.
        rows: Source rows of everything.
    """

    full: float
    new_day: float
    idle: float
    dirty: int
    days: int
    rows: int

    @property
    def share(self) -> float:
        """What a new day took beyond an idle run, in times of its share of a full refresh."""
        return (self.new_day - self.idle) / (self.full * self.dirty / self.days)


def compare(folder: Path, rows: int) -> Compared:
    """Refresh three years, then a new day, then nothing.

    Args:
        folder: An existing, empty folder.
        rows: Predictions over all days.
    """
    per_day = rows // DAYS
    (folder / "valuekit.toml").write_text(_WORKSPACE, encoding="utf-8")
    _write(folder, per_day, 0, DAYS)
    sleep(_SETTLED)  # as at night: files that were just written are read twice
    space = Workspace.load(folder / "valuekit.toml")
    began = perf_counter()
    whole = space.refresh(now=_NOW)
    full = perf_counter() - began
    _write(folder, per_day, DAYS, DAYS + 1)
    began = perf_counter()
    part = space.refresh(now=_NOW + timedelta(days=1))
    new_day = perf_counter() - began
    began = perf_counter()
    space.refresh(now=_NOW + timedelta(days=2))
    idle = perf_counter() - began
    return Compared(full, new_day, idle, part.parts[0].days, DAYS, whole.rows_read)


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
