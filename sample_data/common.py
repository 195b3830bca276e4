"""What all stories share: the calendar, random streams, times of day and Parquet tables."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

FIRST = date(2025, 11, 1)
AS_OF = date(2026, 10, 31)
DAYS = (AS_OF - FIRST).days + 1
SUMMER = (date(2026, 3, 29), date(2026, 10, 25))  # Europe/Berlin is two hours ahead of UTC then

Array = npt.NDArray[np.generic]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Story:
    """One model's tables and what was planted in them.

    Attributes:
        tables: File name without ending -> column -> values.
        truth: What went into truth.json.
        potential: Per-row values that no real log would hold, such as the outcome in both arms;
            tests recompute the truth from them.
    """

    tables: Mapping[str, Mapping[str, Array | pa.Array]]
    truth: Mapping[str, object]
    potential: Mapping[str, Array] = field(default_factory=dict)


def stream(name: str) -> np.random.Generator:
    """A random stream of its own for each story, so that one can change without the others."""
    return np.random.default_rng([20261031, zlib.crc32(name.encode())])


def index(day: date) -> int:
    """Days since the first day of the sample."""
    return (day - FIRST).days


def day_of(days: int) -> date:
    """The day with this index."""
    return FIRST + timedelta(days=int(days))


def sigmoid(x: Floats) -> Floats:
    """Logistic function."""
    return 1 / (1 + np.exp(-x))


def arrivals(
    rng: np.random.Generator, per_day: float, weekend: float, first: int = 0, growth: float = 0.0
) -> Ints:
    """Day index of each row, sorted: Poisson counts, quieter or busier weekends, yearly growth."""
    days = np.arange(first, DAYS)
    weekday = (days + FIRST.weekday()) % 7
    rate = per_day * np.where(weekday >= 5, weekend, 1.0) * (1 + growth * days / 365)
    return np.repeat(days, rng.poisson(rate))


def times(rng: np.random.Generator, days: Ints) -> npt.NDArray[np.datetime64]:
    """A moment between 7:00 and 22:00 in Berlin on each day, as UTC, sorted within the day."""
    seconds = np.sort(days * 86_400 + rng.integers(7 * 3600, 22 * 3600, len(days)))
    return at(days, seconds - days * 86_400)


def at(days: Ints, seconds: Ints) -> npt.NDArray[np.datetime64]:
    """UTC moment of a second of the Berlin day."""
    start, end = (index(one) for one in SUMMER)
    ahead = np.where((days >= start) & (days < end), 7200, 3600)
    first = np.datetime64(FIRST.isoformat(), "s")
    return (first + (days * 86_400 + seconds - ahead).astype("timedelta64[s]")).astype("M8[ms]")


def pick(rng: np.random.Generator, size: int, shares: Mapping[str, float]) -> Array:
    """Random words with the given shares."""
    return rng.choice(np.array(list(shares)), size, p=np.array(list(shares.values())))


def by_month(days: Ints, values: Floats) -> dict[str, float]:
    """Sums by calendar month, rounded to cents."""
    months = np.array([day_of(one).isoformat()[:7] for one in range(DAYS)])[days]
    return {str(one): round(float(values[months == one].sum()), 2) for one in np.unique(months)}


def period(first: int, last: int) -> dict[str, str]:
    """A stretch of days as text."""
    return {"start": day_of(first).isoformat(), "end": day_of(last).isoformat()}


def write(name: str, columns: Mapping[str, Array | pa.Array], folder: Path) -> int:
    """Write one table as small as it gets; its size in bytes."""
    arrays = {key: _column(values) for key, values in columns.items()}
    table = pa.table(arrays)
    packed = [
        key
        for key, one in arrays.items()
        if pa.types.is_timestamp(one.type) or key.endswith("_id") or key == "id"
    ]
    path = folder / f"{name}.parquet"
    pq.write_table(
        table,
        path,
        compression="zstd",
        compression_level=19,
        use_dictionary=[key for key in arrays if key not in packed],
        column_encoding=dict.fromkeys(packed, "DELTA_BINARY_PACKED"),
    )
    return path.stat().st_size


def _column(values: Array | pa.Array) -> pa.Array:
    if isinstance(values, pa.Array):
        return values
    if values.dtype.kind == "M":
        return pa.array(values, pa.timestamp("ms", tz="UTC"))
    if values.dtype.kind in "iu":
        return pa.array(values.astype(np.int32))
    if values.dtype.kind == "U":
        return pa.array(values.tolist(), pa.string())
    return pa.array(values)
