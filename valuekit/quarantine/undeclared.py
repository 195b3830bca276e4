"""Arms of a holdout that nothing declares: their units count as treated, meant or not.

Where `treated` is not declared every arm but the control is treated. That is plain with one such
arm. With several, one may be another experiment, a misspelt name or a variant that nobody planned.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from valuekit.errors import Finding
from valuekit.text import count, listed, plural

if TYPE_CHECKING:
    from collections.abc import Iterable

    from valuekit.workspace.evidence import Evidence

STRANGE = "undeclared_arm"
REMEDY = (
    "Name the arm that counts as `treated`, or give the share of each treated arm in `arms` of "
    "`allocation`; if the name is a slip, correct it where it is written."
)


def declared_arms(one: Evidence) -> frozenset[str] | None:
    """Arms that an entry names beside its control; None when every other arm counts.

    Shares of treated arms name them where every step of the allocation has them.
    """
    if one.treated is not None:
        return frozenset({one.treated})
    if not one.allocation or any(step.arms is None for step in one.allocation):
        return None
    return frozenset(arm for step in one.allocation for arm in step.arms or ())


def strangers(one: Evidence, arms: Iterable[str]) -> tuple[str, ...]:
    """Arms among some that count as treated although nothing declares them.

    With `treated` declared the others are left out of the comparison, by declaration.
    """
    others = sorted({arm for arm in arms if arm and arm != one.control})
    if one.treated is not None:
        return ()
    known = declared_arms(one)
    if known is None:
        return tuple(others) if len(others) > 1 else ()
    return tuple(arm for arm in others if arm not in known)


def undeclared(model: str, place: int, one: Evidence, rows: pd.DataFrame) -> Finding | None:
    """A warning that names such arms and their units.

    Args:
        model: Name of the model.
        place: Place of the entry in its evidence.
        one: The entry, a holdout.
        rows: The fact ``effect`` of one metric and all days.
    """
    until = rows if one.until is None else rows[rows["day"].dt.date <= one.until]
    units = until.groupby("arm")["units"].sum()
    units = units[units > 0]
    strange = strangers(one, [str(arm) for arm in units.index])
    if not strange:
        return None
    n, of = int(units[list(strange)].sum()), int(units.drop("", errors="ignore").sum())
    each = listed([f"{arm!r} {count(int(units[arm]))}" for arm in strange])
    known = declared_arms(one)
    rule = (
        "there are several arms beside the control and nothing says which are meant: all of them "
        "count as treated, together"
        if known is None
        else "units are in an arm of which `allocation` declares no share"
    )
    return Finding(
        place=f"models.{model}.evidence[{place}]",
        value=f"{each}, {count(n)} of {plural(of, 'unit')} in an arm",
        rule=rule,
        remedy=REMEDY,
        severity="warning",
        code=STRANGE,
        rows=n,
    )
