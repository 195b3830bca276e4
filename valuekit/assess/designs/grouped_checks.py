"""Checks that comparisons of groups run on themselves, said in words."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from valuekit.critical import two_sided_p
from valuekit.scorecard import Diagnostic
from valuekit.text import number, plural
from valuekit.uplift.diff_in_diff import diff_in_diff, pre_slopes
from valuekit.uplift.few_groups import FEWEST
from valuekit.uplift.panel import with_launch

if TYPE_CHECKING:
    from valuekit.uplift.panel import Bools, Floats, Ints, Panel

GATE = 0.05
NUMBER = "Number of groups"
PARALLEL = "Parallel before the launch"
PLACEBO = "Placebo launch"
LEFT_OUT = "Data left out"
# No number of groups helps against it: in simulation a 95% interval then covers far less.
SHARED = (
    "Each group is taken to move by chance on its own: what hits all treated groups at once and no "
    "other (a holiday of their region, a campaign) is counted as effect."
)


def gaps_check(made: Panel) -> Diagnostic:
    """What of the panel was left out or filled."""
    if not made.notes:
        return Diagnostic(LEFT_OUT, "passed", "Every group has a value in every period.")
    said = "; ".join(made.notes)
    return Diagnostic(LEFT_OUT, "warning", f"{said[0].upper()}{said[1:]}.")


def number_check(treated: int, control: int) -> Diagnostic:
    """Whether there are groups enough to know how much groups differ by chance."""
    have = f"{plural(treated, 'treated group')} and {plural(control, 'untreated one')}"
    if treated + control == 2:
        text = (
            f"{have}: no inference by group is possible with two, since a shock to one of them "
            "cannot be told from the effect; an interval takes their rows, or how they drift apart "
            "by period, for chance."
        )
        return Diagnostic(NUMBER, "failed", text)
    if treated + control < FEWEST:
        text = f"{have}: a shock to one of them cannot be told from the effect."
        return Diagnostic(NUMBER, "failed", text)
    if treated == 1:
        text = f"{have}: the treated one is taken to vary by chance as the others do."
        return Diagnostic(NUMBER, "warning", text)
    if control == 1:
        return Diagnostic(NUMBER, "failed", f"{have}: one group is no measure of chance.")
    return Diagnostic(NUMBER, "passed", f"{have}. {SHARED}")


def slopes(made: Panel, anticipation: int) -> Diagnostic:
    """Whether treated and untreated groups moved in parallel before the launch."""
    if len(made.groups) < FEWEST or made.never.sum() < 2:
        return Diagnostic(PARALLEL, "not run", "There are too few groups to compare their trends.")
    until = made.cohorts[0] - anticipation
    found = pre_slopes(with_launch(made, max(until, 0)))
    if found is None:
        text = f"Only {plural(until, 'period')} before the launch; trends need three."
        return Diagnostic(PARALLEL, "not run", text)
    apart, p = _compared(found, ~made.never)
    if p is None:
        return Diagnostic(PARALLEL, "passed", "All groups had the same trend before the launch.")
    said = f"Treated groups moved {number(apart)} a period beyond the others (p = {p:.2g})"
    if p < GATE:
        text = f"{said}: they were on another path already, which the effect may only continue."
        return Diagnostic(PARALLEL, "failed", text, apart, p)
    return Diagnostic(PARALLEL, "passed", f"{said}: no difference is told apart.", apart, p)


def _compared(values: Floats, treated: Bools) -> tuple[float, float | None]:
    """Difference of means and its p-value, t with G - 2; a single treated takes the others' spread.

    None when nothing varies.
    """
    one, none = values[treated], values[~treated]
    around = float(none.var(ddof=1))
    spread = float(one.var(ddof=1)) if len(one) > 1 else around
    variance = spread / len(one) + around / len(none)
    apart = float(one.mean() - none.mean())
    if variance <= 1e-24 * max(1.0, float(np.abs(values).max())) ** 2:
        return apart, None
    return apart, two_sided_p(apart / math.sqrt(variance), len(values) - 2)


def placebo_check(made: Panel, anticipation: int) -> Diagnostic:
    """A launch pretended in the middle of the time before the real one."""
    until = made.cohorts[0] - anticipation
    if until < 4:
        text = f"Only {plural(max(until, 0), 'period')} before the launch; a placebo needs four."
        return Diagnostic(PLACEBO, "not run", text)
    if len(made.groups) < FEWEST or made.never.sum() < 2:
        return Diagnostic(PLACEBO, "not run", "There are too few groups to judge a placebo.")
    early = with_launch(made, len(made.days)).kept(
        np.ones(len(made.groups), dtype=bool), np.arange(len(made.days)) < until
    )
    pretended = np.where(made.never, until, until // 2).astype(np.int64)
    found = diff_in_diff(_at(early, pretended))
    total = None if isinstance(found, str) else found.everything()
    if total is None or total.se is None:
        return Diagnostic(PLACEBO, "passed", "Nothing varied before the launch.")
    return judged(total.value / total.weight, total.value / total.se, total.df)


def judged(value: float, t: float, df: float | None) -> Diagnostic:
    """A placebo effect against zero."""
    p = two_sided_p(t, df)
    said = f"A launch pretended halfway before the real one shows {number(value)} (p = {p:.2g})"
    if p < GATE:
        text = f"{said}, where there was nothing to find."
        return Diagnostic(PLACEBO, "failed", text, value, p)
    return Diagnostic(PLACEBO, "passed", f"{said}: nothing, as it should.", value, p)


def _at(made: Panel, first: Ints) -> Panel:
    return replace(made, first=first)
