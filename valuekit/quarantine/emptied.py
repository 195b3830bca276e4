"""Columns whose values new files lack, where an empty cell counts as 0: metrics, amounts, tokens.

Everything of such a night seems to be there, and what it brought or cost is 0. So it is refused
when the last good run did not tell of it already, until a person decides. Where an empty cell is
unknown, or declared to be 0, it is a warning like any other column that holds nothing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from valuekit.quarantine.nights import ACCEPT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from valuekit.errors import Finding

EMPTIED = "lost_values"
_REMEDY = (
    "See whether the export lost the values, write the file again, and refresh. If it is as it "
    "should be, declare what an empty cell of a metric means (`empty_is_zero` of the metric, or "
    '`absent = "unknown"` of the outcomes), or accept it once: '
    f"valuekit refresh {ACCEPT}."
)


def refused(
    found: Iterable[Finding], told: Iterable[Finding], *, decided: bool
) -> tuple[Finding, ...]:
    """The findings as errors that the last good run did not tell and nobody decided on.

    Args:
        found: Findings of this run.
        told: Those of the last good one.
        decided: Whether a person accepts the night, or declares the model anew.
    """
    known = {one.place for one in told if one.code == EMPTIED}
    if decided:
        return ()
    return tuple(
        replace(one, severity="error", rule=f"{one.rule}, which would count as 0", remedy=_REMEDY)
        for one in found
        if one.code == EMPTIED and one.place not in known
    )
