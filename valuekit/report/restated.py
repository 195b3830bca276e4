"""The sheet of published days that a later run found to be another."""

from __future__ import annotations

from collections.abc import Sequence

from valuekit.report.sheet import Sheet, SheetColumn
from valuekit.restatements import MOST, Moved

_COLUMNS = (
    SheetColumn("Model"),
    SheetColumn("Day", "day"),
    SheetColumn("Figure"),
    SheetColumn("Before", "number"),
    SheetColumn("After", "number"),
    SheetColumn("Unit"),
    SheetColumn("Run", "count"),
    SheetColumn("Shown since (UTC)", "time"),
)


def restated_sheet(figures: Sequence[Moved]) -> Sheet:
    """Figures of published days before and after, newest run first; None where a day had none."""
    rows = tuple(
        (one.model, one.day, one.figure, one.before, one.after, one.unit, one.run, one.at)
        for one in figures[:MOST]
    )
    title = "Published days that a later run found to be another"
    if not figures:
        title = "No published day was ever restated"
    note = "before was shown until the run named in the row, after since then"
    if len(figures) > MOST:
        note += f"; the newest {MOST:,} figures, all: valuekit restatements --json"
    return Sheet("Restatements", title, _COLUMNS, rows, note)
