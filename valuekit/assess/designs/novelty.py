"""Whether the effect of a holdout fades as its units get older."""

from __future__ import annotations

from typing import TYPE_CHECKING

from valuekit.estimate import Estimate
from valuekit.scorecard import AgeEffect, Diagnostic
from valuekit.text import money, number

if TYPE_CHECKING:
    from valuekit.assess.designs.trial import Trial

NAME = "Novelty"
GATE = 0.05


def ages(trial: Trial) -> tuple[AgeEffect, ...]:
    """Effect by unit age; empty where it is not known."""
    found = trial.fading
    return () if isinstance(found, str) else found.ages


def novelty(trial: Trial) -> Diagnostic:
    """Whether units bring less of the effect the older they get."""
    found = trial.fading
    if isinstance(found, str):
        return Diagnostic(NAME, "not run", f"Whether the effect fades is unknown: {found}.")
    early, late = found.early.value or 0.0, found.late.value or 0.0
    seen = (
        f"{_amount(trial, found.early)} a unit and day in the first half of the outcome window, "
        f"{_amount(trial, found.late)} in the second (p = {found.p:.2g})"
    )
    if found.p < GATE and abs(early) > abs(late):
        text = f"The effect fades with the age of a unit: {seen}. The later figure is what lasts."
        return Diagnostic(NAME, "warning", text, early - late, found.p)
    return Diagnostic(NAME, "passed", f"No fading: {seen}.", early - late, found.p)


def _amount(trial: Trial, one: Estimate) -> str:
    value = one.value or 0.0
    return money(value, trial.scene.currency) if trial.priced else f"{number(value)} {trial.name}"
