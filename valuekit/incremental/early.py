"""A day that is published before its outcomes are in, so that the next night restates it.

Files that are cut by UTC leave the first or last hours of a local day to the file after, and a feed
that is a night late does the same with whole days. Then the newest published day is incomplete
every night, and every night another one is restated. One such night is a late row; two on end are
how the table comes, and for that an allowance is declared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from valuekit.errors import Finding
from valuekit.text import plural

if TYPE_CHECKING:
    from datetime import date

CODE = "published_early"


def warning(place: str, days: tuple[date, date], allowance: int) -> Finding:
    """Say that the day that was published last was restated, twice on end.

    Args:
        place: Where the outcomes are declared.
        days: The day that the run before restated, and the one of this run.
        allowance: Days that are declared now.
    """
    more = f'`allowance = "{allowance + 1}d"`'
    now = f", and not {plural(allowance, 'day')} as now" if allowance else ""
    return Finding(
        place=place,
        value=f"{days[1]}; by the run before {days[0]}",
        rule="the day that was published last is restated, for the second time on end: it is "
        "published before its outcomes are in",
        remedy=f"Declare {more}, so that a day counts so much later{now}. A day is cut where the "
        "reporting zone has it: files by days of another zone bring its last hours a night later.",
        severity="warning",
        code=CODE,
        rows=0,
    )
