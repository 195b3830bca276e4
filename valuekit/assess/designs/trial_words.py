"""A holdout's finding in one sentence, and what would settle it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from valuekit.assess.designs.base import range_text
from valuekit.cost.lines import MARGINAL, total
from valuekit.text import count, money
from valuekit.uplift.power import settle

if TYPE_CHECKING:
    from valuekit.assess.designs.trial import Trial
    from valuekit.uplift.holdout import Holdout


def title(trial: Trial, found: Holdout) -> str:
    """What the comparison found, with figures."""
    effect = found.effect
    if effect.value is None:
        return f"The effect is not known: {effect.reason}"
    unit = trial.scene.currency
    if trial.priced:
        size = f"{money(abs(effect.value), unit)} a unit{range_text(effect, unit)}"
    else:
        size = f"{abs(effect.value):.3g} {trial.name} a unit"
    sides = f"{count(found.units)} treated and {count(found.control_units)} control units"
    if effect.se is None:
        sense = "more" if effect.value >= 0 else "less"
        return f"{size} {sense} than the control group, over {sides}. {effect.notes[0]}"
    if not effect.resolved:
        sense = "more" if effect.value >= 0 else "less"
        return f"Not told from zero: {size} {sense} than the control group, over {sides}"
    sense = "more" if effect.value > 0 else "less"
    return f"The treated group brought {size} {sense} than the control group, over {sides}"


def what_settles(trial: Trial, found: Holdout) -> str:
    """How many more units and days would settle the observed effect."""
    effect = found.effect.value
    rows = trial.mature_rows()
    if effect is None or found.effect.se is None or not trial.value or rows.empty:
        return "Both groups, with complete outcomes, for at least four weeks."
    sought = effect if found.effect.resolved else _break_even(trial, found) or effect
    run = partial(settle, rows, trial.control, trial.evidence.treated)
    plan = run(effect=sought / trial.value, epochs=trial.epochs)
    return plan.text if plan else "More units in both groups."


def _break_even(trial: Trial, found: Holdout) -> float | None:
    """Effect per treated unit that would pay the running cost of the mature days."""
    mature = trial.scene.mature
    if not trial.priced or mature is None or not found.units:
        return None
    paid = float(total(trial.scene.fact("cost", mature), MARGINAL))
    return paid / found.units or None
