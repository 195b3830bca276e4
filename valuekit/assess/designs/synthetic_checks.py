"""Checks that synthetic comparisons run on themselves, said in words."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from valuekit.assess.designs.grouped_checks import gaps_check
from valuekit.critical import two_sided_p
from valuekit.scorecard import Diagnostic
from valuekit.text import listed, number, percent, plural
from valuekit.uplift.mix import FEWEST_DONORS, Synthetic

if TYPE_CHECKING:
    from collections.abc import Callable

    from valuekit.assess.designs.trial import Trial
    from valuekit.uplift.panel import Panel

    Run = Callable[..., Synthetic | str]

ENOUGH_DONORS = 8
ENOUGH_PERIODS = 8
GATE = 0.05
DONORS = "Number of untreated groups"
PERIODS = "Time before the launch"
FIT = "Fit before the launch"
PLACEBO = "Placebo launch"
LARGEST = "Largest part of the mix left out"
RANK = "Placebo groups"
MIX = "The mix"
DECISIVE = (DONORS, PERIODS, FIT, PLACEBO, LARGEST)


def checks(trial: Trial, made: Panel, found: Synthetic | str, run: Run) -> tuple[Diagnostic, ...]:
    """Every check of a synthetic comparison."""
    if isinstance(found, str):
        return (gaps_check(made),)
    return (
        _donors(found),
        _periods(found),
        _fit(made, found),
        _launch(made, found, run),
        _largest(trial, made, found, run),
        _rank(found),
        _mix(found),
        gaps_check(made),
    )


def _donors(found: Synthetic) -> Diagnostic:
    n = len(found.donors)
    have = plural(n, "untreated group")
    if n < FEWEST_DONORS:
        text = f"{have}: too few for placebos, so the effect has no interval."
        return Diagnostic(DONORS, "failed", text, n)
    if n < ENOUGH_DONORS:
        text = (
            f"{have}, so the interval rests on {n} placebos; from {ENOUGH_DONORS} on they say "
            "what chance does."
        )
        return Diagnostic(DONORS, "failed", text, n)
    return Diagnostic(DONORS, "passed", f"{have} to mix and to draw placebos from.", n)


def _periods(found: Synthetic) -> Diagnostic:
    n = min(one.until for one in found.mixes)
    have = f"{plural(n, 'period')} before the launch"
    if n < ENOUGH_PERIODS:
        text = f"{have}: a mix can fit so few by luck; {ENOUGH_PERIODS} or more tell."
        return Diagnostic(PERIODS, "failed", text, n)
    return Diagnostic(PERIODS, "passed", f"{have} to find the mix by.", n)


def _fit(made: Panel, found: Synthetic) -> Diagnostic:
    """Whether the mix was near before the launch, beside how much treated groups move anyway."""
    usual = _usual_move(made, found)
    total = found.everything()
    off = float(np.mean([np.mean(one.before(one.gap)) for one in found.mixes]))
    said = (
        f"Before the launch the mix was off by {number(found.error)} in a usual period, "
        f"{_beside(found.error, usual)}{_placebos(found)}"
    )
    if total is not None and total.se is not None and abs(off) > total.se / total.weight:
        text = (
            f"{said}; by {number(off)} on average, always to one side: no mix of untreated groups "
            "reaches the treated ones, and the effect holds that gap."
        )
        return Diagnostic(FIT, "failed", text, found.error)
    if found.error > 2 * usual:
        text = f"{said}: no mix of untreated groups moves like the treated ones."
        return Diagnostic(FIT, "failed", text, found.error)
    return Diagnostic(FIT, "passed", f"{said}.", found.error)


def _usual_move(made: Panel, found: Synthetic) -> float:
    """Root mean square change of a treated group from one period to the next before its launch."""
    squares: list[float] = []
    for one in found.mixes:
        path = made.y[made.first == one.launch, : one.until].mean(axis=0)
        squares += (np.diff(path) ** 2).tolist()
    return float(np.sqrt(np.mean(squares))) if squares else 0.0


def _beside(error: float, usual: float) -> str:
    if usual <= 0:
        return "where treated groups did not move at all"
    return f"{percent(error / usual)} of what treated groups move from one period to the next"


def _placebos(found: Synthetic) -> str:
    if not len(found.placebo_errors):
        return ""
    return f" ({number(float(np.median(found.placebo_errors)))} for a placebo)"


def _launch(made: Panel, found: Synthetic, run: Run) -> Diagnostic:
    """A launch pretended after two thirds of the time before the first real one."""
    until = min(one.until for one in found.mixes)
    if until < 6:
        text = f"Only {plural(until, 'period')} before the launch; a placebo needs six."
        return Diagnostic(PLACEBO, "not run", text)
    early = replace(made, first=np.where(made.never, len(made.days), 2 * until // 3))
    every = np.ones(len(made.groups), dtype=bool)
    kept = early.kept(every, np.arange(len(made.days)) < until)
    tried = run(kept)
    total = None if isinstance(tried, str) else tried.everything()
    if total is None or not total.weight:
        return Diagnostic(PLACEBO, "not run", "Treated groups have no weight before the launch.")
    value = total.value / total.weight
    said = f"A launch pretended after two thirds of the time before it shows {number(value)}"
    if total.se is None:
        if not value:
            return Diagnostic(PLACEBO, "passed", "Nothing varied before the launch.")
        return Diagnostic(PLACEBO, "not run", f"{said}, and chance is not known.", value)
    p = two_sided_p(total.value / total.se, total.df)
    if p < GATE:
        text = f"{said} (p = {p:.2g}), where there was nothing to find."
        return Diagnostic(PLACEBO, "failed", text, value, p)
    return Diagnostic(PLACEBO, "passed", f"{said} (p = {p:.2g}): nothing, as it should.", value, p)


def _largest(trial: Trial, made: Panel, found: Synthetic, run: Run) -> Diagnostic:
    """The effect when the group with the largest weight is not there."""
    name, share = next(iter(found.weights.items()))
    stays = np.array([one != name for one in made.groups])
    without = run(
        made.kept(stays, np.ones(len(made.days), dtype=bool)),
        trial.evidence.anticipation,
        placebos=False,
    )
    whole = found.everything()
    again = None if isinstance(without, str) else without.everything()
    if again is None or whole is None:
        text = f"Without {name} there is no mix left."
        return Diagnostic(LARGEST, "not run", text)
    old, new = whole.value / whole.weight, again.value / again.weight
    part = f"{percent(share)} of the mix"
    said = f"Without {name} ({part}) the effect is {number(new)}, not {number(old)}"
    if old * new < 0:
        return Diagnostic(LARGEST, "failed", f"{said}: its sign hangs on one group.", new)
    moved = abs(new - old)
    if whole.se is not None and moved > whole.se / whole.weight:
        return Diagnostic(LARGEST, "warning", f"{said}: more than its standard error apart.", new)
    return Diagnostic(LARGEST, "passed", f"{said}.", new)


def _rank(found: Synthetic) -> Diagnostic:
    """Where the treated stand among placebos, by how far they left their mix."""
    p = found.rank_p
    if p is None:
        text = "There are too few untreated groups to take as many of them for treated."
        return Diagnostic(RANK, "not run", text)
    n = len(found.placebos[0])
    text = (
        f"Of the treated and {plural(n, 'placebo')}, {percent(p)} left their mix as far, in terms "
        f"of how well it fitted before; no less than {percent(1 / (n + 1))} can. "
        "The range of the effect takes the spread of all placebos, also of those that fitted "
        "badly, so it may include zero where this rank is extreme; the range decides."
    )
    return Diagnostic(RANK, "passed" if p <= GATE else "warning", text, p_value=p)


def _mix(found: Synthetic) -> Diagnostic:
    parts = [f"{name} {percent(share)}" for name, share in found.weights.items()]
    text = f"{len(parts)} of {plural(len(found.donors), 'untreated group')}: {listed(parts)}."
    return Diagnostic(MIX, "passed", text)
