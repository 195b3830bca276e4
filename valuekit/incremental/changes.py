"""What a run writes of a model's facts: the days that are not what they were, and restatements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from valuekit.facts import inside, kept
from valuekit.incremental.diff import Restated, differing, restated
from valuekit.ledger.months import BY_MONTH, merged
from valuekit.ledger.schema import ALL, FACTS

if TYPE_CHECKING:
    from valuekit.ledger.schema import Fact

    Facts = Mapping[str, pd.DataFrame]

Days = tuple[date, date]

_OVER_ALL_DAYS = frozenset({"cost", "panel"})
NO_DATA = date(1970, 1, 1)  # where rows without a day are counted when no row has one


@dataclass(frozen=True, slots=True)
class Changes:
    """What is to be written.

    Attributes:
        facts: Fact -> all rows of the days that are not what they were.
        replaced: Fact -> those days.
        restated: Published days of which the figures are not what they were.
    """

    facts: Facts
    replaced: Mapping[str, frozenset[date]]
    restated: tuple[Restated, ...]


def changes(
    stored: Facts,
    facts: Facts,
    through: date | None,
    daily: date | None,
    *,
    rounding: bool,
    firsts: Sequence[date | None] = (),
    touched: Sequence[Days] | None = None,
) -> Changes:
    """Stored and new facts of all days, compared.

    Args:
        stored: Fact -> rows in the store.
        facts: Fact -> rows now.
        through: Last day that was published; None when none was.
        daily: First day whose vectors are by day both in the store and now; None when all are.
        rounding: Whether vectors kept to six places may differ in the last one.
        firsts: First day with data then and now, on which held-back rows without a day lie; days
            before both, such as those of rows in a wrong unit, were never published.
        touched: Stretches outside of which the facts are the stored ones; None: anywhere.
    """
    written: dict[str, pd.DataFrame] = {}
    replaced: dict[str, frozenset[date]] = {}
    corrected: list[Restated] = []
    for name, whole in stored.items():
        fact = FACTS[name]
        old, new = (_touched(name, one, touched) for one in (whole, facts[name]))
        days = differing(fact, old, new, rounding=rounding, daily=daily)
        if not days:
            continue
        replaced[name] = days
        # Days are replaced whole: what the panel changed takes the other sources' rows along.
        rows = (whole, facts[name]) if name == "intake" else (old, new)
        was, now = (_of_days(one, days) for one in rows)
        written[name] = now
        if name in BY_MONTH and daily is not None:
            days = _corrected(fact, old, new, days, daily, rounding=rounding)
        if name == "intake":
            was, now = _of_their_day(was, firsts), _of_their_day(now, firsts)
            days = differing(fact, was, now)
        if _names(was) != _names(now):
            both = (_names(was) & _names(now)) | {ALL}
            was, now = (kept(one, _of_names(one, both)) for one in (was, now))
            days &= differing(fact, was, now, rounding=rounding, daily=daily)
        first = min((one for one in firsts if one is not None), default=None)
        shown = days if first is None else frozenset(one for one in days if one >= first)
        corrected += restated(fact, was, now, shown, through)
    return Changes(written, replaced, tuple(corrected))


def _touched(name: str, frame: pd.DataFrame, stretches: Sequence[Days] | None) -> pd.DataFrame:
    """The rows that may not be as they were; costs and the panel are worked out over all days."""
    if stretches is None or name in _OVER_ALL_DAYS:
        return frame
    there = inside(frame, stretches)
    if name == "intake":
        there |= (frame["source"] == "panel").to_numpy(dtype=np.bool_)
    return kept(frame, there).reset_index(drop=True)


def _of_days(frame: pd.DataFrame, days: frozenset[date]) -> pd.DataFrame:
    """All rows of some days."""
    stamps = pd.to_datetime(sorted(days)).astype(frame["day"].dtype)
    there = np.isin(frame["day"].to_numpy(), stamps.to_numpy())
    return kept(frame, there).reset_index(drop=True)


def _of_their_day(intake: pd.DataFrame, firsts: Sequence[date | None]) -> pd.DataFrame:
    """Intake without the rows held back on a first day: they may be rows that have no day.

    A broken line, or a row without a time, is counted on the first day with data, and says nothing
    of that day. What was accepted there and is held back now is still seen: it is accepted no more.
    """
    stamps = [pd.Timestamp(one) for one in (*firsts, NO_DATA) if one is not None]
    return intake[~((intake["fate"] == "quarantined") & intake["day"].isin(stamps))]


def _names(frame: pd.DataFrame) -> frozenset[str]:
    """Names of the segments that rows belong to; that of all rows is ``all``."""
    return frozenset(one.partition("=")[0] for one in frame["segment"].unique())


def _of_names(frame: pd.DataFrame, names: frozenset[str]) -> np.ndarray:
    """Rows of some segments: one that is declared anew or no more was never a figure that moved."""
    there = {one: one.partition("=")[0] in names for one in frame["segment"].unique()}
    found: np.ndarray = frame["segment"].map(there).to_numpy(dtype=np.bool_)
    return found


def _corrected(
    fact: Fact,
    old: pd.DataFrame,
    new: pd.DataFrame,
    days: frozenset[date],
    daily: date,
    *,
    rounding: bool,
) -> frozenset[date]:
    """Of days that are not what they were, those that merging by month has not moved alone.

    Vectors of a month that differ are told by the days whose scalars differ; where no scalar does,
    by the day on which the vectors lie.
    """
    was, now = merged(fact, old, daily), merged(fact, new, daily)
    if was is not old or now is not new:
        days = differing(fact, was, now, rounding=rounding, daily=daily)
    if not any(day < daily for day in days):
        return days
    told = differing(replace(fact, measures=fact.scalars), was, now)
    months = {(day.year, day.month) for day in told}
    return frozenset(
        day for day in days if day >= daily or day in told or (day.year, day.month) not in months
    )
