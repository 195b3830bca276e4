"""Treated units against others of the same stratum, where nobody drew lots."""

from __future__ import annotations

from typing import TYPE_CHECKING

from valuekit.assess.carried import arms_told
from valuekit.assess.designs.base import Design, graded, range_text, why_unknown
from valuekit.assess.designs.grouped import grades, trial_of
from valuekit.assess.designs.grouped_report import SETTLE
from valuekit.assess.designs.matched import Matched
from valuekit.assess.designs.observational_checks import DECISIVE, checks
from valuekit.assess.designs.observational_figures import FORMULA, SOURCE, by_week, others
from valuekit.estimate import Estimate, Grade, Period, unknown
from valuekit.scorecard import Diagnostic, EvidenceReport
from valuekit.text import count, number
from valuekit.text import money as as_money
from valuekit.uplift.arms import arm_rows
from valuekit.uplift.relative import relative_lift
from valuekit.uplift.timeline import timeline

if TYPE_CHECKING:
    from valuekit.assess.scene import Scene
    from valuekit.uplift.holdout import Holdout
    from valuekit.workspace.declare import Evidence


def observational(scene: Scene, evidence: Evidence) -> Design:
    """Evaluate a comparison within declared strata."""
    matched = Matched(trial_of(scene, evidence))
    trial = matched.trial
    found = checks(matched)
    grade = grades(trial, "C", found, DECISIVE)

    def worth(period: Period) -> Estimate:
        money = trial.money(matched.measured(matched.difference(period), period))
        return graded(money, grade[1])

    def base_in(period: Period) -> float | None:
        strata = matched.difference(period)
        return trial.base(matched.measured(strata, period), strata)

    def effect_in(segment: str) -> Estimate:
        part = Matched(trial, segment)
        return part.measured(part.difference(), scene.mature).effect

    return Design(
        report=_report(matched, found, grade),
        worth=worth,
        daily=by_week(matched),
        effect_in=effect_in,
        comparison=True,
        base_in=base_in,
    )


def _report(
    matched: Matched,
    found: tuple[Diagnostic, ...],
    grade: tuple[Grade, Grade, tuple[str, ...]],
) -> EvidenceReport:
    trial, mature = matched.trial, matched.trial.scene.mature
    control, treated = trial.control, trial.evidence.treated
    measured = matched.measured(matched.difference(), mature)
    money, effect = trial.money(measured), measured.effect
    why = _why(matched)
    if why:
        money = unknown(why, trial.scene.currency, period=mature)
        effect = unknown(why, f"{trial.unit}/unit", period=mature)
    known = effect.known
    every = trial.rows(None) if matched.rows.empty else matched.rows
    return EvidenceReport(
        design="observational",
        primary=trial.evidence.primary,
        metric=trial.name,
        title=_title(matched, measured, effect),
        money=graded(money, grade[1]),
        effect=graded(effect, grade[0]),
        relative=graded(_lift(matched, effect), grade[0]),
        effect_grade=grade[0] if known else None,
        grade=grade[1] if money.known else None,
        grade_reasons=grade[2] if known else ("no grade before there is an effect to judge",),
        arms=arms_told(trial.scene.model, trial.name, arm_rows(every, control, treated)),
        diagnostics=found,
        timeline=timeline(matched.used, control, treated, value=trial.value) if known else (),
        others=others(matched) if known else (),
        settle=SETTLE,
        formula=FORMULA,
        source=SOURCE,
        base_money=trial.base(measured, matched.difference()) if money.known else None,
    )


def _lift(matched: Matched, effect: Estimate) -> Estimate:
    trial, mature = matched.trial, matched.trial.scene.mature
    if not effect.known:
        return unknown(effect.reason, "share", period=mature)
    positive = bool((matched.used["mean_y"] >= 0).all())
    arms = trial.control, trial.evidence.treated
    return relative_lift(matched.used, *arms, nonnegative=positive, period=mature)


def _why(matched: Matched) -> str:
    """Why nothing can be compared; empty when something can."""
    trial = matched.trial
    if matched.rows.empty:
        if trial.scene.span is not None and trial.rows(None).empty:
            return "no unit has been assigned to an arm"
        return why_unknown(trial.scene)
    if not matched.overlap.kept:
        sizes = [sum(pair[side].n for pair in matched.strata.values()) for side in (0, 1)]
        if not all(sizes):
            return f"only one side has data: no unit {'without' if sizes[0] else 'with'} the model"
        return (
            "no overlap: in no stratum are there treated and control units enough to compare "
            "like with like"
        )
    return ""


def _title(matched: Matched, measured: Holdout, effect: Estimate) -> str:
    if effect.value is None:
        return f"The effect is not known: {effect.reason}"
    trial, unit = matched.trial, matched.trial.scene.currency
    if trial.priced:
        size = f"{as_money(abs(effect.value), unit)} a unit{range_text(effect, unit)}"
    else:
        size = f"{number(abs(effect.value))} {trial.name} a unit"
    sides = f"{count(measured.units)} treated and {count(measured.control_units)} control units"
    sense = "more" if effect.value >= 0 else "less"
    if not effect.resolved:
        return f"Not told from zero: {size} {sense} than others of the same stratum, over {sides}"
    return f"Treated units brought {size} {sense} than others of the same stratum, over {sides}"
