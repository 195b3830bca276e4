"""Days of which most rows are held back: a file that is wrong as a whole, among years of good ones.

Limits are shares of all rows, so that a refresh of what changed judges as one of everything. A
night whose rows are all in another unit is a thousandth of three years: it passes every limit, and
has to be told by its own day.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from valuekit.errors import Finding
from valuekit.quarantine.level import LEAST, MOST, Level
from valuekit.quarantine.rules import named
from valuekit.text import plural

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pandas as pd

MOSTLY, MANY = "most rows of a day are held back", "many rows of a day are held back"
NEWEST = 7  # days with rows that are looked at: older ones were told when they came
OTHERS = frozenset({"orphan"})  # has a warning of its own


def warnings(
    intake: pd.DataFrame, model: str, refused: Callable[[str], float | None] = lambda _rule: None
) -> tuple[Finding, ...]:
    """A finding for each source and rule that holds back most rows of one of its newest days.

    Args:
        intake: The conformed fact ``intake`` of all days.
        model: Name of the model.
        refused: Rule -> share of a day's rows above which the day would have been refused before
            somebody accepted it; None when there is none.
    """
    rows = intake[(intake["segment"] == "all") & (intake["rows"] > 0)]
    return tuple(
        one
        for source, own in rows.groupby("source")
        for one in _of(str(source), own, model, refused)
    )


def _of(
    source: str, rows: pd.DataFrame, model: str, refused: Callable[[str], float | None]
) -> Iterator[Finding]:
    every = rows.groupby("day")["rows"].sum().sort_index()
    read, before = every.iloc[-NEWEST:], every.iloc[:-NEWEST]
    held = rows[(rows["fate"] == "quarantined") & ~rows["rule"].isin(OTHERS)]
    for rule, own in held.groupby("rule"):
        by_day = own.groupby("day")["rows"].sum()
        new = by_day[by_day.index.isin(read[read >= LEAST].index)]
        limit = refused(str(rule))
        most = MOST if limit is None else min(limit, MOST)
        # Without a limit, of a rule that often holds back many rows, a day is told beyond chance.
        level = Level(most, unlikely=limit is None and len(before) > 0)
        was = before, by_day.reindex(before.index, fill_value=0)
        mostly = new[level.exceeded(new.to_numpy(), read[new.index].to_numpy(), was)]
        if len(mostly):
            day = mostly.index[-1]
            more = f", and on {plural(len(mostly) - 1, 'day')} before" if len(mostly) > 1 else ""
            yield Finding(
                place=f"models.{model}.{source}",
                value=f"{mostly[day]:,} of {read[day]:,} rows on {day.date()}{more}",
                rule=f"{MOSTLY if most == MOST else MANY} by the rule {named(str(rule))}: "
                "its file may be wrong as a whole",
                remedy=f"See: valuekit quarantine explain {model} {rule}",
                severity="warning",
                code="bad_day",
                rows=int(mostly.sum()),
            )
