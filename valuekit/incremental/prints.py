"""Fingerprints of the rows of days: one by one, and folded into columns."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

NO_DAY = ""  # rows without a usable time, and lines that could not be split into columns


class Print(NamedTuple):
    """Rows and the sum of their hashes: a tuple, because a plan compares thousands of them."""

    rows: int
    hash: int

    def __add__(self, other: Print) -> Print:  # type: ignore[override]  # sums, never longer
        """Both together."""
        return Print(self.rows + other.rows, self.hash + other.hash)


class Folded(Mapping[str, Print]):
    """Fingerprints of many days in columns; an object a day is made when asked for.

    The plan of a new day looks at every day of a long history, once, to see that it is the same:
    whole columns are compared, and nothing is made of them when they are equal. That works as long
    as both list their days in one order. Hashes stay the text that they are stored as until one of
    them is asked for: to split thousands of models' took longer than all the rest of their plans.
    """

    __slots__ = ("_days", "_hashes", "_places", "_rows", "_text")

    def __init__(self, days: Iterable[str], rows: Iterable[int], hashes: Iterable[int]) -> None:
        """Three columns of one length."""
        # Tuples: the garbage collector goes through lists of a thousand surveys over and over.
        self._days, self._rows = tuple(days), tuple(rows)
        self._hashes: tuple[int, ...] | None = tuple(hashes)
        self._text: str | None = None
        self._places: dict[str, int] | None = None

    @classmethod
    def of(cls, prints: Mapping[str, Print]) -> Folded:
        """The same of fingerprints that are objects."""
        rows, hashes = zip(*prints.values(), strict=True) if prints else ((), ())
        return cls(prints, rows, hashes)

    @classmethod
    def from_texts(cls, days: str, rows: str, hashes: str) -> Folded:
        """The same of :attr:`texts`, of a day at least."""
        made = cls(_split(days), map(int, rows.split(",")), ())
        made._hashes, made._text = None, hashes
        return made

    @property
    def texts(self) -> tuple[str, str, str]:
        """Days, rows and hashes, each with commas between."""
        return ",".join(self._days), ",".join(map(str, self._rows)), self.text

    @property
    def text(self) -> str:
        """Hashes with commas between."""
        if self._text is None:
            self._text = ",".join(map(str, self.hashes))
        return self._text

    @property
    def hashes(self) -> tuple[int, ...]:
        """Hash of each day."""
        if self._hashes is None:
            self._hashes = tuple(map(int, self.text.split(",")))
        return self._hashes

    def __getitem__(self, day: str) -> Print:
        """The fingerprint of a day."""
        if self._places is None:
            self._places = {one: place for place, one in enumerate(self._days)}
        place = self._places[day]
        return Print(self._rows[place], self.hashes[place])

    def __eq__(self, other: object) -> bool:
        """Whether the same days have the same fingerprints, in whatever order."""
        if isinstance(other, Folded) and self.columns == other.columns:
            return True
        return super().__eq__(other)

    __hash__ = None  # type: ignore[assignment]  # as of any mapping

    @property
    def columns(self) -> tuple[tuple[str, ...], tuple[int, ...], str]:
        """Days, rows and the text of hashes."""
        return self._days, self._rows, self.text

    @property
    def rows(self) -> int:
        """Rows of all days together."""
        return sum(self._rows)

    def rows_on(self, ranges: Iterable[tuple[str, str]]) -> int:
        """Rows of some ranges of ISO days, both ends included."""
        days, rows = self._days, self._rows
        if list(days) != (order := sorted(days)):  # of an older store: in the order of groups
            places = {day: place for place, day in enumerate(days)}
            days, rows = tuple(order), tuple(rows[places[day]] for day in order)
        return sum(
            sum(rows[bisect_left(days, first) : bisect_right(days, last)]) for first, last in ranges
        )

    def __iter__(self) -> Iterator[str]:
        """The days."""
        return iter(self._days)

    def __len__(self) -> int:
        """Number of days."""
        return len(self._days)

    def differing(self, now: Mapping[str, Print]) -> tuple[set[str], set[str]]:
        """Days that are new, and days that are gone or not the same."""
        after = now if isinstance(now, Folded) else Folded.of(now)
        there, rows, text = after.columns
        known = len(self._days)
        if not known or there[:known] != self._days:  # not a history that has only grown
            return differing(self, now)
        altered = set()
        if rows[:known] != self._rows or not f"{text},".startswith(f"{self.text},"):
            columns = zip(self._days, self._rows, rows, self.hashes, after.hashes, strict=False)
            altered = {day for day, a, b, c, d in columns if (a, c) != (b, d)}
        return set(there[known:]), altered


@lru_cache(maxsize=64)  # models have the days of their history in common
def _split(days: str) -> tuple[str, ...]:
    return tuple(days.split(","))


def differing(old: Mapping[str, Print], now: Mapping[str, Print]) -> tuple[set[str], set[str]]:
    """As :meth:`Folded.differing`, day by day, whatever their order."""
    there = set(old)
    new = now.keys() - there
    altered = {day for day, one in now.items() if day in there and old[day] != one}
    return new, altered | (there - now.keys())
