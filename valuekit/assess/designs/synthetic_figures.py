"""Further figures of a synthetic comparison: other weights, and the mix itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from valuekit.assess.designs.grouped import Money, entry
from valuekit.estimate import Estimate
from valuekit.scorecard import Figure
from valuekit.uplift.diff_in_diff import diff_in_diff

if TYPE_CHECKING:
    from valuekit.assess.designs.trial import Trial
    from valuekit.uplift.mix import Synthetic
    from valuekit.uplift.panel import Panel

MOST_WEIGHTS = 10
_FACTS = ("panel.n", "panel.mean_y", "panel.treated_from")
_EQUAL = "difference in differences of group means (Welch)"


def alternative(trial: Trial, made: Panel, other: Money) -> tuple[Figure, ...]:
    """The effect by the other synthetic weights, and by equal ones where all launched at once."""
    figures = []
    names = {
        "synthetic_did": "Synthetic difference in differences",
        "synthetic": "Synthetic control",
    }
    key = next(name for name in names if name != trial.evidence.design)
    for name, text, money in (
        (key, names[key], other),
        ("diff_in_diff", "Difference in differences, all groups alike", _equal(trial, made)),
    ):
        effect = money.effect(trial.scene.mature)
        if effect.known:
            figures.append(
                Figure(
                    f"uplift.{name}",
                    f"{text}, per {entry(trial)}",
                    effect,
                    facts=_FACTS,
                    better="higher",
                )
            )
    return tuple(figures)


def _equal(trial: Trial, made: Panel) -> Money:
    found = diff_in_diff(made, trial.evidence.anticipation)
    if isinstance(found, str):
        return Money(trial, made.days, lambda _chosen: None, _EQUAL, found)
    launch = made.cohorts[0]
    return Money(trial, made.days, lambda chosen: found.total(chosen[launch:]), _EQUAL)


def weights(found: Synthetic) -> tuple[Figure, ...]:
    """The largest weights of the mix, as shares."""
    largest = list(found.weights.items())[:MOST_WEIGHTS]
    return tuple(
        Figure(
            f"weight.{name}",
            f"Weight of {name} in the mix",
            Estimate(share, "share", method="least squares on the simplex"),
            facts=_FACTS,
        )
        for name, share in largest
    )
