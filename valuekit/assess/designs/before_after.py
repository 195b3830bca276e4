"""Before and after: a series with its own past, trend, season and controls continued."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from valuekit.assess.designs.grouped import trial_of
from valuekit.assess.designs.series import SeriesMoney, series_in
from valuekit.assess.designs.series_checks import (
    CONTROLS,
    LUCK,
    MEMORY,
    PLACEBO,
    collinear_check,
    controls_check,
    gaps_check,
    length_check,
    luck_check,
    memory_check,
    placebo_check,
)
from valuekit.assess.designs.series_report import Words, design
from valuekit.critical import critical
from valuekit.estimate import Estimate
from valuekit.scorecard import Figure
from valuekit.uplift.interrupted import Interrupted, interrupted

if TYPE_CHECKING:
    from valuekit.assess.designs.base import Design
    from valuekit.assess.designs.trial import Trial
    from valuekit.assess.scene import Scene
    from valuekit.scorecard import Diagnostic
    from valuekit.uplift.series import Series
    from valuekit.workspace.declare import Evidence

WORDS = Words(
    "its own past, trend and season continued",
    "sum of (seen - expected), expected: trend, season and controls of a regression with a change "
    "of level and slope at the launch, without that change",
    "Wagner et al. (2002), J Clin Pharm Ther 27:299; Lopez Bernal, Cummins & Gasparrini (2017), "
    "Int J Epidemiol 46:348",
)
DECISIVE = (PLACEBO, LUCK, MEMORY, CONTROLS)
_FACTS = ("panel.n", "panel.mean_y", "panel.offset")


def before_after(scene: Scene, evidence: Evidence) -> Design:
    """Evaluate an interrupted time series on the panel."""
    trial = trial_of(scene, evidence)
    made = series_in(trial)
    found = _fit(trial, made)
    money = SeriesMoney(trial, made, found, _method(trial, found))

    def effect_in(segment: str) -> Estimate:
        part = series_in(trial, segment)
        inside = _fit(trial, part)
        return SeriesMoney(trial, part, inside, _method(trial, inside)).effect(scene.mature)

    return design(
        money, WORDS, _checks(money, found), DECISIVE, _others(trial, made, found), effect_in
    )


def _fit(trial: Trial, made: Series) -> Interrupted | str:
    one = trial.evidence
    return interrupted(made, family=one.family, change=one.change, harmonics=one.harmonics)


def _method(trial: Trial, found: Interrupted | str) -> str:
    kind = "quasi-Poisson" if trial.evidence.family == "poisson" else "generalised least squares"
    order = 0 if isinstance(found, str) else found.noise.order
    noise = f", AR({order}) noise" if order else ""
    return f"interrupted time series ({kind}{noise})"


def _checks(money: SeriesMoney, found: Interrupted | str) -> tuple[Diagnostic, ...]:
    made, one = money.made, money.trial.evidence
    if isinstance(found, str):
        return (length_check(made), gaps_check(made)) if len(made.time) else ()
    order = found.noise.order

    def short(part: Series, least: int) -> Interrupted | str:
        return interrupted(
            part, family=one.family, change="level", harmonics=one.harmonics, least=least
        )

    def same(part: Series, least: int) -> Interrupted | str:
        return interrupted(
            part, family=one.family, change=one.change, harmonics=one.harmonics, order=order,
            least=least,
        )  # fmt: skip

    return (
        length_check(made),
        placebo_check(made, short),
        luck_check(money, same),
        memory_check(found.residuals, order, "the trend, season and controls"),
        *((controls_check(made, one.harmonics),) if made.names else ()),
        gaps_check(made),
        *collinear_check(found.terms.left_out),
    )


def _others(trial: Trial, made: Series, found: Interrupted | str) -> tuple[Figure, ...]:
    """The changes of the regression, and the level change if that were all the launch did."""
    if isinstance(found, str):
        return ()
    one = trial.evidence
    alone = found
    if one.change != "level":
        only = interrupted(made, family=one.family, change="level", harmonics=one.harmonics)
        alone = found if isinstance(only, str) else only
    if one.family == "poisson":
        return (*_ratios(alone, "if the launch changed the level alone"), *_slope(found))
    return (*_levels(found, alone, trial), *_slope(found))


def _levels(found: Interrupted, alone: Interrupted, trial: Trial) -> list[Figure]:
    rows = []
    pairs = [("level_change", "Change of level at the launch", found)]
    if alone is not found:
        pairs.append(("level_only", "Change of level, if the slope stayed", alone))
    for key, label, one in pairs:
        change = one.change("level change", trial.name)
        if change is not None:
            rows.append(_figure(key, f"{label}, per {one.series.frequency}", change))
    return rows


def _slope(found: Interrupted) -> list[Figure]:
    per = found.series.frequency
    if found.family == "poisson":
        change = found.change("slope change", f"ln(rate)/{per}")
        said = f"Change of slope, as growth of the rate per {per}"
        shown = None if change is None else _exponential(change, "share", 1.0)
    else:
        shown, said = found.change("slope change", f"{per}^-1"), f"Change of slope, per {per}"
    return [] if shown is None else [_figure("slope_change", said, shown)]


def _ratios(found: Interrupted, when: str) -> list[Figure]:
    """Rate ratio of the launch, its change as a share, and both with plain Poisson variance."""
    change = found.change("level change", "ln(rate)")
    plain = found.plain_error("level change")
    if change is None or plain is None or change.value is None:
        return []
    half = critical() * plain
    sure = Estimate(
        change.value, "ln(rate)", change.value - half, change.value + half, se=plain,
    )  # fmt: skip
    too_sure = "counts as Poisson, too sure where they vary more"
    return [
        _figure("rate_ratio", f"Rate ratio, {when}", _exponential(change, "ratio", 0.0)),
        _figure("rate_change", f"Change of the rate, {when}", _exponential(change, "share", 1.0)),
        _figure("rate_ratio_plain", f"Rate ratio, {too_sure}", _exponential(sure, "ratio", 0.0)),
    ]


def _exponential(one: Estimate, unit: str, less: float) -> Estimate:
    if one.value is None or one.low is None or one.high is None or one.se is None:
        return one
    low, value, high = (math.exp(end) for end in (one.low, one.value, one.high))
    return Estimate(value - less, unit, low - less, high - less, se=one.se * value, df=one.df)


def _figure(key: str, label: str, one: Estimate) -> Figure:
    return Figure(
        f"uplift.{key}", label, one, "coefficient of the regression", WORDS.source, _FACTS
    )
