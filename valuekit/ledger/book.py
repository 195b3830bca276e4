"""What assessment reads: all facts of one model, conformed, with what frames them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from valuekit.ledger.frame import empty, select
from valuekit.ledger.schema import FACTS

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
    # One frame per fact and segment, in order of days: an assessment asks for hundreds of ranges.
    _sorted: dict[tuple[str, str | None], pd.DataFrame] = field(
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
        fact = FACTS[name]
        found = self.facts.get(name)
        if found is None:
            return empty(fact)
        whole = self._sorted.get((name, segment))
        if whole is None:
            cut = select(found, None, self.as_of, segment)
            if not cut["day"].is_monotonic_increasing:
                cut = cut.sort_values("day", kind="stable", ignore_index=True)
            whole = cut
            self._sorted[name, segment] = whole
        if first is None and last is None:
            return whole
        days = whole["day"].to_numpy()
        start = 0 if first is None else int(np.searchsorted(days, np.datetime64(first, "s")))
        stop = (
            len(days)
            if last is None
            else int(np.searchsorted(days, np.datetime64(last, "s"), side="right"))
        )
        if start == 0 and stop == len(days):
            return whole
        return whole.iloc[start:stop].reset_index(drop=True)

    def registration(self, kind: str, name: str) -> Registered | None:
        """The latest registration of a kind and name, None when there is none."""
        found = [one for one in self.registered if one.kind == kind and one.name == name]
        return found[-1] if found else None

    def first_registration(self, kind: str, name: str) -> Registered | None:
        """The earliest registration of a kind and name, None when there is none."""
        found = (one for one in self.registered if one.kind == kind and one.name == name)
        return next(found, None)
