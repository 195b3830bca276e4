"""A night whose outcomes are nobody's: its keys are written in another way.

Where a third of all outcomes are always strangers', one night of nothing but strangers moves
neither the share of all days nor that of the last week by much. So it is told by its own day.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from valuekit.errors import Finding
from valuekit.quarantine.days import NEWEST
from valuekit.quarantine.jump import JUMPED
from valuekit.quarantine.level import SMALLEST, Level
from valuekit.quarantine.limits import example, limit, part, place_of
from valuekit.text import percent, plural

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from valuekit.source import Held
    from valuekit.workspace.declare import Workspace

CODE = "orphan_day"
RULE = "orphan"
NEARLY = 0.9  # share of a day's outcomes
LATE = 2  # days that a log may come after the outcomes of its rows, as a rule
EARLIER, SELDOM = 28, 1  # days with rows before the newest, and how many of them may be such days


def warnings(
    workspace: Workspace, model: str, intake: pd.DataFrame, held: Sequence[Held]
) -> tuple[Finding, ...]:
    """A warning of the newest days of which nearly all outcomes are nobody's, beyond chance.

    Nothing is said where a limit of orphans is declared, which is a decision about them; where
    such days come again and again, as when a model rests on Sundays; and of the two days after
    the last one with predictions or units, whose log may come a night later.

    Args:
        workspace: The whole workspace.
        model: Name of the model.
        intake: The conformed fact ``intake`` of all days.
        held: Examples.
    """
    if not limit(workspace, model, RULE).usual:
        return ()
    read, nobody = _by_day(intake)
    bad = days(intake)
    return (_finding(model, nobody, read, bad, held),) if bad else ()


def days(intake: pd.DataFrame) -> list[pd.Timestamp]:
    """The newest days of which nearly all outcomes are nobody's, in order."""
    read, nobody = _by_day(intake)
    if read.empty:
        return []
    served = intake["source"].isin(("predictions", "assignments"))
    logged = intake.loc[served & (intake["segment"] == "all") & (intake["rows"] > 0), "day"].max()
    return [day for day in _bad(nobody, read) if not 0 < (day - logged).days <= LATE]


def _by_day(intake: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Outcomes by day, and those of nobody."""
    there = (intake["segment"] == "all") & (intake["rows"] > 0) & (intake["source"] == "outcomes")
    rows = intake[there]
    read = rows.groupby("day")["rows"].sum().sort_index()
    nobody = rows[rows["rule"] == RULE].groupby("day")["rows"].sum()
    return read, nobody.reindex(read.index, fill_value=0)


def _bad(nobody: pd.Series, read: pd.Series) -> list[pd.Timestamp]:
    """The newest days that are told, by all days before each."""
    such = ((read >= SMALLEST) & (nobody > NEARLY * read)).iloc[-NEWEST - EARLIER : -NEWEST]
    weekdays = {day.weekday() for day in such.index[such]}
    if int(such.sum()) > SELDOM:
        return []
    level = Level(NEARLY, unlikely=True)
    found = []
    for day in read.index[-NEWEST:]:
        now = np.array([nobody[day]]), np.array([read[day]])
        before = read.index < day
        then = read[before], nobody[before]
        if day.weekday() not in weekdays and before.any() and level.exceeded(*now, then).any():
            found.append(day)
    return found


def _finding(
    model: str,
    nobody: pd.Series,
    read: pd.Series,
    bad: list[pd.Timestamp],
    held: Sequence[Held],
) -> Finding:
    day = bad[-1]
    such = [one for one in held if (one.source, one.rule) == ("outcomes", RULE)]
    first = next((one for one in such if one.day == day.date()), None)
    shown = f": {example(first)}" if first is not None else ""
    more = f", and on {plural(len(bad) - 1, 'day')} before" if len(bad) > 1 else ""
    before = read.index < bad[0]
    usual = percent(float(nobody[before].sum()) / float(read[before].sum()))
    counts = f"{nobody[day]:,} of {plural(int(read[day]), 'outcome')} on {day.date()}"
    return Finding(
        place=place_of(model, "outcomes", such),
        value=f"{counts}, {part(int(nobody[day]), int(read[day]))}; {usual} before{more}{shown}",
        rule=f"{JUMPED} within a day: no prediction or unit has their key",
        remedy="Look for keys that are written or stored in another way that day, or a log that "
        f"did not come. See: valuekit quarantine explain {model} {RULE}",
        severity="warning",
        code=CODE,
        rows=int(nobody[bad].sum()),
    )
