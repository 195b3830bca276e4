"""What is there no more since the last run: ends of tables, files, rows of files.

Another declaration decides about rows only where it says where they lie, or which column tells
their day: with another metric, or another version of the software, none may go missing unseen.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from operator import attrgetter
from typing import TYPE_CHECKING

from valuekit.incremental.prints import NO_DAY, Folded
from valuekit.incremental.survey import LINES

if TYPE_CHECKING:
    from valuekit.incremental.prints import Print
    from valuekit.incremental.survey import Part, Survey
    from valuekit.workspace.declare import Model

Spans = Mapping[str, tuple[date, date]]  # role of a table -> its first and last day
_DAY = timedelta(days=1)  # by which another time zone may move an end


def ends_earlier(
    model: Model, surveys: tuple[Survey, Survey], spans: tuple[Spans, Spans], *, redeclared: bool
) -> dict[str, tuple[date, date | None]]:
    """Tables that end earlier than they did, with the day then and now.

    Args:
        model: As declared; forecasts may be withdrawn.
        surveys: The sources then and now.
        spans: First and last days of the same.
        redeclared: Whether the declaration, the source or the software is not what it was.
    """
    free = {"predictions"} if model.task == "forecast" else set()
    found: dict[str, tuple[date, date | None]] = {}
    for role, (_, was) in spans[0].items():
        now = spans[1][role][1] if role in spans[1] else None
        if role in free or (now is not None and now >= was):
            continue
        if redeclared:
            if not _stays(*surveys, role):
                continue
            then, there = (one.tables[role].origin for one in surveys)
            if now is not None and now >= was - _DAY and then.zones != there.zones:
                continue
        found[role] = was, now
    return found


def files_gone(old: Survey, new: Survey, *, redeclared: bool) -> dict[str, dict[str, int]]:
    """Files with fewer rows, or that are gone, whose rows did not go into others by renaming."""
    found: dict[str, dict[str, int]] = {}
    for role, table in old.tables.items():
        now = new.tables.get(role)
        if now is None or table.parts == now.parts:
            continue
        if redeclared and not _stays(old, new, role):
            continue
        before, after = table.days, now.days
        broken = _of_file(now.parts.get(LINES)) - _of_file(table.parts.get(LINES))
        for name, part in sorted(table.parts.items()):
            there = now.parts.get(name)
            if part == there:
                continue
            # Rows that have no day any more, or cannot be read, are told by their rules.
            most = _of_file(part) - _of_file(there) - (max(broken, 0) if there else 0)
            if most <= 0:  # as of most files: no day of a long history has to be looked at
                continue
            lost = sum(
                min(
                    max(one.rows - _rows_on(there.days if there else {}, day), 0),
                    max(before[day].rows - _rows_on(after, day), 0),
                )
                for day, one in part.days.items()
                if day != NO_DAY
            )
            if (lost := min(lost, most)) > 0:
                found.setdefault(role, {})[name] = lost
    return found


def rows_in(days: Mapping[str, Print]) -> int:
    """Rows of some days together."""
    return days.rows if isinstance(days, Folded) else sum(map(attrgetter("rows"), days.values()))


def _stays(old: Survey, new: Survey, role: str) -> bool:
    """Whether a table is declared to lie where it did, and has its days from the same column."""
    if role not in new.tables:
        return False
    then, now = (one.tables[role].origin.rows for one in (old, new))
    return bool(then) and then == now


def _of_file(part: Part | None) -> int:
    """Rows of a file, with and without a day."""
    return 0 if part is None else rows_in(part.days)


def _rows_on(days: Mapping[str, Print], day: str) -> int:
    return days[day].rows if day in days else 0
