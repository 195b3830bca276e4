"""Nights that never came, and nights whose outcomes are nobody's: told, for nothing is held back.

A file that is missing between others leaves a day of which nothing is known; what happened then
counts as nothing. And where some outcomes are nobody's every day, a night of ids that are written
in another way is one among many in the share of all rows.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from valuekit.errors import Finding
from valuekit.quarantine.jump import jump
from valuekit.quarantine.limits import example, place_of
from valuekit.quarantine.nights import CHANCE, Level
from valuekit.text import plural

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from valuekit.source import Held

CODES = frozenset({"missing_days", "orphan_day"})  # given anew by each run
NEWEST = 28  # days before the last one with rows that are looked at
_WEEKS = 4  # of which the same weekday is looked at before each
_LIKE = 7  # newest days with outcomes that may be nobody's
_NOBODY = 0.9  # share of a day's outcomes
_TABLES = ("predictions", "assignments", "outcomes")


def warnings(intake: pd.DataFrame, model: str, held: Sequence[Held]) -> tuple[Finding, ...]:
    """Findings about days without a row, and about days whose outcomes are nobody's.

    Args:
        intake: The conformed fact ``intake`` of all days.
        model: Name of the model.
        held: Examples of rows held back.
    """
    rows = intake[(intake["segment"] == "all") & (intake["rows"] > 0)]
    found = [
        one for source in _TABLES for one in _missing(source, rows[rows["source"] == source], model)
    ]
    jumped = jump(intake)
    if jumped is None or not jumped.large:  # else it is said of the week
        found += _nobodys(rows[rows["source"] == "outcomes"], model, held)
    return tuple(found)


def _missing(source: str, rows: pd.DataFrame, model: str) -> Iterator[Finding]:
    days = unlikely(rows.groupby("day")["rows"].sum())
    if days:
        listed = ", ".join(str(day.date()) for day in days[-3:])
        more = f", and on {plural(len(days) - 3, 'day')} before" if len(days) > 3 else ""
        yield Finding(
            place=f"models.{model}.{source}",
            value=f"no row on {listed}{more}",
            rule="days between others have no row, though the same weekdays before them had many",
            remedy="See whether a file is missing, bring it, and refresh: until then what happened "
            "on these days counts as nothing. If nothing happened, nothing is to be done.",
            severity="warning",
            code="missing_days",
        )


def unlikely(read: pd.Series) -> list[pd.Timestamp]:
    """Days before the last one that have no row, which is no chance by the weeks before.

    Of the same weekday in the four weeks before, the second least count m stands for what was to
    be expected, so that an earlier gap does not hide a later one; a day without a row is told when
    exp(-m), the chance of none of a Poisson count, is below one in a million.

    Args:
        read: Rows by day, ascending, of days that have some.
    """
    if read.empty:
        return []
    last = read.index[-1]
    first = max(read.index[0], last - pd.Timedelta(days=NEWEST + 7 * _WEEKS))
    calendar = pd.date_range(first, last, freq="D")
    counts = read.reindex(calendar, fill_value=0).to_numpy()
    found = []
    for place in range(max(len(counts) - 1 - NEWEST, 7 * _WEEKS), len(counts) - 1):
        before = sorted(counts[place - 7 * week] for week in range(1, _WEEKS + 1))
        if counts[place] == 0 and math.exp(-float(before[1])) < CHANCE:
            found.append(calendar[place])
    return found


def _nobodys(rows: pd.DataFrame, model: str, held: Sequence[Held]) -> Iterator[Finding]:
    """The newest days of which hardly an outcome is somebody's, far more than on the others."""
    read = rows.groupby("day")["rows"].sum()
    orphans = rows[rows["rule"] == "orphan"].groupby("day")["rows"].sum()
    orphans = orphans.reindex(read.index, fill_value=0)
    newest, before = read.index[-_LIKE:], read.index[:-_LIKE]
    if before.empty:
        return
    level = Level(_NOBODY, unlikely=True)
    usual = read[before], orphans[before]
    such = level.exceeded(orphans[newest].to_numpy(), read[newest].to_numpy(), usual)
    days = newest[np.asarray(such)]
    if len(days):
        day = days[-1]
        examples = [one for one in held if (one.source, one.rule) == ("outcomes", "orphan")]
        first = next((one for one in examples if one.day == day.date()), None)
        shown = f": {example(first)}" if first is not None else ""
        more = f", and on {plural(len(days) - 1, 'other day')}" if len(days) > 1 else ""
        yield Finding(
            place=place_of(model, "outcomes", examples),
            value=f"{orphans[day]:,} of {plural(int(read[day]), 'outcome')} on {day.date()}"
            f"{more}{shown}",
            rule="hardly an outcome of a day is somebody's, far more than is usual: no prediction "
            "or unit has their keys",
            remedy="Look for ids that are written in another way in its file, and write it again. "
            "See: valuekit quarantine explain orphan",
            severity="warning",
            code="orphan_day",
            rows=int(orphans[days].sum()),
        )
