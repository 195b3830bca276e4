"""Checks that a roll-out in steps runs on itself, said in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from valuekit.assess.designs.grouped_checks import (
    GATE,
    NUMBER,
    PARALLEL,
    PLACEBO,
    SHARED,
    gaps_check,
    judged,
)
from valuekit.scorecard import Diagnostic
from valuekit.text import plural
from valuekit.uplift.bands import all_zero, wald
from valuekit.uplift.few_groups import FEWEST
from valuekit.uplift.since_launch import BEFORE
from valuekit.uplift.staggered import SMALL, Staggered, freedom, smallest, spare
from valuekit.uplift.staggered_before import before_launch, placebo

if TYPE_CHECKING:
    from valuekit.uplift.panel import Panel
    from valuekit.uplift.staggered import Comparison
    from valuekit.workspace.declare import Evidence

ENOUGH = 10  # groups an effect for a chi-square to be trusted


def checks(
    made: Panel,
    looked: Panel,
    every: Staggered | str,
    evidence: Evidence,
) -> tuple[Diagnostic, ...]:
    """All checks of a roll-out.

    Args:
        made: The panel period by period.
        looked: The panel in stretches, where periods are many.
        every: Its group-time effects.
        evidence: The declaration.
    """
    return (
        _number(looked),
        _parallel(every),
        _placebo(made, evidence.comparison, evidence.anticipation),
        gaps_check(made),
    )


def _number(made: Panel) -> Diagnostic:
    treated, control = int((~made.never).sum()), int(made.never.sum())
    have = (
        f"{plural(treated, 'treated group')} launched on {plural(len(made.cohorts), 'date')}, "
        f"{plural(control, 'group')} never treated"
    )
    if len(made.groups) < FEWEST:
        text = f"{have}: too few to know how much groups differ by chance."
        return Diagnostic(NUMBER, "failed", text)
    if control == 1:
        text = f"{have}: one group is no measure of chance."
        return Diagnostic(NUMBER, "failed", text)
    if smallest(made) < SMALL:
        text = (
            f"{have}; some launches are of fewer than {SMALL} groups, so the spread of all treated "
            "groups stands for theirs."
        )
        return Diagnostic(NUMBER, "warning", text)
    return Diagnostic(NUMBER, "passed", f"{have}. {SHARED}")


def _parallel(every: Staggered | str) -> Diagnostic:
    """Whether all effects of launches that had not happened yet may be zero at once."""
    if isinstance(every, str) or not every.before:
        text = "No launch has two periods before it, so trends cannot be compared."
        return Diagnostic(PARALLEL, "not run", text)
    found = before_launch(every, BEFORE)
    if found is None:
        return Diagnostic(PARALLEL, "passed", "All groups moved alike before the launches.")
    values, influence = found
    top, p = all_zero(values, influence, spare(every.panel))
    said = (
        f"{plural(len(values), 'step')} before the launches, taken together: the largest is "
        f"{top:.1f} standard errors from zero (p = {p:.2g})"
    )
    square = _wald(every)
    if square is not None:
        said += f"; the chi-square test of every launch and period has p = {square:.2g}"
    if p < GATE:
        text = f"{said}: treated groups were on another path already."
        return Diagnostic(PARALLEL, "failed", text, top, p)
    return Diagnostic(PARALLEL, "passed", f"{said}: no difference is told apart.", top, p)


def _wald(every: Staggered) -> float | None:
    """p-value of the test of the method's authors; None where groups are too few to trust it."""
    cells = every.before
    if freedom(every.panel) <= ENOUGH * len(cells):
        return None
    values = np.array([one.value for one in cells])
    influence = np.stack([one.influence for one in cells], axis=1)
    found = wald(values, influence) if ((influence**2).sum(axis=0) > 0).all() else None
    return None if found is None else found[1]


def _placebo(made: Panel, comparison: Comparison, anticipation: int) -> Diagnostic:
    found = placebo(made, comparison, anticipation)
    if found.value is None:
        if "alike" in found.reason:
            return Diagnostic(PLACEBO, "passed", "Nothing varied before the launches.")
        return Diagnostic(PLACEBO, "not run", f"{found.reason[0].upper()}{found.reason[1:]}.")
    return judged(found.value, found.value / (found.se or 1.0), found.df)
