"""What assessment reads: all facts of one model, conformed, with what frames them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from valuekit.ledger.frame import empty
from valuekit.ledger.schema import FACTS
from valuekit.ledger.split import between, split

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    import pandas as pd

    from valuekit.errors import Finding
    from valuekit.source import Registered


@dataclass(frozen=True, slots=True)
class Book:
    """The facts of one model at the time of one run; pure data.

    Attributes:
        facts: Fact name -> conformed frame with the rows of all segments, versions and days.
            A fact that is not there has no rows.
        registered: Everything registered for the model, oldest first.
        first: First day with predictions or units; None for an empty model.
        last: Last such day.
        complete_through: Last day through which outcomes are complete; None without outcomes.
        as_of: Last day of the analysis; facts after it are left out by :meth:`fact`.
        findings: Warnings of the pull that belong beside the figures.
        rows_read: Source rows read.
        daily_from: First day whose bins of scores and features are kept by day: those of older
            days are merged by month (:mod:`valuekit.ledger.months`). None: all are by day.
    """

    facts: Mapping[str, pd.DataFrame]
    registered: tuple[Registered, ...]
    first: date | None
    last: date | None
    complete_through: date | None
    as_of: date
    findings: tuple[Finding, ...] = ()
    rows_read: int = 0
    daily_from: date | None = None
    # An assessment asks hundreds of times for the same few ranges of the same few segments. Both
    # belong to this book alone: a book made from it with other facts begins with none.
    _segments: dict[str, dict[str | None, pd.DataFrame]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    _ranges: dict[tuple[str, str | None, date | None, date | None], pd.DataFrame] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def fact(
        self,
        name: str,
        segment: str | None = "all",
        first: date | None = None,
        last: date | None = None,
    ) -> pd.DataFrame:
        """The rows of one fact in a range of days, never later than ``as_of``.

        Args:
            name: Name of the fact, a key of :data:`valuekit.ledger.schema.FACTS`.
            segment: ``all``, ``name=value``, or None for the rows of every segment.
            first: First day, included; None for no lower bound.
            last: Last day, included; None for ``as_of``.

        Returns:
            A conformed frame, empty when there is nothing. Days are ``datetime64[s]``.

        Raises:
            KeyError: for a name that is no fact.
        """
        key = (name, segment, first, last)
        found = self._ranges.get(key)
        if found is None:
            found = self._ranges[key] = between(self._segment(name, segment), first, last)
        return found

    def _segment(self, name: str, segment: str | None) -> pd.DataFrame:
        """The rows of a segment in order of days, of all segments for None."""
        parts = self._segments.get(name)
        if parts is None:
            whole = self._in_order(name)
            parts = {None: whole}
            parts.update(split(whole, "segment"))
            self._segments[name] = parts
        found = parts.get(segment)
        return empty(FACTS[name]) if found is None else found

    def _in_order(self, name: str) -> pd.DataFrame:
        fact, found = FACTS[name], self.facts.get(name)
        if found is None:
            return empty(fact)
        days = found["day"].to_numpy()
        if not bool((days[1:] >= days[:-1]).all()):
            found = found.sort_values("day", kind="stable", ignore_index=True)
        return between(found, None, self.as_of)

    def registration(self, kind: str, name: str) -> Registered | None:
        """The latest registration of a kind and name, None when there is none."""
        found = [one for one in self.registered if one.kind == kind and one.name == name]
        return found[-1] if found else None

    def first_registration(self, kind: str, name: str) -> Registered | None:
        """The earliest registration of a kind and name, None when there is none."""
        found = (one for one in self.registered if one.kind == kind and one.name == name)
        return next(found, None)
