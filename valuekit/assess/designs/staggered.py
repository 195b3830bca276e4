"""A roll-out in steps: group-time effects against groups never treated, or not treated yet."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from valuekit.assess.designs.grouped import Money, entry, grades, panel, sides, trial_of, why_none
from valuekit.assess.designs.grouped_checks import NUMBER, PARALLEL, PLACEBO, gaps_check
from valuekit.assess.designs.grouped_launch import launch_effects
from valuekit.assess.designs.grouped_report import Words, design
from valuekit.assess.designs.staggered_checks import checks
from valuekit.scorecard import Figure, LaunchEffect
from valuekit.uplift import staggered as cs
from valuekit.uplift.bands import at_once
from valuekit.uplift.few_groups import interval_of
from valuekit.uplift.panel import Panel
from valuekit.uplift.since_launch import Stretch
from valuekit.uplift.staggered_before import coarser
from valuekit.uplift.staggered_total import Rollout, rollout

if TYPE_CHECKING:
    from valuekit.assess.designs.base import Design
    from valuekit.assess.designs.trial import Trial
    from valuekit.assess.scene import Scene
    from valuekit.estimate import Estimate
    from valuekit.uplift.gaps import Total
    from valuekit.uplift.panel import Bools
    from valuekit.workspace.declare import Evidence

WORDS = Words(
    "groups that were not treated",
    "sum over cohorts g and times t of (y_t - y_g-1) of the cohort - mean of the same over groups "
    "never treated, or not treated yet",
    "Callaway & Sant'Anna (2021), J. Econometrics 225:200",
)
FINE, COARSE = 60, 40  # periods that are looked at one by one; stretches where there are more
MOST_COHORTS = 8
_KINDS: tuple[tuple[cs.Kind, str], ...] = (
    ("simple", "All groups and periods treated, alike"),
    ("dynamic", "Mean over the time since launch"),
    ("group", "Mean over launches, by their groups"),
    ("calendar", "Mean over periods"),
)


# As published. The money's range, and so the headline's, allows for few groups and is wider.
_PUBLISHED = "range for many groups"


def staggered(scene: Scene, evidence: Evidence) -> Design:
    """Evaluate a roll-out in steps over the groups of the panel."""
    trial = trial_of(scene, evidence)
    made = panel(trial)
    money = _money(trial, made)
    looked = _looked(made)
    every: cs.Staggered | str = money.why or cs.staggered(
        looked, evidence.comparison, _ahead(trial, made)
    )
    found = (gaps_check(made),) if money.why else checks(made, looked, every, evidence)

    def effect_in(segment: str) -> Estimate:
        return _money(trial, panel(trial, segment)).effect(scene.mature)

    return design(
        money,
        WORDS,
        found,
        grades(trial, "B", found, (NUMBER, PARALLEL, PLACEBO)),
        others=_others(trial, every),
        arms=sides(made),
        launch=_launch(trial, made, every),
        effect_in=effect_in,
    )


def _money(trial: Trial, made: Panel) -> Money:
    evidence = trial.evidence
    found: Rollout | str = rollout(made, evidence.comparison, evidence.anticipation)
    if isinstance(found, str):
        why = why_none(trial, made, found)
        return Money(trial, made.days, lambda _chosen: None, cs.METHOD, why, made.notes)

    def read(chosen: Bools) -> Total | None:
        return interval_of(found.total(chosen))

    return Money(trial, made.days, read, cs.METHOD, "", (*made.notes, *found.notes))


def _width(made: Panel) -> int:
    """Periods that are taken together for figures beside the money."""
    return 1 if len(made.days) <= FINE else math.ceil(len(made.days) / COARSE)


def _looked(made: Panel) -> Panel:
    return coarser(made, _width(made))


def _ahead(trial: Trial, made: Panel) -> int:
    return math.ceil(trial.evidence.anticipation / _width(made))


def _launch(trial: Trial, made: Panel, every: cs.Staggered | str) -> tuple[LaunchEffect, ...]:
    """Effect by time since launch, with a band over all of it."""
    if isinstance(every, str):
        return ()
    width = _width(made)
    keys, values, influence = cs.lengths(every)
    se = np.sqrt((influence**2).sum(axis=0))
    good = se > 1e-12 * max(1.0, float(np.abs(made.y).max()))
    few = cs.smallest(every.panel) < cs.SMALL
    df = float(cs.spare(every.panel) if few else cs.freedom(every.panel))
    band = at_once(influence[:, good], df) if good.any() else None
    stretches = (
        Stretch(
            key * width, key * width + width - 1, float(value),
            float(error) if known else None, df, band,
        )
        for key, value, error, known in zip(keys, values, se, good, strict=True)
    )  # fmt: skip
    return launch_effects(trial, stretches, len(made.groups))


def _others(trial: Trial, every: cs.Staggered | str) -> tuple[Figure, ...]:
    """The aggregates of the method, each with its own weights, and the effect of every launch."""
    if isinstance(every, str):
        return ()
    figures = [
        _figure(trial, kind, f"{label} ({_PUBLISHED})", cs.aggregate(every, kind, unit="1"))
        for kind, label in _KINDS
    ]
    if cs.smallest(every.panel) < cs.SMALL:
        note = "launches of few groups say little of their own spread: the range is too narrow"
        figures = [replace(one, estimate=replace(one.estimate, notes=(note,))) for one in figures]
    cohorts = cs.by_cohort(every, unit="1")
    if len(cohorts) <= MOST_COHORTS:
        for place, one in cohorts.items():
            day = str(every.panel.days[place])
            figures.append(_figure(trial, f"launch.{day}", f"Launched {day} ({_PUBLISHED})", one))
    return tuple(figures)


def _figure(trial: Trial, key: str, label: str, one: Estimate) -> Figure:
    return Figure(
        f"uplift.{key}",
        label,
        one.scaled(trial.value, f"{trial.unit}/{entry(trial)}"),
        "weighted mean of group-time effects",
        WORDS.source,
        ("panel.n", "panel.mean_y"),
        "higher",
    )
