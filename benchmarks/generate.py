"""Predictions and outcomes of any size, made by DuckDB from row numbers: same rows every time."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import duckdb

from valuekit.workspace.load import Loaded, load

DAYS = 60
WINDOW = 7
MODEL = "offers"
MEMORY = "800MB"  # the default of a source
THREADS = 2

_MACROS = f"""
CREATE MACRO drawn(i, salt) AS hash(i * 16 + salt);
CREATE MACRO share(i, salt) AS (drawn(i, salt) >> 11)::DOUBLE / 9007199254740992;
CREATE MACRO unit_of(i, n) AS (drawn(i, 1) % greatest(n // 4, 1))::BIGINT;
CREATE MACRO arm_of(unit) AS CASE WHEN drawn(unit, 2) % 10 = 0 THEN 'control' ELSE 'treated' END;
CREATE MACRO score_of(i) AS round(pow(share(i, 3), 2), 4);
CREATE MACRO time_of(i, n) AS
    TIMESTAMP '2026-01-01' + to_microseconds((i * ({DAYS} * 86400000000 / n))::BIGINT);
"""

_PREDICTIONS = """
SELECT i AS id, time_of(i, {n}) AS ts, unit_of(i, {n}) AS unit, score_of(i) AS score,
       score_of(i) >= 0.5 AND arm_of(unit_of(i, {n})) = 'treated' AS acted,
       arm_of(unit_of(i, {n})) AS arm, CASE WHEN i < {n} // 2 THEN 'v1' ELSE 'v2' END AS version
FROM range({n}) made(i)
"""

_OUTCOMES = """
SELECT i AS prediction_id, time_of(i, {n}) + to_microseconds((share(i, 4) * 864e9)::BIGINT) AS ts,
       (share(i, 5) < score_of(i))::INTEGER AS label,
       CASE WHEN share(i, 5) < score_of(i) THEN round(10 + 90 * share(i, 6), 2)
            + CASE WHEN arm_of(unit_of(i, {n})) = 'treated' THEN 2 ELSE 0 END
       ELSE 0 END AS amount
FROM (SELECT 5 * j + (drawn(j, 7) % 5)::BIGINT AS i FROM range({n} // 5) made(j))
"""

_WORKSPACE = f"""
[workspace]
name = "Benchmark"
currency = "EUR"

[sources.lake]
kind = "duckdb"
path = "."
timezone = "UTC"
memory_limit = "MEMORY"
threads = {THREADS}

[models.{MODEL}]
title = "Offers"
owner = "benchmark@example.com"
task = "classification"

[models.{MODEL}.predictions]
table = "predictions"
id = "id"
time = "ts"
unit = "unit"
score = "score"
acted = "acted"
arm = "arm"
version = "version"

[models.{MODEL}.outcomes]
table = "outcomes"
on = {{ id = "prediction_id" }}
time = "ts"
window = "{WINDOW}d"
label = "label"

[models.{MODEL}.metrics.amount]
column = "amount"
already_money = true

[[models.{MODEL}.evidence]]
design = "holdout"
control = "control"
metric = "amount"

[[models.{MODEL}.evidence]]
design = "payoff"
primary = false
payoff = {{ tp = 40, fp = -5, fn = 0, tn = 0 }}
"""


@dataclass(frozen=True, slots=True)
class Made:
    """A generated workspace.

    Attributes:
        loaded: The workspace.
        predictions: File of predictions.
        outcomes: File of outcomes.
        rows: Number of predictions; outcomes are a fifth.
    """

    loaded: Loaded
    predictions: Path
    outcomes: Path
    rows: int

    @property
    def megabytes(self) -> float:
        """Size of both files."""
        return (self.predictions.stat().st_size + self.outcomes.stat().st_size) / 1e6


def generate(folder: Path, rows: int, memory: str = MEMORY) -> Made:
    """Predictions, outcomes and their workspace file, written by a process of its own.

    What was needed to make them is no memory of the process that measures.

    Args:
        folder: An existing, empty folder.
        rows: Number of predictions, over 60 days, of a quarter as many units; every fifth one
            has an outcome 0 to 10 days later.
        memory: What the engine may use when it reads them.
    """
    command = [sys.executable, "-m", "benchmarks.generate", str(folder), str(rows), memory]
    subprocess.run(command, check=True)  # noqa: S603  our own module
    files = (folder / f"{table}.parquet" for table in ("predictions", "outcomes"))
    return Made(load(folder / "valuekit.toml"), *files, rows)


def write(folder: Path, rows: int, memory: str) -> None:
    """Write the files; see :func:`generate`."""
    predictions, outcomes = folder / "predictions.parquet", folder / "outcomes.parquet"
    with duckdb.connect(config={"memory_limit": MEMORY, "threads": THREADS}) as connection:
        connection.execute(_MACROS)
        for select, file in ((_PREDICTIONS, predictions), (_OUTCOMES, outcomes)):
            text = select.format(n=rows)
            connection.execute(f"COPY ({text}) TO '{file}' (FORMAT parquet, COMPRESSION zstd)")
    declared = folder / "valuekit.toml"
    declared.write_text(_WORKSPACE.replace("MEMORY", memory), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
