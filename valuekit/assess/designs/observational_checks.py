"""Checks that a comparison within strata runs on itself, said in words."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from valuekit.assess.carried import not_run
from valuekit.assess.designs.matched import EXPOSED
from valuekit.scorecard import Diagnostic
from valuekit.text import count, listed, percent, plural, signed
from valuekit.uplift.attrition import NAME as ATTRITION
from valuekit.uplift.attrition import attrition
from valuekit.uplift.crossover import NAME as CROSSED
from valuekit.uplift.crossover import crossover

if TYPE_CHECKING:
    from valuekit.assess.designs.matched import Matched

STRATA = "Strata"
OVERLAP = "Overlap of treated and control"
BALANCE = "Balance before treatment"
HIDDEN = "Unmeasured causes (E-value)"
DECISIVE = (STRATA, OVERLAP, BALANCE, ATTRITION, CROSSED)
MOST_LOST = 0.10  # share of treated units outside the comparison


def checks(matched: Matched) -> tuple[Diagnostic, ...]:
    """Every check of a comparison within strata."""
    trial = matched.trial
    control, treated = trial.control, trial.evidence.treated
    model, name = trial.scene.model, trial.name
    crossed = not_run(model, name, CROSSED, "crossed") or crossover(matched.rows)
    if crossed.status == "warning":
        crossed = replace(crossed, status="failed")
    if not matched.overlap.kept:
        return (_overlap(matched), crossed)
    return (
        _strata(matched),
        _overlap(matched),
        _balance(matched),
        _hidden(matched),
        not_run(model, name, ATTRITION, "matched")
        or attrition(matched.used, control, treated, absent=trial.scene.absent),
        crossed,
    )


def _strata(matched: Matched) -> Diagnostic:
    n = len(matched.overlap.kept)
    if n == 1:
        text = "There is one stratum alone: nothing is adjusted for."
        return Diagnostic(STRATA, "failed", text, n)
    text = f"Units are compared within {plural(n, 'stratum', 'strata')} of {len(matched.strata)}."
    return Diagnostic(STRATA, "passed", text, n)


def _overlap(matched: Matched) -> Diagnostic:
    found, trim = matched.overlap, matched.trial.evidence.trim
    every = found.units + found.lost
    if not found.trimmed:
        text = f"Every stratum holds both, between {percent(trim)} and {percent(1 - trim)} treated."
        return Diagnostic(OVERLAP, "passed", text, 0.0)
    share = found.lost / every if every else 0.0
    text = (
        f"{plural(len(found.trimmed), 'stratum', 'strata')} without enough of both left out "
        f"({listed(list(found.trimmed))}), with {count(found.lost)} of {count(every)} treated "
        "units: the figure is about the others."
    )
    if share > MOST_LOST or not found.kept:
        return Diagnostic(OVERLAP, "failed", text, share)
    return Diagnostic(OVERLAP, "warning" if found.lost else "passed", text, share)


def _balance(matched: Matched) -> Diagnostic:
    found = matched.balances
    apart = [one for one in found if not one.alike]
    worst = max((abs(one.adjusted) for one in found), default=None)
    if apart:
        said = listed(
            [f"{one.name} {signed(one.adjusted)} (raw {signed(one.raw)})" for one in apart]
        )
        text = f"Within strata treated and control units differ, in standard deviations: {said}."
        return Diagnostic(BALANCE, "failed", text, worst)
    measured = [one for one in found if one.name != EXPOSED]
    if not measured:
        text = "Nothing was measured before treatment: declare covariates to compare by."
        return Diagnostic(BALANCE, "not run", text)
    said = listed([f"{one.name} {signed(one.adjusted)} (raw {signed(one.raw)})" for one in found])
    text = f"Within strata treated and control units are alike, in standard deviations: {said}."
    return Diagnostic(BALANCE, "passed", text, worst)


def _hidden(matched: Matched) -> Diagnostic:
    found = matched.hidden
    if found is None:
        text = "Without an interval, or with a mean of 0, there is no E-value."
        return Diagnostic(HIDDEN, "not run", text)
    if found.limit <= 1:
        text = (
            f"The interval includes no effect, so nothing has to be explained away; for the "
            f"estimate it would take a cause tied {found.estimate:.2f} times to both."
        )
        return Diagnostic(HIDDEN, "warning", text, 1.0)
    text = (
        f"A cause nobody measured would have to make both treatment and outcome {found.limit:.2f} "
        f"times as likely for the interval to reach zero, {found.estimate:.2f} times for the "
        "estimate itself."
    )
    return Diagnostic(HIDDEN, "passed", text, found.limit)
