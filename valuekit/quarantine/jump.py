"""Outcomes of nobody that suddenly become more: ids changed, or a log stopped.

Where outcomes of strangers are normal, their share says nothing; that it rose within a week does.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd

from valuekit.errors import Finding
from valuekit.text import count, percent, plural

JUMPED = "outcomes of nobody have become more"  # how such a warning begins
DAYS = 7  # up to the last day with outcomes, against all days before
LEAST = (30, 100)  # outcomes in these days, and before them
POINTS, ERRORS = 0.1, 3.0  # a rise of at least so much, and of so many standard errors


@dataclass(frozen=True, slots=True)
class Jump:
    """The share of orphans in the last days, and before.

    Attributes:
        rows: Orphans of the last days.
        read: Outcomes of the last days.
        before: Share of orphans among all outcomes before.
    """

    rows: int
    read: int
    before: float

    @property
    def large(self) -> bool:
        """Whether the share rose by 10 points and by more than chance.

        The standard error is that of a share of ``read`` rows drawn at the rate before, which is
        taken to be at least one row in ``read``.
        """
        rate = max(self.before, 1 / self.read)
        chance = ERRORS * math.sqrt(rate * max(1 - rate, 0.0) / self.read)
        return self.rows / self.read - self.before > max(POINTS, chance)


def jump(intake: pd.DataFrame) -> Jump | None:
    """How the share of orphans moved in the last week; None with too few outcomes to tell.

    Args:
        intake: The conformed fact ``intake`` of all days.
    """
    rows = intake[(intake["segment"] == "all") & (intake["source"] == "outcomes")]
    rows = rows[rows["rows"] > 0]
    if rows.empty:
        return None
    recent = rows["day"] > rows["day"].max() - pd.Timedelta(days=DAYS)
    orphan = rows["rule"] == "orphan"
    read, old = int(rows.loc[recent, "rows"].sum()), int(rows.loc[~recent, "rows"].sum())
    if read < LEAST[0] or old < LEAST[1]:
        return None
    before = int(rows.loc[~recent & orphan, "rows"].sum()) / old
    return Jump(int(rows.loc[recent & orphan, "rows"].sum()), read, before)


def warning(intake: pd.DataFrame, place: str) -> tuple[Finding, ...]:
    """A warning when outcomes of nobody have become more within a week."""
    found = jump(intake)
    if found is None or not found.large:
        return ()
    share = percent(found.rows / found.read)
    return (
        Finding(
            place=place,
            value=f"{count(found.rows)} of {plural(found.read, 'outcome')} of the last {DAYS} days "
            f"({share}), {percent(found.before)} before",
            rule=f"{JUMPED}: no prediction or unit has their key",
            remedy="Look for ids written in another way since, or a log that no longer comes. See: "
            "valuekit quarantine explain orphan",
            severity="warning",
            code="orphan_jump",
            rows=found.rows,
        ),
    )
