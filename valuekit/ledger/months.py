"""Old vectors by calendar month: the bins of a month on one row, the scalars of its days as before.

Where a month has gone by for long, the vectors of all rows that differ in nothing but the day are
added up, element by element, and lie on the first of these rows; the others' are empty, which adds
nothing. So no row comes or goes, every scalar stays on its day, and sums over whole months are what
they were. Which months follows from the facts' own days and never from the clock: a refresh of some
days and one of everything agree.

Only facts whose vectors are read over long stretches: scores and features. The vectors of ``flow``
are its daily figures, those of ``maturity`` are cut at a design's first and last day, those of
``error`` have intervals that are made of days.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from valuekit.ledger.collect import rounded
from valuekit.ledger.merge import merge
from valuekit.ledger.ragged import boxed
from valuekit.ledger.schema import FACTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from valuekit.ledger.schema import Fact

Range = tuple[date, date]

KEPT_DAYS = 400  # days whose vectors are kept one by one, a year and what a season needs
BY_MONTH = frozenset({"score", "feature"})
_EMPTY = {"ints": np.zeros(0, np.int64), "floats": np.zeros(0, np.float64)}


def daily_from(last: date | None, settled: date | None = None) -> date | None:
    """First day whose vectors are kept by day: the first of a month, older months are merged.

    Args:
        last: Last day that figures may be about; None merges nothing.
        settled: Last day whose outcomes are complete, where figures end there: a month that is
            still open in part is not merged.
    """
    if last is None or last < date.min + timedelta(days=KEPT_DAYS):
        return None
    end = last - timedelta(days=KEPT_DAYS)
    if settled is not None:
        end = min(end, settled + timedelta(days=1))
    return end.replace(day=1)


def by_month(facts: Mapping[str, pd.DataFrame], daily: date | None) -> dict[str, pd.DataFrame]:
    """All facts, vectors of days before ``daily`` merged; None merges nothing."""
    if daily is None:
        return dict(facts)
    return {
        name: merged(FACTS[name], frame, daily) if name in BY_MONTH else frame
        for name, frame in facts.items()
    }


def merged(fact: Fact, frame: pd.DataFrame, daily: date) -> pd.DataFrame:
    """One fact with the vectors of days before ``daily`` by month.

    Args:
        fact: A fact with vectors.
        frame: Conformed rows, in part merged already or not at all.
        daily: First day whose vectors stay; the first of a month.

    Returns:
        The same rows in the same order; the frame itself where nothing is to be merged.
    """
    before = frame["day"] < pd.Timestamp(daily)
    if not before.any():  # as in every night of new days: nothing has to be grouped
        return frame
    rows = _rows(fact, frame, before)
    rows = rows.only(rows.filled & ~rows.first)
    if not len(rows.place):
        return frame
    vectors = replace(fact, measures=fact.vectors)
    parts = rows.frame[["_group", *(one.name for one in fact.vectors)]]
    sums = rounded(vectors, merge(vectors, parts, ["_group"]))
    made = frame.copy(deep=False)
    for one in fact.vectors:
        values = boxed(frame[one.name].tolist())
        values[rows.place] = boxed([_EMPTY[one.dtype]] * len(rows.place))
        values[rows.place[rows.first]] = boxed(sums[one.name].tolist())
        made[one.name] = pd.Series(values, dtype="object", index=frame.index)
    return made


def lost(facts: Mapping[str, pd.DataFrame], daily: date | None) -> bool:
    """Whether vectors of days from ``daily`` on (None: of any day) are merged already."""
    for name in BY_MONTH & facts.keys():
        frame = facts[name]
        chosen = frame["day"].notna() if daily is None else frame["day"] >= pd.Timestamp(daily)
        after = frame[chosen]
        # Nearly always every vector is there: then nothing has to be grouped.
        if _filled(FACTS[name], after).all():
            continue
        if sums(FACTS[name], after)[1].any():
            return True
    return False


def sums(fact: Fact, month: pd.DataFrame) -> tuple[pd.DataFrame, NDArray[np.bool_]]:
    """The rows of a month that hold its vectors, and which rows' vectors they stand for.

    Args:
        fact: A fact with vectors.
        month: All its rows in a calendar month.
    """
    rows = _rows(fact, month, month["day"].notna())
    rows = rows.only(rows.filled)
    rows = rows.only(~rows.filled)
    among = np.zeros(len(month), dtype=np.bool_)
    among[rows.place] = True
    return month.iloc[np.sort(rows.place[rows.first])], among


@dataclass(frozen=True, slots=True)
class _Rows:
    """Some rows of a fact, those of a group next to each other and in order of their days.

    Attributes:
        frame: The rows, with their group's number as ``_group``.
        place: Where they are in the whole frame.
        first: Which are the first of their group.
        filled: Which have a vector that is not empty.
    """

    frame: pd.DataFrame
    place: NDArray[np.intp]
    first: NDArray[np.bool_]
    filled: NDArray[np.bool_]

    def only(self, chosen: NDArray[np.bool_]) -> _Rows:
        """The groups in which some row is chosen."""
        group = self.frame["_group"].to_numpy()
        keep = np.isin(group, group[chosen])
        return _Rows(self.frame[keep], self.place[keep], self.first[keep], self.filled[keep])


def _rows(fact: Fact, frame: pd.DataFrame, chosen: pd.Series) -> _Rows:
    """Rows by everything that keeps them apart, and by the month of their day."""
    at = np.flatnonzero(chosen.to_numpy())
    keys = [name for name in fact.key_names if name != "day"]
    days = frame["day"].to_numpy()[at].astype("datetime64[D]")
    months = days.astype("datetime64[M]").astype(np.int64)
    group = frame.iloc[at][keys].assign(_month=months).groupby([*keys, "_month"], sort=False)
    code = group.ngroup().to_numpy()
    order = np.lexsort((days, code))
    at, code = at[order], code[order]
    some = frame.iloc[at].assign(_group=code)
    return _Rows(some, at, np.diff(code, prepend=-1) != 0, _filled(fact, some))


def _filled(fact: Fact, frame: pd.DataFrame) -> NDArray[np.bool_]:
    """Rows with a vector that is not empty."""
    filled = np.zeros(len(frame), dtype=np.bool_)
    for one in fact.vectors:
        filled |= np.fromiter(map(len, frame[one.name]), np.int64, len(frame)) > 0
    return filled


def whole_months(ranges: Iterable[Range], daily: date | None) -> list[Range]:
    """Stretches of days; an end in a merged month moves to the end of that month."""
    if daily is None:
        return list(ranges)
    return [
        (
            first.replace(day=1) if first < daily else first,
            end_of(last) if last < daily else last,
        )
        for first, last in ranges
    ]


def end_of(day: date) -> date:
    """Last day of its month."""
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
