"""Conservation of source rows: what was read is accepted, or held back for a named reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from valuekit.errors import Finding, SourceError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

FATES = ("accepted", "quarantined", "deduplicated", "out_of_window")


def conserved(model: str, intake: pd.DataFrame, rows_read: int) -> None:
    """Check that read = accepted + quarantined + deduplicated + out of window.

    Args:
        model: Name of the model.
        intake: Conformed intake fact of the whole pull.
        rows_read: Source rows read.

    Raises:
        SourceError: for rows that got lost or were counted twice, or an unknown fate.
    """
    strange = sorted(set(intake["fate"]) - set(FATES))
    counted = int(intake.loc[intake["segment"] == "all", "rows"].sum())
    if not strange and counted == rows_read:
        return
    rule = f"read = {' + '.join(FATES)}"
    found = f"fate {strange[0]!r}" if strange else f"{rows_read:,} read, {counted:,} counted"
    raise SourceError(
        Finding(
            place=f"models.{model}",
            value=found,
            rule=f"source rows must add up: {rule}",
            remedy="This is a fault of the connector: report it with the workspace file.",
            code="conservation",
            rows=abs(rows_read - counted),
        )
    )


def accounted(
    model: str,
    role: str,
    intake: pd.DataFrame,
    counts: Mapping[str, int],
    first: date | None,
    place: str,
) -> None:
    """Check that the intake of one source has as many rows on each day as the source itself.

    Args:
        model: Name of the model.
        role: The source: predictions, assignments, outcomes or panel.
        intake: Conformed intake of all days.
        counts: ISO day -> rows, counted in the source on their own; the empty text for rows
            without a day, which are on the first day in the intake.
        first: First day with data.
        place: Where the model is declared.

    Raises:
        SourceError: for rows that got lost or were counted twice.
    """
    there = intake[(intake["source"] == role) & (intake["segment"] == "all")]
    held = there.groupby("day")["rows"].sum()
    days = [day.date().isoformat() for day in pd.DatetimeIndex(held.index)]
    found = {day: int(rows) for day, rows in zip(days, held.tolist(), strict=True) if rows}
    start = first.isoformat() if first is not None else "1970-01-01"
    wanted: dict[str, int] = {}
    for day, rows in counts.items():
        if rows:
            wanted[day or start] = wanted.get(day or start, 0) + rows
    if found == wanted:
        return
    day = min(one for one in found.keys() | wanted.keys() if found.get(one) != wanted.get(one))
    raise SourceError(
        Finding(
            place=place,
            value=f"{role} of {day}: {wanted.get(day, 0):,} rows in the table, "
            f"{found.get(day, 0):,} accounted for",
            rule="every source row is accepted, quarantined, deduplicated or out of its window",
            remedy=f"Run: valuekit refresh {model} --full. If it comes again, report it.",
            code="conservation",
            rows=abs(sum(wanted.values()) - sum(found.values())),
        )
    )
