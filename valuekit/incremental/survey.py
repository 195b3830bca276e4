"""Fingerprints of source tables by file and day, and what two of them say has changed.

A fingerprint is a number of rows and the sum of a 64-bit hash of each row's mapped columns: the
order of rows does not matter, and a row that is added, changed or removed alters it.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date

NO_DAY = ""  # rows without a usable time, and lines that could not be split into columns


@dataclass(frozen=True, slots=True)
class Print:
    """Rows and the sum of their hashes."""

    rows: int
    hash: int

    def __add__(self, other: Print) -> Print:
        """Both together."""
        return Print(self.rows + other.rows, self.hash + other.hash)


@dataclass(frozen=True, slots=True)
class Part:
    """One file of a table (or the whole of it, where there are no files).

    Attributes:
        stamp: What tells that the file is the same without reading it; empty when nothing does.
        size: Bytes; 0 when unknown.
        days: ISO day, or :data:`NO_DAY`, and its fingerprint.
    """

    stamp: str
    size: int
    days: Mapping[str, Print]


@dataclass(frozen=True, slots=True)
class Surveyed:
    """One table of a model.

    Attributes:
        columns: Mapped columns with what they hold, as one text.
        timed: Whether rows have days of their own.
        parts: File -> its state.
        series: Fingerprint of the set of distinct series, for forecasts; empty otherwise.
    """

    columns: str
    timed: bool
    parts: Mapping[str, Part]
    series: str = ""

    def days(self) -> dict[str, Print]:
        """Fingerprints by day over all files."""
        found: dict[str, Print] = {}
        for part in self.parts.values():
            for day, one in part.days.items():
                found[day] = found[day] + one if day in found else one
        return found


@dataclass(frozen=True, slots=True)
class Survey:
    """All tables of a model at one time.

    Attributes:
        engine: The engine and version that made the hashes: others are not comparable.
        declared: Hash of everything declared that facts depend on.
        tables: Role (predictions, assignments, outcomes, panel) -> its table.
        tied: Role -> ISO days that share an id with another day.
        far: ISO days that share an id with a day further away than a slice looks.
        crossing: ISO days on which units appear in another arm than their first.
    """

    engine: str
    declared: str
    tables: Mapping[str, Surveyed]
    tied: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    far: tuple[str, ...] = ()
    crossing: tuple[str, ...] = ()

    def packed(self) -> bytes:
        """The survey as bytes, for the store."""
        return zlib.compress(json.dumps(asdict(self), separators=(",", ":")).encode())


def unpacked(data: bytes) -> Survey:
    """A survey from :meth:`Survey.packed`."""
    held = json.loads(zlib.decompress(data))
    tables = {
        role: Surveyed(
            columns=one["columns"],
            timed=one["timed"],
            parts={
                name: Part(
                    stamp=part["stamp"],
                    size=part["size"],
                    days={day: Print(**value) for day, value in part["days"].items()},
                )
                for name, part in one["parts"].items()
            },
            series=one["series"],
        )
        for role, one in held["tables"].items()
    }
    tied = {role: tuple(days) for role, days in held["tied"].items()}
    rest = (tuple(held[name]) for name in ("far", "crossing"))
    return Survey(held["engine"], held["declared"], tables, tied, *rest)


@dataclass(frozen=True, slots=True)
class Changed:
    """What changed in one table.

    Attributes:
        new: Days that had no rows before.
        altered: Days whose rows are not the same as before, those without rows now included.
        no_day: Whether rows without a day changed.
        series: Whether the set of series changed.
    """

    new: frozenset[date]
    altered: frozenset[date]
    no_day: bool
    series: bool

    def also(self, days: frozenset[date]) -> Changed:
        """The same with further days whose rows are to be judged anew."""
        return replace(self, altered=self.altered | (days - self.new)) if days else self

    @property
    def days(self) -> frozenset[date]:
        """All changed days."""
        return self.new | self.altered

    def __bool__(self) -> bool:
        """Whether anything changed."""
        return bool(self.new or self.altered or self.no_day or self.series)


def changed(old: Surveyed, new: Surveyed) -> Changed:
    """The days on which a table is not what it was."""
    before, after = old.days(), new.days()
    differ = {day for day in before.keys() | after.keys() if before.get(day) != after.get(day)}
    fresh = {day for day in differ if day not in before and day != NO_DAY}
    rest = differ - fresh - {NO_DAY}
    return Changed(
        new=_dates(fresh),
        altered=_dates(rest),
        no_day=NO_DAY in differ,
        series=old.series != new.series,
    )


def span(days: Iterable[str]) -> tuple[date, date] | None:
    """First and last of some ISO days."""
    there = sorted(day for day in days if day != NO_DAY)
    return (date.fromisoformat(there[0]), date.fromisoformat(there[-1])) if there else None


def _dates(days: Iterable[str]) -> frozenset[date]:
    return frozenset(date.fromisoformat(day) for day in days)
