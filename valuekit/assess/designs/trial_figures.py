"""Further figures of a holdout: adjusted, capped, each arm alone, and the other metrics."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from valuekit.assess.designs.looks import named
from valuekit.assess.designs.trial_metrics import FORMULA, adjusted_lift, other_metrics
from valuekit.scorecard import Figure
from valuekit.uplift.arms import treated_arms
from valuekit.uplift.cuped import cuped
from valuekit.uplift.holdout import Holdout, by_arm
from valuekit.uplift.holdout import holdout as difference
from valuekit.uplift.relative import ratio_estimate, ratio_of, weak

if TYPE_CHECKING:
    from valuekit.assess.designs.looks import Looks
    from valuekit.assess.designs.trial import Trial
    from valuekit.uplift.stratified import Stratified


def others(looks: Looks, strata: Stratified) -> tuple[Figure, ...]:
    """The adjusted and capped figures, each arm alone, and the model's other metrics."""
    trial, rows, level = looks.trial, looks.rows, looks.level(strata)
    control, treated, unit = trial.control, trial.evidence.treated, trial.unit
    period, value = trial.scene.mature, trial.value
    # A symmetric range around a share of next to nothing would be worse than none.
    figures = [] if weak(ratio_of(strata)) else [_by_delta(looks, strata)]
    if (rows["c_xx"] > 0).any():
        run = partial(cuped, rows, control, treated, unit=unit, value=value, level=level)
        adjusted = run(period=period, epochs=trial.epochs)
        said = f"Adjusted for the value before (CUPED){_free(trial)}"
        figures.append(_figure("cuped", said, adjusted, level))
        figures += _lift(looks, level)
    if trial.cap is not None:
        run = partial(difference, rows, control, treated, unit=unit, value=value, level=level)
        capped, free = (
            run(period=period, capped=one, epochs=trial.epochs) for one in (True, False)
        )
        made = _figure("capped", "With large outcomes capped", capped, level)
        if trial.capped:  # the headline, to the digit
            plain = trial.from_strata(strata, period) if period else capped
            made = replace(made, estimate=looks.read(plain.effect, strata))
        figures.append(made)
        figures.append(_figure("uncapped", "Without the cap", free, level))
    if len(treated_arms(rows["arm"], control, treated)) > 1:
        each = by_arm(rows, control, unit=unit, value=value, level=level, period=period)
        for arm, one in each.items():
            said = f"{arm} alone against {control}{_free(trial)}"
            figures.append(_figure(f"arm.{arm}", said, one, level))
    figures += other_metrics(trial, level)
    return tuple(figures)


def _free(trial: Trial) -> str:
    """What a figure of the plain outcome says of itself beside a capped headline."""
    return ", without the cap" if trial.capped else ""


def _by_delta(looks: Looks, strata: Stratified) -> Figure:
    """Relative lift with the symmetric interval of the delta method, beside the log scale's."""
    trial, period = looks.trial, looks.trial.scene.mature
    found = ratio_estimate(ratio_of(strata), method="delta", period=period)
    return Figure(
        "uplift.relative.delta",
        "Relative lift by the delta method",
        looks.read(found, strata) if found.known else found,
        "treated over control less 1, variance V1/m0^2 + m1^2 V0/m0^4",
        "Deng, Knoblich & Lu (2018)",
        facts=("effect.units", "effect.mean_y", "effect.c_yy"),
        better="higher" if trial.metric.higher_is_better else "lower",
    )


def _lift(looks: Looks, level: float) -> list[Figure]:
    """Relative lift of the adjusted means, where the covariate is used."""
    trial, rows = looks.trial, looks.rows
    found = adjusted_lift(
        rows,
        trial.control,
        trial.evidence.treated,
        epochs=trial.epochs,
        level=level,
        nonnegative=bool((rows["mean_y"] >= 0).all()),
    )
    if found is None:
        return []
    label = f"Relative lift, adjusted for the value before (CUPED){_free(trial)}"
    return [
        Figure(
            "uplift.cuped.relative",
            label,
            named(found, level),
            "adjusted mean of treated over adjusted mean of control, less 1",
            "Deng, Xu, Kohavi & Walker (2013); Lin (2013)",
            facts=("effect.mean_x", "effect.c_xy", "effect.c_xx"),
            better="higher" if trial.metric.higher_is_better else "lower",
        )
    ]


def _figure(key: str, label: str, found: Holdout, level: float) -> Figure:
    return Figure(
        f"uplift.{key}",
        f"{label}, per unit",
        named(found.effect, level),
        FORMULA,
        facts=("effect.units", "effect.mean_y", "effect.c_yy"),
        better="higher",
    )
