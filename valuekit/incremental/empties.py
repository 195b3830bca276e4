"""Nights that brought nothing where the nights before brought something: told, never guessed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from valuekit.errors import Finding
from valuekit.quarantine.level import LEAST
from valuekit.text import plural

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from valuekit.incremental.survey import Survey

CODES = frozenset({"no_rows", "no_scores"})  # given anew by each run
_BEFORE = 3  # files or days before that all have some


def no_rows(survey: Survey, model: str) -> Iterator[Finding]:
    """Tables whose newest file, by its name, has no row, unlike those before it."""
    for role, table in survey.tables.items():
        # What stands for lines that could not be split has no bytes.
        files = sorted(file for file, part in table.parts.items() if part.size)
        *before, newest = files[-_BEFORE - 1 :] or [""]
        rows = [bool(table.parts[file].days) for file in (*before, newest)] if before else []
        if rows == [True] * _BEFORE + [False]:
            yield Finding(
                place=f"models.{model}.{role}",
                value=f"{newest}: 0 rows",
                rule="the newest file of a table has no row, unlike those before it",
                remedy="See whether the export broke off, and write the file again.",
                severity="warning",
                code="no_rows",
                rows=0,
            )


def no_scores(volume: pd.DataFrame, model: str) -> Iterator[Finding]:
    """A newest day without any score, unlike those before it.

    Args:
        volume: The conformed fact ``volume`` of all days.
        model: Name of the model.
    """
    rows = volume[volume["segment"] == "all"]
    days = rows.groupby("day")[["predictions", "scored"]].sum().sort_index().iloc[-_BEFORE - 1 :]
    if len(days) <= _BEFORE or not (days["scored"].iloc[:-1] > 0).all():
        return
    n, scored = (int(one) for one in days.iloc[-1])
    if scored == 0 and n >= LEAST:
        yield Finding(
            place=f"models.{model}.predictions",
            value=f"0 of {plural(n, 'prediction')} on {days.index[-1].date()}",
            rule="no prediction of the newest day has a score, unlike those of the days before",
            remedy="See whether the export lost the scores, and write the rows again.",
            severity="warning",
            code="no_scores",
            rows=n,
        )
