"""Synthetic control and synthetic difference in differences: treated groups beside a mix."""

from __future__ import annotations

from typing import TYPE_CHECKING

from valuekit.assess.designs.grouped import (
    NO_ROWS,
    Money,
    grades,
    panel,
    sides,
    trial_of,
    why_none,
)
from valuekit.assess.designs.grouped_launch import launch_effects
from valuekit.assess.designs.grouped_report import Words, design
from valuekit.assess.designs.synthetic_checks import DECISIVE, checks
from valuekit.assess.designs.synthetic_figures import alternative, weights
from valuekit.estimate import Estimate
from valuekit.uplift import synthetic as sc
from valuekit.uplift import synthetic_did as sdid
from valuekit.uplift.mix_launch import stretches

if TYPE_CHECKING:
    from collections.abc import Callable

    from valuekit.assess.designs.base import Design
    from valuekit.assess.designs.trial import Trial
    from valuekit.assess.scene import Scene
    from valuekit.scorecard import Figure, LaunchEffect
    from valuekit.uplift.mix import Synthetic
    from valuekit.uplift.panel import Panel
    from valuekit.workspace.declare import Evidence

    Run = Callable[..., Synthetic | str]

CONTROL = "synthetic control (placebo error)"
DID = "synthetic difference in differences (placebo error)"
ALONE = (
    "There are too few untreated groups to draw as many as are treated: the error is that of one "
    "group, divided as if treated groups varied independently."
)
_CONTROL = Words(
    "a mix of untreated groups that moved like them before",
    "sum over treated periods of treated - sum of weight x untreated; weights of at least 0 that "
    "add up to 1 bring the mix nearest to the treated before the launch",
    "Abadie, Diamond & Hainmueller (2010), JASA 105:493; errors by placebo: Arkhangelsky et al. "
    "(2021), AER 111:4088",
)
_DID = Words(
    "a mix of untreated groups that moved in parallel before",
    "sum over treated periods of (treated - mix of untreated) less the same in a mix of periods "
    "before the launch that are like those after it",
    "Arkhangelsky, Athey, Hirshberg, Imbens & Wager (2021), AER 111:4088",
)


def synthetic(scene: Scene, evidence: Evidence) -> Design:
    """Evaluate a synthetic control over the groups of the panel."""
    other = (sdid.synthetic_did, DID)
    return _design(scene, evidence, sc.synthetic_control, CONTROL, _CONTROL, other)


def synthetic_did(scene: Scene, evidence: Evidence) -> Design:
    """Evaluate a synthetic difference in differences over the groups of the panel."""
    other = (sc.synthetic_control, CONTROL)
    return _design(scene, evidence, sdid.synthetic_did, DID, _DID, other)


def _design(
    scene: Scene,
    evidence: Evidence,
    run: Run,
    method: str,
    words: Words,
    other: tuple[Run, str],
) -> Design:
    trial = trial_of(scene, evidence)
    made = panel(trial)
    found = run(made, evidence.anticipation) if made.groups else NO_ROWS
    money = money_of(trial, made, found, method)
    done = checks(trial, made, found, run)

    def effect_in(segment: str) -> Estimate:
        part = panel(trial, segment)
        inside = run(part, evidence.anticipation) if part.groups else NO_ROWS
        return money_of(trial, part, inside, method).effect(scene.mature)

    others: tuple[Figure, ...] = ()
    launch: tuple[LaunchEffect, ...] = ()
    if not isinstance(found, str):
        others = (*_beside(trial, made, other), *weights(found))
        launch = launch_effects(trial, stretches(found), len(made.groups))
    return design(
        money,
        words,
        done,
        grades(trial, "C", done, DECISIVE),
        others=others,
        arms=sides(made),
        launch=launch,
        effect_in=effect_in,
    )


def money_of(trial: Trial, made: Panel, found: Synthetic | str, method: str) -> Money:
    """Money of a synthetic comparison, or why there is none."""
    if isinstance(found, str):
        why = why_none(trial, made, found)
        return Money(trial, made.days, lambda _chosen: None, method, why, made.notes)
    notes = (*made.notes, *found.notes)
    if found.single:
        notes += (ALONE,)
    return Money(trial, made.days, found.total, method, "", notes)


def _beside(trial: Trial, made: Panel, other: tuple[Run, str]) -> tuple[Figure, ...]:
    """The same effect by the other weights, and by equal ones."""
    run, method = other
    found = run(made, trial.evidence.anticipation)
    return alternative(trial, made, money_of(trial, made, found, method))
