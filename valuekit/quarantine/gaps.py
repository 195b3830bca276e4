"""Days without rows between others in a table that has rows on every such day: a file is missing.

Every outcome of such a day would count as one that never came. So each of the newest days is held
against the four weeks before it. Tables that are quiet on some weekdays, that have a few rows a
week, that are delivered irregularly or that fade out say nothing: chance explains an empty day.

A day that came with far fewer rows than is usual is not told: by its count alone a file that was
cut cleanly is a holiday, a slow day, or a last day that is still running.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from valuekit.errors import Finding
from valuekit.text import count, listed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from valuekit.workspace.declare import Model

CODE = "day_without_rows"
NEWEST = 7  # days up to a table's last one: of an empty stretch that ended in them is told
PAUSE = 28  # empty days on end, of which more are none that got lost
WEEK, WEEKS, FEWEST = 7, 4, 2  # weeks before an empty day; of a young table at least two
CHANCE = 1e-5  # of an empty day, by what is usual: one of Poisson needs 12 rows a day to be judged
_SHOWN = 5  # days in a message


def warnings(model: Model, name: str, intake: pd.DataFrame) -> tuple[Finding, ...]:
    """A finding for each table with days that should have rows.

    Args:
        model: As declared.
        name: Its name.
        intake: The conformed fact ``intake`` of all days.
    """
    rows = intake[(intake["segment"] == "all") & (intake["rows"] > 0)]
    rows = rows[rows["rule"] != "future"]  # a row dated ahead ends no table
    by_day = rows.groupby(["source", "day"])["rows"].sum()
    return tuple(
        _finding(_place(model, name, source), days, source)
        for source in dict.fromkeys(str(one) for one in by_day.index.get_level_values("source"))
        if (days := dict(lost(by_day.loc[source])))
    )


def lost(rows: pd.Series) -> Iterator[tuple[date, float]]:
    """Days without rows, and the rows to expect, where chance seldom leaves such a day empty.

    An empty day d is told when, in the four weeks before the empty days around it, each day of
    its weekday had rows; the weekdays that ever had some lacked them twice at most; and
    P(0) = (1 + a m)^(-1/a) < 1e-5, the negative binomial's, exp(-m) for a = 0. m is the mean of
    its weekday, times the share of their means that the weeks on both sides of d reached, the
    lower one, at most 1. The dispersion a is that of the four weeks about the weekdays' means, by
    moments: Var = m + a m^2 (Hilbe 2011, Negative Binomial Regression). A younger table has two
    weeks at least. More than 28 empty days on end are a pause. What ended more than a week ago
    was told then: of holidays, too, which nobody can bring.

    Args:
        rows: Rows by day; days without any are not in it.
    """
    if rows.empty:
        return
    last = rows.index.max()
    first = max(rows.index.min(), last - pd.Timedelta(days=3 * PAUSE))
    days = pd.date_range(first, last)
    n = rows.reindex(days, fill_value=0).to_numpy(dtype=np.float64)
    there = np.flatnonzero(n)
    for at in range(max(len(n) - NEWEST - PAUSE, 0), len(n)):
        after = int(np.searchsorted(there, at))
        end = int(there[after])
        start = int(there[after - 1]) + 1 if after else 0
        weeks = min(start // WEEK, WEEKS)
        if n[at] or weeks < FEWEST or end - start > PAUSE or end < len(n) - NEWEST:
            continue
        usual = _Usual(n[start - weeks * WEEK : start].reshape(weeks, WEEK))
        mean = usual.mean(at - start) * min(1.0, usual.level(n, start, end))
        if mean > 0 and usual.none(mean) < CHANCE:
            yield days[at].date(), mean


class _Usual:
    """The weeks before a stretch of empty days, which begins on the weekday of their first one."""

    def __init__(self, weeks: np.ndarray) -> None:
        self.weeks, self.means = weeks, weeks.mean(axis=0)

    def mean(self, ahead: int) -> float:
        """Rows of the weekday so many days after the first empty one; 0 where it is no rule."""
        own = ahead % WEEK
        lacking = int((self.weeks[:, self.means > 0] == 0).sum())
        regular = lacking <= len(self.weeks) // 2 and bool((self.weeks[:, own] > 0).all())
        return float(self.means[own]) if regular else 0.0

    def level(self, n: np.ndarray, start: int, end: int) -> float:
        """Share of the means that the week before and the week after reached: the lower one."""
        sides = range(start - WEEK, start), range(end, min(end + WEEK, len(n)))
        expected = [sum(self.means[(day - start) % WEEK] for day in days) for days in sides]
        reached = [float(n[days.start : days.stop].sum()) for days in sides]
        return min(one / of if of else 1.0 for one, of in zip(reached, expected, strict=True))

    def none(self, mean: float) -> float:
        """P(0) of a day of so many rows on average."""
        freedom = len(self.weeks) - 1
        beyond = float(((self.weeks - self.means) ** 2).sum()) - freedom * float(self.means.sum())
        a = max(0.0, beyond / (freedom * float((self.means**2).sum())))
        return math.exp(-mean if a * mean < 1e-9 else -math.log1p(a * mean) / a)


def _place(model: Model, name: str, source: str) -> str:
    kind, _, fact = source.partition(".")
    declared = model.ready(fact) if fact else getattr(model, kind, None)
    at = f"models.{name}.{source}"
    return f"{at}, table {declared.table}" if declared is not None else at


def _finding(place: str, days: dict[date, float], table: str) -> Finding:
    one = len(days) == 1
    named = [str(day) for day in sorted(days)]
    on = listed(named[-_SHOWN:]) if len(named) <= _SHOWN else listed(named[::-1], _SHOWN)
    usual = count(round(sum(days.values()) / len(days)))
    return Finding(
        place=place,
        value=f"no row in {table} on {on}; about {usual} rows are usual on such a day",
        rule=f"{'a day' if one else 'days'} between others {'has' if one else 'have'} no rows, "
        "as if nothing had happened",
        remedy="See whether a file is missing, bring it, and refresh. If nothing happened "
        f"{'that day' if one else 'on these days'}, nothing is to be done.",
        severity="warning",
        code=CODE,
        rows=0,
    )
