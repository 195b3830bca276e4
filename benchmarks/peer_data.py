"""Tables that a peer and the library are asked the same question about."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

from benchmarks.generate import MEMORY, THREADS

SERIES_DAYS = 200  # days that each series is forecast
HISTORY = 56  # days of actuals before the first forecast is issued

_LABELLED = """
SELECT p.ts, p.score, (p.score >= 0.5)::INTEGER AS predicted, o.label
FROM '{folder}/predictions.parquet' p JOIN '{folder}/outcomes.parquet' o
     ON o.prediction_id = p.id AND o.ts >= p.ts AND o.ts < p.ts + INTERVAL 7 DAY ORDER BY p.ts
"""
_UNITS = """
SELECT i AS unit, TIMESTAMP '2026-01-01'
       + to_microseconds((hash(i * 16 + 1) % 5184000000000)::BIGINT) AS ts,
       CASE WHEN hash(i * 16 + 2) % 2 = 0 THEN 'control' ELSE 'treated' END AS arm
FROM range({n}) made(i)
"""
_REVENUE = """
SELECT u.unit, u.ts + to_microseconds((hash(u.unit * 16 + 3 + j) % 864000000000)::BIGINT) AS ts,
       round(10 + (hash(u.unit * 16 + 5 + j) % 9000) / 100.0, 2)
       + CASE WHEN u.arm = 'treated' THEN 1 ELSE 0 END AS amount
FROM '{folder}/units.parquet' u, range(2) times(j) WHERE hash(u.unit * 16 + 7 + j) % 5 = 0
"""
_SALES = """
SELECT 's' || s AS series, DATE '2026-01-01' + d::INTEGER AS day,
       (20 + hash(s * 16 + 1) % 50 + 10 * sin(2 * pi() * d / 7) + hash(s * 100000 + d) % 15)::DOUBLE
       AS y
FROM range({series}) a(s), range({days}) b(d)
"""
_FORECASTS = """
SELECT row_number() OVER () AS id, series, day, day - 1 AS issued,
       y + (hash(series || day) % 21)::DOUBLE - 9 AS forecast
FROM '{folder}/sales.parquet' WHERE day > DATE '2026-01-01' + {history}
"""


@dataclass(frozen=True, slots=True)
class Tables:
    """A folder of Parquet files with one workspace file per question."""

    folder: Path
    rows: int


def add_tables(folder: Path, rows: int) -> Tables:
    """Write labelled rows, units with revenue, and forecasts with sales, beside the predictions."""
    series = max(rows // SERIES_DAYS, 1)
    days = HISTORY + SERIES_DAYS + 1
    sizes = {"n": rows, "series": series, "days": days, "history": HISTORY, "folder": folder}
    with duckdb.connect(config={"memory_limit": MEMORY, "threads": THREADS}) as connection:
        for name, select in {
            "labelled": _LABELLED,
            "units": _UNITS,
            "revenue": _REVENUE,
            "sales": _SALES,
            "forecasts": _FORECASTS,
        }.items():
            file, text = folder / f"{name}.parquet", select.format(**sizes)
            connection.execute(f"COPY ({text}) TO '{file}' (FORMAT parquet, COMPRESSION zstd)")
    return Tables(folder, rows)
