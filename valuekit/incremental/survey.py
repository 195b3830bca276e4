"""Fingerprints of source tables by file and day, and what two of them say has changed.

A fingerprint is a number of rows and the sum of a 64-bit hash of each row's mapped columns: the
order of rows does not matter, and a row that is added, changed or removed alters it.
"""

from __future__ import annotations

import json
import zlib
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date
from functools import cached_property
from itertools import repeat
from typing import Any, NamedTuple

from valuekit.incremental.prints import NO_DAY, Folded, Print, differing

LINES = "(lines)"  # part that stands for lines that could not be split into columns


Ids = tuple[int, int] | tuple[str, str]


class Origin(NamedTuple):
    """Hashes of what is declared of a table: where its rows lie, and the zones of their days."""

    rows: str = ""
    zones: str = ""


UNTOLD = Origin()


@dataclass(frozen=True, slots=True)
class Part:
    """One file of a table (or the whole of it, where there are no files).

    Attributes:
        stamp: What tells that the file is the same without reading it; empty when nothing does.
        size: Bytes; 0 when unknown.
        days: ISO day, or :data:`NO_DAY`, and its fingerprint.
        ids: Least and greatest id of a file, of those that are numbers or short texts; None when
            they are not known.
    """

    stamp: str
    size: int
    days: Mapping[str, Print]
    ids: Ids | None = None

    def may_share(self, others: Iterable[Ids]) -> bool:
        """Whether some id of this file may lie in one of some ranges."""
        if self.ids is None:
            return True
        low, high = self.ids
        # Ids of one column are all numbers or all texts: other columns make another survey.
        return any(not (high < a or b < low) for a, b in others)  # type: ignore[operator]


@dataclass(frozen=True)  # without slots: what is made once is kept
class Surveyed:
    """One table of a model.

    Attributes:
        columns: Mapped columns with what they hold, as one text.
        timed: Whether rows have days of their own.
        parts: File -> its state.
        series: Fingerprint of the set of distinct series, for forecasts; empty otherwise.
        origin: What is declared of where its rows lie and what tells their days; empty where
            that was not noted yet.
    """

    columns: str
    timed: bool
    parts: Mapping[str, Part]
    series: str = ""
    origin: Origin = UNTOLD

    @cached_property
    def days(self) -> Mapping[str, Print]:
        """Fingerprints by day over all files."""
        if len(self.parts) == 1:
            return next(iter(self.parts.values())).days
        found: dict[str, Print] = {}
        for part in self.parts.values():
            for day, one in part.days.items():
                found[day] = found[day] + one if day in found else one
        return found

    def sharing(self, days: frozenset[date]) -> tuple[str, ...] | None:
        """Files that may have an id of some days on other days; None when any table may.

        Many logs number their rows or name them by time: then no file shares ids with a new one,
        and none of a long history has to be opened.
        """
        asked = {day.isoformat() for day in days}
        own = {name: one for name, one in self.parts.items() if asked & one.days.keys()}
        ranges = [one.ids for one in own.values()]
        if not all(self.parts) or None in ranges:
            return None
        known = [one for one in ranges if one is not None]
        return tuple(
            name
            for name, one in self.parts.items()
            if one.days.keys() - asked - {NO_DAY} and (name in own or one.may_share(known))
        )


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
        conflicts: Whether predictions were held back because their id had two contents; None
            before that was noted here.
        future: Role -> ISO days with rows that lay in the future; None likewise.
        repeats: Roles with rows whose id another row has; None likewise.
        faulty: Roles with rows that were held back; None likewise.
        uncredited: Whether an outcome gave way to another one; None likewise.
    """

    engine: str
    declared: str
    tables: Mapping[str, Surveyed]
    tied: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    far: tuple[str, ...] = ()
    crossing: tuple[str, ...] = ()
    conflicts: bool | None = None
    future: Mapping[str, tuple[str, ...]] | None = None
    repeats: tuple[str, ...] | None = None
    faulty: tuple[str, ...] | None = None
    uncredited: bool | None = None

    def packed(self) -> bytes:
        """The survey as bytes, for the store."""
        tables = {
            role: {
                "columns": table.columns,
                "timed": table.timed,
                "series": table.series,
                "origin": table.origin,
                "parts": {
                    name: {
                        "stamp": part.stamp,
                        "size": part.size,
                        **_columns(part.days, folded=len(table.parts) == 1),
                        **({} if part.ids is None else {"ids": part.ids}),
                    }
                    for name, part in table.parts.items()
                },
            }
            for role, table in self.tables.items()
        }
        held = {one.name: getattr(self, one.name) for one in fields(self)} | {"tables": tables}
        return zlib.compress(json.dumps(held, separators=(",", ":")).encode())


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
                    days=_prints(part, folded=len(one["parts"]) == 1),
                    ids=tuple(part["ids"]) if "ids" in part else None,
                )
                for name, part in one["parts"].items()
            },
            series=one["series"],
            origin=Origin(*origin) if isinstance(origin := one.get("origin"), list) else UNTOLD,
        )
        for role, one in held["tables"].items()
    }
    tied = {role: tuple(days) for role, days in held["tied"].items()}
    future = held.get("future")
    repeats, faulty = (
        None if roles is None else tuple(roles)
        for roles in (held.get("repeats"), held.get("faulty"))
    )
    return Survey(
        engine=held["engine"],
        declared=held["declared"],
        tables=tables,
        tied=tied,
        far=tuple(held["far"]),
        crossing=tuple(held["crossing"]),
        conflicts=held.get("conflicts"),
        future=None if future is None else {role: tuple(days) for role, days in future.items()},
        repeats=repeats,
        faulty=faulty,
        uncredited=held.get("uncredited"),
    )


def _columns(days: Mapping[str, Print], *, folded: bool) -> dict[str, object]:
    """Fingerprints in three columns; of a long history as text, which is split when needed."""
    if folded and days:
        made = days if isinstance(days, Folded) else Folded.of(days)
        return dict(zip(("days", "rows", "hash"), made.texts, strict=True))
    return {
        "days": list(days),
        "rows": [one.rows for one in days.values()],
        "hash": [one.hash for one in days.values()],
    }


def _prints(part: Mapping[str, Any], *, folded: bool) -> Mapping[str, Print]:
    """Fingerprints as they are stored: in older stores three lists always, or an object a day."""
    days = part["days"]
    if isinstance(days, str):
        return Folded.from_texts(days, part["rows"], part["hash"])
    if isinstance(days, dict):
        return {day: Print(**value) for day, value in days.items()}
    if folded:
        return Folded(days, part["rows"], part["hash"])
    # No call of Python's for each of thousands of days.
    made = map(tuple.__new__, repeat(Print), zip(part["rows"], part["hash"], strict=True))
    return dict(zip(days, made, strict=True))


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
    before, after = old.days, new.days
    fresh, rest = (
        before.differing(after) if isinstance(before, Folded) else differing(before, after)
    )
    return Changed(
        new=_dates(fresh - {NO_DAY}),
        altered=_dates(rest - {NO_DAY}),
        no_day=NO_DAY in fresh or NO_DAY in rest,
        series=old.series != new.series,
    )


def span(days: Iterable[str]) -> tuple[date, date] | None:
    """First and last of some ISO days."""
    there = sorted(days)  # in order already, most often: one pass, then the ends are at hand
    start = bisect_right(there, NO_DAY)
    if start == len(there):
        return None
    return date.fromisoformat(there[start]), date.fromisoformat(there[-1])


def _dates(days: Iterable[str]) -> frozenset[date]:
    return frozenset(date.fromisoformat(day) for day in days)
