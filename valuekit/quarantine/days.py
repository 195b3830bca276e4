"""Days of which most rows are held back: a file that is wrong as a whole, among years of good ones.

Limits are shares of all rows, so that a refresh of what changed judges as one of everything. A
night whose rows are all in another unit is a thousandth of three years: it passes every limit, and
has to be told by its own day.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from valuekit.errors import Finding
from valuekit.quarantine.rules import named
from valuekit.text import plural

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pandas as pd

MOSTLY, MANY = "most rows of a day are held back", "many rows of a day are held back"
NEWEST = 7  # days with rows that are looked at: older ones were told when they came
LEAST = 20  # rows of a day: of fewer a share says little
MOST = 0.5  # share of a day's rows
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
    read = rows.groupby("day")["rows"].sum().sort_index().iloc[-NEWEST:]
    held = rows[(rows["fate"] == "quarantined") & ~rows["rule"].isin(OTHERS)]
    held = held[held["day"].isin(read[read >= LEAST].index)]
    for rule, own in held.groupby("rule"):
        by_day = own.groupby("day")["rows"].sum()
        limit = refused(str(rule))
        most = MOST if limit is None else min(limit, MOST)
        mostly = by_day[(by_day > LEAST * MOST) & (by_day > most * read[by_day.index])]
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
