"""Whether every treated unit is valued: those without a control beside them are not.

A stretch of constant allocation without both arms has no counterfactual, so the money of its
treated units is unknown and not part of the sum. The share that is left out stands beside the
figure; above the limit (10%, the counterpart of the coverage that a verdict needs) the sum of some
is set against the cost of all, and that costs the money a grade and the model its verdict.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from valuekit.scorecard import Diagnostic
from valuekit.text import percent, plural

if TYPE_CHECKING:
    from valuekit.uplift.stratified import Stratified

NAME = "Treated units valued"


def valued(strata: Stratified, limit: float) -> Diagnostic:
    """Share of treated units with a known outcome that have a comparison.

    Args:
        strata: Terms of the stratified difference over all mature days.
        limit: Share of units without one above which the check fails.
    """
    every, share = strata.units + strata.lost, strata.uncovered
    if share is None:
        return Diagnostic(NAME, "not run", "No treated unit has a complete outcome yet.")
    if not strata.lost:
        text = f"All {plural(every, 'treated unit')} came while control units came, too."
        return Diagnostic(NAME, "passed", text, 0.0)
    text = (
        f"{strata.lost:,} of {every:,} treated units ({percent(share)}) came while no control "
        "group ran beside them: their money is unknown and not in the figures."
    )
    return Diagnostic(NAME, "failed" if share > limit else "warning", text, share)


def partly(share: float | None) -> str:
    """What a figure leaves out, in words to stand beside it; empty when it leaves nothing out.

    >>> partly(0.65)
    'the value of 65% of its treated units is unknown and not counted'
    """
    if not share:
        return ""
    return f"the value of {percent(share)} of its treated units is unknown and not counted"
