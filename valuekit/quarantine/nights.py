"""Days wrong as a whole that no good run has stored so: refused, until a person decides.

Limits are shares of all rows: of years of good ones a night in another unit is a thousandth, though
its file alone would be refused. So a day is held against the limits too, when it is new or not what
it was. Rules without a limit refuse a day of which most rows are held back although such rows are
rare: many orders without a customer are no fault where half of them are guests'.

Rows of a day that a good run has stored are published: they are told, not refused again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from valuekit.errors import Finding
from valuekit.quarantine.days import OTHERS
from valuekit.quarantine.level import LEAST, MOST, Days, Level
from valuekit.quarantine.limits import example, limit, part, place_of, share
from valuekit.quarantine.rules import named
from valuekit.quarantine.rules import rule as told
from valuekit.text import plural

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import date

    from valuekit.source import Held
    from valuekit.workspace.declare import Workspace

ACCEPT = "--accept-bad-day"
# What connectors refuse of a whole table without a limit of the workspace. Of impossible scores
# they refuse percentages, which are most rows of a night; the intake does not tell them apart. And
# a night of ids that began anew takes as many good rows of older days with it.
# Consequences of what is judged itself, and rows that are used once their time has come.
_NEVER = OTHERS | {"future", "incomplete_day"}
_OF_TABLES = {"time_unit": 0.05, "bad_score": MOST, "conflicting_duplicate": MOST}


@dataclass(frozen=True, slots=True)
class _Bad:
    """What a rule holds back of a day: rows of it, rows read, further days; None without a day."""

    day: pd.Timestamp | None
    rows: int
    read: int
    more: int = 0


def allowed(workspace: Workspace, model: str, rule: str) -> float | None:
    """Share of a day's rows above which the day is refused; None: however many there are."""
    one = limit(workspace, model, rule)
    if rule in OTHERS:
        return None
    return one.fail if one.declared or one.fail is not None else _OF_TABLES.get(rule)


def unpublished(  # noqa: PLR0913  what a decision rests on
    workspace: Workspace,
    model: str,
    intake: pd.DataFrame,
    stored: pd.DataFrame,
    held: Sequence[Held],
    *,
    accepted: bool,
    redeclared: bool,
    firsts: tuple[date | None, date | None] = (None, None),
) -> tuple[Finding, ...]:
    """A finding for each source and rule with days above its limit that no good run has stored so.

    Args:
        workspace: The whole workspace.
        model: Name of the model.
        intake: The conformed fact ``intake`` of all days.
        stored: The same as the last good run stored it.
        held: Examples.
        accepted: Whether a person accepts them: warnings then, else errors.
        redeclared: Whether the declaration changed, which is a decision about all days that are
            stored.
        firsts: First day of the model now and then, which has the rows without a day; None: that of
            the source, which may have begun before.
    """
    now, then = _counted(intake), _counted(stored)
    found = []
    for source, rule in dict.fromkeys((str(one[0]), str(one[1])) for one in now.held.index):
        most = allowed(workspace, model, rule)
        if most is None and rule in _NEVER:
            continue
        level = Level(MOST if most is None else most, unlikely=most is None)
        both = now.of(source, rule), then.of(source, rule)
        starts = _starts(both, firsts)
        daily = _days(*both, level, starts[0], redeclared=redeclared)
        for bad in (*daily, *_dayless(*both, level, starts)):
            such = [one for one in held if (one.source, one.rule) == (source, rule)]
            words = _Words(workspace, model, source, rule, most)
            found.append(words.finding(bad, such, accepted=accepted))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Counted:
    """Rows read by source and day, and those held back by source, rule and day."""

    read: pd.Series
    held: pd.Series

    def of(self, source: str, rule: str) -> tuple[pd.Series, pd.Series]:
        """Rows of a source by day, and those that a rule holds back on the same days."""
        read = _at(self.read, source)
        return read, _at(self.held, (source, rule)).reindex(read.index, fill_value=0)


def _at(counts: pd.Series, key: str | tuple[str, str]) -> pd.Series:
    try:
        found: pd.Series = counts.loc[key]
    except KeyError:
        return pd.Series([], index=pd.DatetimeIndex([]), dtype="int64")
    return found


def _counted(intake: pd.DataFrame) -> _Counted:
    rows = intake[(intake["segment"] == "all") & (intake["rows"] > 0)]
    held = rows[rows["fate"] == "quarantined"]
    return _Counted(
        rows.groupby(["source", "day"])["rows"].sum(),
        held.groupby(["source", "rule", "day"])["rows"].sum(),
    )


