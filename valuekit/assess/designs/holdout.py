"""Randomised holdout: treated units against a control group, money by intention to treat."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from valuekit.assess.carried import arms_told
from valuekit.assess.designs.base import (
    NOTHING_MATURE,
    Design,
    graded,
    no_series,
    why_unknown,
)
from valuekit.assess.designs.looks import Looks, named
from valuekit.assess.designs.novelty import ages
from valuekit.assess.designs.plan import replanned
from valuekit.assess.designs.repeat import repeat
from valuekit.assess.designs.trial import Trial
from valuekit.assess.designs.trial_checks import checks, effect_grade, money_grade, split_broken
from valuekit.assess.designs.trial_figures import others
from valuekit.assess.designs.trial_metrics import FORMULA
from valuekit.assess.designs.trial_words import title, what_settles
from valuekit.estimate import Estimate, Grade, Period, unknown
from valuekit.scorecard import EvidenceReport, Figure
from valuekit.text import day
from valuekit.uplift.arms import arm_rows, treated_arms
from valuekit.uplift.daily import DailyArms
from valuekit.uplift.relative import relative_lift
from valuekit.uplift.stratified import Stratified, stratify_epochs
from valuekit.uplift.timeline import timeline
from valuekit.value.by_day import ByDay

if TYPE_CHECKING:
    from collections.abc import Sequence

    from valuekit.assess.scene import Scene
    from valuekit.degradation.performance import Days, Floats
    from valuekit.scorecard import Arm, Diagnostic
    from valuekit.workspace.declare import Evidence

SOURCE = "intention to treat, stratified by epoch; Imbens & Rubin (2015), ch. 9; Welch (1947)"


def holdout(scene: Scene, evidence: Evidence) -> Design:
    """Evaluate a holdout; where a few large outcomes decide, the capped figure leads."""
    named = scene.metric_of(evidence)
    if named is None:
        raise ValueError("a holdout without a metric")
    trial = Trial(scene, evidence, *named)
    if evidence.repeat:
        return repeat(trial)
    whole, again = _sequence(trial), replanned(trial)
    if again is None:
        return whole
    later = _sequence(replace(trial, since=again)).report
    return replace(whole, report=replace(later, others=(*later.others, _before(whole.report))))


def _before(report: EvidenceReport) -> Figure:
    """The sequence that was planned first goes on unchanged, over all units."""
    period = report.effect.period
    since = "" if period is None else f", since {day(period.first)}"
    label = f"All units in the sequence planned first{since}, per unit"
    return Figure("uplift.first_plan", label, report.effect, FORMULA)


def _sequence(trial: Trial) -> Design:
    """One sequence of a holdout: the units of its plan."""
    scene, evidence = trial.scene, trial.evidence
    found = checks(trial)
    if found["skew"].status == "failed" and trial.cap is not None:
        trial = replace(trial, capped=True)
    effect, why = effect_grade(trial, found)
    grade, link = money_grade(trial, effect, found)
    looks = Looks.of(trial)

    arms = DailyArms.of(trial.rows(scene.mature), capped=trial.capped)

    def strata_of(period: Period) -> Stratified:
        return stratify_epochs(arms.epochs(period), trial.control, evidence.treated)

    def worth(period: Period) -> Estimate:
        strata = strata_of(period)
        money = trial.money(trial.from_strata(strata, period))
        return graded(looks.read(money, strata), grade)

    def base_in(period: Period) -> float | None:
        strata = strata_of(period)
        return trial.base(trial.from_strata(strata, period), strata)

    def effect_in(segment: str) -> Estimate:
        return trial.measure(trial.mature_rows(segment), scene.mature).effect

    rows = trial.mature_rows()
    return Design(
        report=_report(looks, found, (effect, grade), (*why, *link)),
        worth=worth,
        daily=_daily(trial, rows),
        effect_in=effect_in,
        comparison=True,
        control_share=_control_share(trial, rows),
        capped=trial.capped,
        base_in=base_in,
        unvalued=lambda period: strata_of(period).uncovered,
        blocked=split_broken(found),
    )


def _report(
    looks: Looks,
    found: dict[str, Diagnostic],
    grades: tuple[Grade, Grade],
    why: tuple[str, ...],
) -> EvidenceReport:
    trial, rows = looks.trial, looks.rows
    scene, control, treated = trial.scene, trial.control, trial.evidence.treated
    single = trial.measure(rows, scene.mature)
    strata = stratify_epochs(trial.epochs, control, treated, capped=trial.capped)
    reading = looks.reading(single, trial.money(single), strata)
    measured = replace(
        single, money=looks.read(single.money, strata), effect=looks.read(single.effect, strata)
    )
    money, effect = trial.money(measured), measured.effect
    if rows.empty:
        reason = NOTHING_MATURE if not trial.rows(None).empty else _no_units(scene)
        money = unknown(reason, scene.currency)
        measured = replace(measured, effect=unknown(reason, f"{trial.unit}/unit"))
        effect = measured.effect
    known, spread = effect.known, effect.se is not None
    lift = _lift(looks, strata) if spread else unknown(effect.reason or strata.reason, "share")
    return EvidenceReport(
        design="holdout",
        primary=trial.evidence.primary,
        metric=trial.name,
        title=title(trial, measured),
        money=graded(money, grades[1]),
        effect=graded(effect, grades[0]),
        relative=graded(lift, grades[0]),
        effect_grade=grades[0] if known else None,
        grade=grades[1] if money.known else None,
        grade_reasons=why if known else ("no grade before there is an effect to judge",),
        arms=_arms(trial, rows, control, treated),
        diagnostics=tuple(found.values()),
        timeline=timeline(rows, control, treated, value=trial.value, capped=trial.capped)
        if spread
        else (),
        others=others(looks, strata) if spread else (),
        settle=what_settles(trial, measured),
        formula=FORMULA,
        source=SOURCE,
        base_money=trial.base(measured, strata) if money.known else None,
        reading=reading,
        ages=ages(trial),
        unvalued=strata.uncovered,
    )


def _arms(
    trial: Trial, rows: pd.DataFrame, control: str, treated: str | Sequence[str] | None
) -> tuple[Arm, ...]:
    """Arms of the mature days; before the first of them only the units, no outcome is complete."""
    if not rows.empty:
        return arms_told(trial.scene.model, trial.name, arm_rows(rows, control, treated))
    return tuple(
        replace(one, mean=None, sd=None, nonzero=None, matched=None)
        for one in arm_rows(trial.rows(None), control, treated)
    )


def _lift(looks: Looks, strata: Stratified) -> Estimate:
    """Relative lift in the reading of the headline."""
    trial = looks.trial
    level = looks.level(strata)
    found = relative_lift(
        looks.rows,
        trial.control,
        trial.evidence.treated,
        nonnegative=_nonnegative(looks.rows),
        level=level,
        period=trial.scene.mature,
        epochs=trial.epochs,
        capped=trial.capped,
    )
    return named(found, level)


def _no_units(scene: Scene) -> str:
    return "no unit has been assigned to an arm" if scene.span else why_unknown(scene)


def _nonnegative(rows: pd.DataFrame) -> bool:
    """Whether means look like those of a metric that cannot be negative."""
    return bool((rows["mean_y"] >= 0).all())


def _control_share(trial: Trial, rows: pd.DataFrame) -> float | None:
    units = float(rows["units"].sum())
    control = float(rows.loc[rows["arm"] == trial.control, "units"].sum())
    return control / units if 0 < control < units else None


def _daily(trial: Trial, rows: pd.DataFrame) -> tuple[Days, Floats]:
    """Money by day of first exposure: n1 (mean1 - mean0) of that day alone, noisy but unbiased."""
    chosen = treated_arms(rows["arm"], trial.control, trial.evidence.treated)
    n = rows["n"].to_numpy(dtype=np.float64)
    is_control = (rows["arm"] == trial.control).to_numpy(dtype=np.bool_)
    used = (rows["arm"].isin(chosen).to_numpy(dtype=np.bool_) | is_control) & (n > 0)
    if not used.any() or not trial.priced:
        return no_series()
    y = n * rows["mean_z" if trial.capped else "mean_y"].to_numpy(dtype=np.float64)
    columns = [one * side for side in (~is_control, is_control) for one in (n, y)]
    made = ByDay.added(rows["day"].to_numpy()[used], [one[used] for one in columns])
    both = (made.sums[:, 0] > 0) & (made.sums[:, 2] > 0)
    n1, y1, n0, y0 = made.sums[both].T
    return made.days[both], (y1 - n1 * y0 / n0) * trial.value
