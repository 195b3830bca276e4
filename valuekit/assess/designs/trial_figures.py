"""Further figures of a holdout: adjusted, capped, each arm alone, and the other metrics."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from valuekit.assess.designs.looks import named
from valuekit.scorecard import Figure
from valuekit.uplift.arms import treated_arms
from valuekit.uplift.cuped import cuped
from valuekit.uplift.holdout import Holdout, by_arm
from valuekit.uplift.holdout import holdout as difference
from valuekit.uplift.proportion import proportion_difference
from valuekit.uplift.ratio import ratio_difference

if TYPE_CHECKING:
    from valuekit.assess.designs.looks import Looks
    from valuekit.assess.designs.trial import Trial
    from valuekit.uplift.stratified import Stratified

FORMULA = "sum over allocation epochs of treated units x (mean of treated - mean of control)"


def others(looks: Looks, strata: Stratified) -> tuple[Figure, ...]:
    """The adjusted and capped figures, each arm alone, and the model's other metrics."""
    trial, rows, level = looks.trial, looks.rows, looks.level(strata)
    control, treated, unit = trial.control, trial.evidence.treated, trial.unit
    period, value = trial.scene.mature, trial.value
    figures = []
    if (rows["c_xx"] > 0).any():
        run = partial(cuped, rows, control, treated, unit=unit, value=value, level=level)
        adjusted = run(period=period, epochs=trial.epochs)
        figures.append(_figure("cuped", "Adjusted for the value before (CUPED)", adjusted, level))
    if trial.metric.cap is not None:
        run = partial(difference, rows, control, treated, unit=unit, value=value, level=level)
        capped, free = (
            run(period=period, capped=one, epochs=trial.epochs) for one in (True, False)
        )
        figures.append(_figure("capped", "With large outcomes capped", capped, level))
        figures.append(_figure("uncapped", "Without the cap", free, level))
    if len(treated_arms(rows["arm"], control, treated)) > 1:
        each = by_arm(rows, control, unit=unit, value=value, level=level, period=period)
        for arm, one in each.items():
            figures.append(_figure(f"arm.{arm}", f"{arm} alone against {control}", one, level))
    if trial.metric.denominator is not None:
        figures += _ratios(trial, trial.name, level)
    for name, metric in trial.scene.model.metrics.items():
        if name != trial.name and metric.denominator is not None:
            figures += _ratios(trial, name, level)
        elif name != trial.name:
            figures += _other_metric(trial, name, level, proportion=metric.kind == "proportion")
    return tuple(figures)


def _figure(key: str, label: str, found: Holdout, level: float) -> Figure:
    return Figure(
        f"uplift.{key}",
        f"{label}, per unit",
        named(found.effect, level),
        FORMULA,
        facts=("effect.units", "effect.mean_y", "effect.c_yy"),
        better="higher",
    )


def _ratios(trial: Trial, name: str, level: float) -> list[Figure]:
    """A ratio metric by the delta method, plain and adjusted where it has a covariate."""
    rows, period = trial.mature_rows(metric=name), trial.scene.mature
    run = partial(ratio_difference, rows, trial.control, trial.evidence.treated, unit=name)
    made = {"": run(level=level, period=period)}
    if (rows["c_xx"] > 0).any():
        made[".cuped"] = run(level=level, period=period, adjusted=True)
    below = trial.scene.model.metrics[name].denominator
    return [
        Figure(
            f"uplift.ratio.{name}{key}",
            f"{name} per {below} against {trial.control}{', adjusted (CUPED)' if key else ''}",
            named(found, level),
            "sum y / sum d of the treated - the same of the control",
            "Deng, Knoblich & Lu (2018)",
            facts=("effect.mean_y", "effect.mean_d", "effect.c_yd"),
            better="higher" if trial.scene.model.metrics[name].higher_is_better else "lower",
        )
        for key, found in made.items()
    ]


def _other_metric(trial: Trial, name: str, level: float, *, proportion: bool) -> list[Figure]:
    rows = trial.mature_rows(metric=name)
    control, treated, period = trial.control, trial.evidence.treated, trial.scene.mature
    arms = treated_arms(rows["arm"], control, treated)
    figures = []
    for arm in arms:
        if proportion:
            effect = proportion_difference(rows, control, arm, level=level, period=period)
        else:
            effect = difference(rows, control, arm, unit=name, level=level, period=period).effect
        label = f"{name}, {arm} against {control}" if len(arms) > 1 else f"{name} against {control}"
        figures.append(
            Figure(
                f"uplift.{name}.{arm}",
                label,
                named(effect, level),
                FORMULA,
                facts=("effect.mean_y",),
            )
        )
    return figures