_Starts = tuple[pd.Timestamp, pd.Timestamp]  # days that have the rows without one, now and then


def _starts(both: tuple[Days, Days], firsts: tuple[date | None, date | None]) -> _Starts:
    now, then = (
        read.index.min() if first is None else pd.Timestamp(first)
        for (read, _), first in zip(both, firsts, strict=True)
    )
    return now, then


def _days(
    now: Days, then: Days, level: Level, first: pd.Timestamp, *, redeclared: bool
) -> Iterator[_Bad]:
    """The worst day above a limit that is not stored so; the first one has the dayless rows."""
    read, held = now
    was_read, was = (one.reindex(read.index, fill_value=0) for one in then)
    above = level.exceeded(held.to_numpy(), read.to_numpy(), then)
    published = (was >= held) & (was > level.most * was_read)
    if redeclared:
        published |= was_read > 0
    bad = held.index[above & ~published.to_numpy() & (read.index != first)]
    if len(bad):
        latest = bad.sort_values(ascending=False)
        day = latest[int(held[latest].to_numpy().argmax())]  # of the most rows, then the newest
        yield _Bad(day, int(held[day]), int(read[day]), len(bad) - 1)


def _dayless(now: Days, then: Days, level: Level, starts: _Starts) -> Iterator[_Bad]:
    """Rows without a day, which are counted on the first one, of those that came since then."""
    (read, held), (was_read, was) = now, then
    if was_read.empty:
        return
    rows = int(held.get(starts[0], 0) - was.get(starts[1], 0))
    came = max(rows, int(read.sum() - was_read.sum()))
    if level.exceeded(np.array([rows]), np.array([came]), then).any():
        yield _Bad(None, rows, came)


@dataclass(frozen=True, slots=True)
class _Words:
    """What is said of a day that a rule holds back more of than its limit."""

    workspace: Workspace
    model: str
    source: str
    rule: str
    most: float | None

    def finding(self, bad: _Bad, such: Sequence[Held], *, accepted: bool) -> Finding:
        """The refusal, or the warning once a person has accepted it."""
        declared = limit(self.workspace, self.model, self.rule).declared
        limited = f"in [{declared}]" if declared else "by default"
        by = f"by the rule {named(self.rule)}"
        if self.most is not None:
            what = "a day holds back" if bad.day is not None else "rows that have no day are"
            why = f"{what} more {by} than {share(self.most)}, the limit {limited}"
        elif bad.day is not None:
            why = f"a day holds back most of its rows {by}, far more than is usual"
        else:
            why = f"most rows that came have no day {by}, far more than is usual"
        return Finding(
            place=place_of(self.model, self.source, such),
            value=self._value(bad, such),
            rule=f"{why}, and no good run has stored that: {told(self.rule).meaning}",
            remedy=self._remedy(declared, accepted=accepted),
            severity="warning" if accepted else "error",
            code="bad_day",
            rows=bad.rows,
        )

    def _value(self, bad: _Bad, such: Sequence[Held]) -> str:
        on = "that came since the last run" if bad.day is None else f"on {bad.day.date()}"
        more = f", and on {plural(bad.more, 'other day')}" if bad.more else ""
        day = None if bad.day is None else bad.day.date()
        first = next((one for one in such if one.day == day), None)
        shown = f": {example(first)}" if first is not None else ""
        counts = f"{bad.rows:,} of {plural(bad.read, 'row')} {on}, {part(bad.rows, bad.read)}"
        return f"{counts}{more}{shown}"

    def _remedy(self, declared: str, *, accepted: bool) -> str:
        if accepted:
            return (
                "Nothing is to be done: somebody accepted it, and figures leave these rows out. "
                "Corrected rows are used at the next refresh."
            )
        level = declared or f"workspace.quarantine.rules.{self.rule}"
        return (
            f"{told(self.rule).remedy} Then refresh. If the rows are to be left out, accept it "
            f"once: valuekit refresh {ACCEPT}; to be warned only, raise `fail` in [{level}]."
        )


def refusal(workspace: Workspace, model: str, rule: str) -> str:
    """When a run is refused for a day, as a sentence; empty where it never is."""
    most = allowed(workspace, model, rule)
    if rule in _NEVER or (most is not None and most >= 1.0):
        return ""
    if most is None:
        return "A new day that holds back most of its rows, far more than is usual, is refused."
    return f"A new day of {LEAST} rows or more that holds back above {share(most)} is refused."


def limits_of(workspace: Workspace, model: str) -> Callable[[str], float | None]:
    """The limit of a day by rule."""
    return lambda rule: allowed(workspace, model, rule)
