"""A structural time series: level, season and controls from before the launch, continued."""

from __future__ import annotations

from typing import TYPE_CHECKING

from valuekit.assess.designs.grouped import trial_of
from valuekit.assess.designs.series import SeriesMoney, series_in
from valuekit.assess.designs.series_checks import (
    CONTROLS,
    LUCK,
    MEMORY,
    PLACEBO,
    controls_check,
    gaps_check,
    length_check,
    luck_check,
    memory_check,
    placebo_check,
)
from valuekit.assess.designs.series_report import Words, design
from valuekit.scorecard import Diagnostic, Figure
from valuekit.text import number, percent
from valuekit.uplift.structural import PRIORS, Structural, structural

if TYPE_CHECKING:
    from valuekit.assess.designs.base import Design
    from valuekit.assess.scene import Scene
    from valuekit.estimate import Estimate
    from valuekit.uplift.series import Series
    from valuekit.workspace.declare import Evidence

WORDS = Words(
    "its level, season and controls of before would have made it",
    "sum of (seen - expected), expected: a level that wanders, days of the week and controls, "
    "learned before the launch and continued",
    "Brodersen, Gallusser, Koehler, Remy & Scott (2015), Annals of Applied Statistics 9:247",
)
BELIEF = "Belief about the level"
DECISIVE = (PLACEBO, LUCK, MEMORY, CONTROLS, BELIEF)
_METHOD = "structural time series (local level, exact posterior)"
_FACTS = ("panel.n", "panel.mean_y", "panel.offset")


def structural_series(scene: Scene, evidence: Evidence) -> Design:
    """Evaluate a structural time series on the panel."""
    trial = trial_of(scene, evidence)
    made = series_in(trial)
    found = structural(made, harmonics=evidence.harmonics)
    money = SeriesMoney(trial, made, found, _METHOD)
    figures = () if isinstance(found, str) else _priors(money, evidence)

    def effect_in(segment: str) -> Estimate:
        part = series_in(trial, segment)
        inside = structural(part, harmonics=evidence.harmonics)
        return SeriesMoney(trial, part, inside, _METHOD).effect(scene.mature)

    checks = _checks(money, found, figures, evidence)
    return design(money, WORDS, checks, DECISIVE, figures, effect_in)


def _priors(money: SeriesMoney, evidence: Evidence) -> tuple[Figure, ...]:
    """The effect under each belief about how far the level wanders."""
    rows = []
    for prior in PRIORS:
        one = structural(money.made, prior=prior, harmonics=evidence.harmonics)
        other = SeriesMoney(money.trial, money.made, one, _METHOD)
        said = f"Effect per {money.made.frequency}, level moving {percent(prior)} of the spread"
        label = f"{said} each {money.made.frequency}"
        key = f"uplift.level_prior_{round(prior * 100):02d}"
        effect = other.effect(money.trial.scene.mature)
        figure = Figure(key, label, effect, WORDS.formula, WORDS.source, _FACTS, "higher")
        rows.append(figure)
    return tuple(rows)


def _checks(
    money: SeriesMoney,
    found: Structural | str,
    figures: tuple[Figure, ...],
    evidence: Evidence,
) -> tuple[Diagnostic, ...]:
    made = money.made
    if isinstance(found, str):
        return (length_check(made), gaps_check(made)) if len(made.time) else ()

    def again(part: Series, least: int) -> Structural | str:
        return structural(part, harmonics=evidence.harmonics, least=least)

    return (
        length_check(made),
        placebo_check(made, again),
        luck_check(money, again),
        memory_check(found.residuals, 0, "the level, season and controls"),
        _belief(figures),
        *((controls_check(made, evidence.harmonics),) if made.names else ()),
        gaps_check(made),
    )


def _belief(figures: tuple[Figure, ...]) -> Diagnostic:
    """Whether the finding holds whatever is believed of the level."""
    known = [one.estimate for one in figures if one.estimate.low is not None]
    if len(known) < len(PRIORS):
        return Diagnostic(BELIEF, "not run", "Not every belief about the level gives an interval.")
    said = "; ".join(
        f"{percent(prior)}: {number(one.low or 0.0)} to {number(one.high or 0.0)}"
        for prior, one in zip(PRIORS, known, strict=True)
    )
    text = f"Effect by how far the level is believed to move in a step: {said}."
    if known[0].resolved and not all(one.resolved for one in known):
        return Diagnostic(BELIEF, "failed", f"{text} The finding hangs on that belief.")
    return Diagnostic(BELIEF, "passed", f"{text} The finding is the same.")
