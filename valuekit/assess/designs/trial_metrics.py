"""A holdout's other metrics: means, proportions and ratios, plain and adjusted, and relative."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from valuekit.assess.designs.looks import named
from valuekit.scorecard import Figure
from valuekit.uplift.arms import arm_epochs, treated_arms
from valuekit.uplift.cuped import adjusted_strata, cuped
from valuekit.uplift.holdout import holdout as difference
from valuekit.uplift.proportion import proportion_difference
from valuekit.uplift.ratio import ratio_gap
from valuekit.uplift.relative import ratio_estimate, ratio_of, relative_lift

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from valuekit.assess.designs.trial import Trial
    from valuekit.estimate import Estimate
    from valuekit.uplift.arms import Epochs

FORMULA = "sum over allocation epochs of treated units x (mean of treated - mean of control)"
_OVER = "the same sum over what treated units would have had, less 1"
_DELTA = "Deng, Knoblich & Lu (2018)"
_CUPED = "Deng, Xu, Kohavi & Walker (2013); Lin (2013)"


@dataclass(frozen=True, slots=True)
class _Compared:
    """One metric of a holdout, treated arm or arms against the control."""

    trial: Trial
    name: str
    rows: pd.DataFrame
    treated: str | Sequence[str] | None
    level: float

    @property
    def nonnegative(self) -> bool:
        """Whether means look like those of a metric that cannot be negative."""
        return bool((self.rows["mean_y"] >= 0).all())

    def figure(
        self, key: str, label: str, found: Estimate, how: tuple[str, str] = ("", "")
    ) -> Figure:
        formula, source = how
        return Figure(
            f"uplift.{key}",
            label,
            named(found, self.level),
            formula or FORMULA,
            source,
            facts=("effect.units", "effect.mean_y", "effect.c_yy"),
            better="higher"
            if self.trial.scene.model.metrics[self.name].higher_is_better
            else "lower",
        )


def other_metrics(trial: Trial, level: float) -> list[Figure]:
    """Ratios of the primary metric, and every other metric of the model."""
    figures = _ratios(trial, trial.name, level) if trial.metric.denominator is not None else []
    for name, metric in trial.scene.model.metrics.items():
        if name == trial.name:
            continue
        made = _ratios if metric.denominator is not None else _means
        figures += made(trial, name, level)
    return figures


def adjusted_lift(
    rows: pd.DataFrame,
    control: str,
    treated: str | Sequence[str] | None,
    *,
    epochs: Epochs,
    level: float,
    nonnegative: bool,
) -> Estimate | None:
    """Relative lift of the adjusted means; None where the covariate explains too little."""
    strata = adjusted_strata(epochs, control, treated)
    if strata is None or rows.empty:
        return None
    return ratio_estimate(ratio_of(strata), nonnegative=nonnegative, level=level)


def _ratios(trial: Trial, name: str, level: float) -> list[Figure]:
    """A ratio metric by the delta method, plain and adjusted where it has a covariate."""
    one = _Compared(trial, name, trial.mature_rows(metric=name), trial.evidence.treated, level)
    run = partial(
        ratio_gap,
        one.rows,
        trial.control,
        one.treated,
        unit=name,
        level=level,
        period=trial.scene.mature,
    )
    made = [("", "", run())]
    if (one.rows["c_xx"] > 0).any():
        made.append((".cuped", ", adjusted (CUPED)", run(adjusted=True)))
    below = trial.scene.model.metrics[name].denominator
    figures = []
    for key, said, found in made:
        label = f"{name} per {below} against {trial.control}{said}"
        how = ("sum y / sum d of the treated - the same of the control", _DELTA)
        over = ("sum y / sum d of the treated over the same of the control, less 1", _DELTA)
        figures += [
            one.figure(f"ratio.{name}{key}", label, found.difference, how),
            one.figure(f"ratio.{name}{key}.relative", f"{label}, relative", found.relative, over),
        ]
    return figures


def _means(trial: Trial, name: str, level: float) -> list[Figure]:
    rows = trial.mature_rows(metric=name)
    arms = treated_arms(rows["arm"], trial.control, trial.evidence.treated)
    figures = []
    for arm in arms:
        who = f"{arm} against {trial.control}" if len(arms) > 1 else f"against {trial.control}"
        joint = ", " if len(arms) > 1 else " "
        figures += _of_arm(_Compared(trial, name, rows, arm, level), arm, f"{name}{joint}{who}")
    return figures


def _of_arm(one: _Compared, arm: str, label: str) -> list[Figure]:
    """Difference and relative lift of one arm, plain and adjusted."""
    trial, name, key = one.trial, one.name, f"{one.name}.{arm}"
    period, level, control = trial.scene.mature, one.level, trial.control
    epochs = arm_epochs(one.rows)
    if trial.scene.model.metrics[name].kind == "proportion":
        effect = proportion_difference(one.rows, control, arm, level=level, period=period)
    else:
        found = difference(
            one.rows, control, arm, unit=name, level=level, period=period, epochs=epochs
        )
        effect = found.effect
    lift = relative_lift(
        one.rows, control, arm, nonnegative=one.nonnegative, level=level, period=period,
        epochs=epochs,
    )  # fmt: skip
    figures = [
        one.figure(key, label, effect),
        one.figure(f"{key}.relative", f"{label}, relative", lift, (_OVER, "")),
    ]
    better = adjusted_lift(
        one.rows, control, arm, epochs=epochs, level=level, nonnegative=one.nonnegative
    )
    if better is not None:
        made = cuped(one.rows, control, arm, unit=name, level=level, period=period, epochs=epochs)
        said = f"{label}, adjusted (CUPED)"
        figures += [
            one.figure(f"{key}.cuped", said, made.effect, (FORMULA, _CUPED)),
            one.figure(f"{key}.cuped.relative", f"{said}, relative", better, (_OVER, _CUPED)),
        ]
    return figures
