"""Diagnostics of a holdout and the grade they leave: failures add up, not run counts as failed."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from valuekit.assess.carried import lacking, not_run
from valuekit.assess.designs.base import STALE_DAYS, stale
from valuekit.assess.designs.looks import Looks
from valuekit.assess.designs.novelty import novelty
from valuekit.assess.designs.plan import registered_holdout, unchanged
from valuekit.estimate import Grade, lowered, worst
from valuekit.scorecard import Diagnostic
from valuekit.text import day
from valuekit.uplift.arms import treated_arms
from valuekit.uplift.attrition import NAME as OUTCOMES_FOUND
from valuekit.uplift.attrition import attrition
from valuekit.uplift.crossover import NAME as IN_BOTH
from valuekit.uplift.crossover import crossover
from valuekit.uplift.holdout import by_arm
from valuekit.uplift.many_arms import many_arms
from valuekit.uplift.skew import NAME as SKEWNESS
from valuekit.uplift.skew import skew_gate
from valuekit.uplift.srm import sample_ratio
from valuekit.uplift.stratified import stratify_epochs
from valuekit.uplift.valued import partly, valued

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    import pandas as pd

    from valuekit.assess.designs.trial import Trial
    from valuekit.source import Registered

__all__ = ["STALE_DAYS", "checks", "effect_grade", "money_grade"]


def checks(trial: Trial) -> dict[str, Diagnostic]:
    """Every check of a holdout by name: registration, split, attrition, crossovers, skew."""
    rows, every = trial.mature_rows(), trial.rows(None)
    control, treated = trial.control, trial.evidence.treated
    looks = Looks.of(trial)
    watched = looks.kind == "sequence"
    missing = partial(not_run, trial.scene.model, trial.name)
    return {
        "registered": _registered(trial, every),
        "plan": unchanged(trial, looks.registry),
        "split": sample_ratio(every, control, trial.evidence.allocation, watched=watched),
        "valued": valued(
            stratify_epochs(trial.epochs, control, treated),
            1 - trial.scene.settings.coverage_floor,
        ),
        "attrition": missing(OUTCOMES_FOUND, "matched")
        or attrition(rows, control, treated, absent=trial.scene.absent, epochs=trial.epochs),
        "crossover": missing(IN_BOTH, "crossed") or crossover(rows),
        "skew": missing(SKEWNESS, "m3_y")
        or skew_gate(
            rows,
            control,
            treated,
            epochs=trial.epochs,
            capped=trial.cap is not None,
            diluted=trial.diluted,
        ),
        "novelty": novelty(trial),
        **_several(trial, rows),
        **({"interference": _interference()} if trial.evidence.interference else {}),
    }


def _several(trial: Trial, rows: pd.DataFrame) -> dict[str, Diagnostic]:
    """What the number of treated arms means, where there are several."""
    if rows.empty or len(treated_arms(rows["arm"], trial.control, trial.evidence.treated)) < 2:
        return {}
    each = by_arm(rows, trial.control, unit=trial.unit, value=trial.value)
    found = many_arms({arm: one.effect for arm, one in each.items()})
    return {} if found is None else {"several": found}


def _interference() -> Diagnostic:
    """Units that share what is scarce: what one arm gains, the other may lose."""
    text = (
        "Units are declared to share what is scarce (stock, staff, a budget): what treated units "
        "gain, control units may lose, and their difference counts it twice. Whole groups or "
        "blocks of time with and without the model (`diff_in_diff`, `switchback`) would tell."
    )
    return Diagnostic("Interference", "warning", text)


def _registered(trial: Trial, rows: pd.DataFrame) -> Diagnostic:
    name = "Registered before looking"
    written = trial.evidence.registered
    held = registered_holdout(trial)
    if written is None and held is not None:
        written = held.day
    if written is None:
        return Diagnostic(name, "not run", "No date of registration is declared.")
    said = _said(written, held)
    if rows.empty:
        return Diagnostic(name, "passed", f"{said}, before any exposure.")
    first = rows["day"].min().date()
    if written > first:
        return Diagnostic(name, "failed", f"{said}, after the first exposure on {day(first)}.")
    text = f"{said}, on or before the first exposure on {day(first)}."
    return Diagnostic(name, "passed", text)


def _said(written: date, held: Registered | None) -> str:
    """Who says so: the store, which holds what was registered that day, or only the file."""
    if held is not None and held.day == written:
        return f"Registered with valuekit on {day(written)}"
    stored = "" if held is None else f" (with valuekit on {day(held.day)})"
    return f"Declared in the workspace file to be registered on {day(written)}{stored}"


def effect_grade(trial: Trial, found: Mapping[str, Diagnostic]) -> tuple[Grade, tuple[str, ...]]:
    """Grade of the effect alone, with what cost it grades.

    A for a randomised comparison that was registered before the first exposure, kept its declared
    split, lost outcomes alike in both arms and is not decided by a few large outcomes. Each
    failure costs a grade; a broken split leaves D, because then the arms are not comparable.
    """
    split = found["split"]
    if split.status == "failed":
        return "D", (f"the declared split was not kept: {split.text}",)
    lost, why = 0, []
    for name, text in (
        ("registered", "it was not registered on or before the first exposure"),
        ("plan", "the design was changed after it was registered"),
        ("split", "the split between the arms could not be checked"),
        ("attrition", "outcomes are lost unevenly between the arms"),
        ("skew", "a few large outcomes decide the difference"),
    ):
        bad = {"failed"} if name in {"attrition", "skew", "plan"} else {"failed", "not run"}
        if found[name].status in bad:
            lost += 1
            why.append(text)
    if lacking(trial.scene.model, "effect", ["m3_y"], trial.name):
        lost += 1
        why.append("whether a few large outcomes decide could not be checked")
    if found["crossover"].status == "warning":
        lost += 1
        why.append("more than 1% of units were seen in both arms")
    older, old = stale(trial.scene, trial.evidence)
    lost += older
    why += old
    grade: Grade = lowered("A", lost) if lost else "A"
    if trial.evidence.interference:
        grade = worst(grade, "B") or grade
        why.append("units may take from each other, so a comparison of units is B at best")
    ready = trial.scene.model.ready("effect") is not None
    if not why and ready and any(one.status == "not run" for one in found.values()):
        why = ["randomised, registered before the first exposure, and passed the checks that ran"]
    if not why:
        why = ["randomised, registered before the first exposure, and it passed its checks"]
    return grade, tuple(why)


def split_broken(found: Mapping[str, Diagnostic]) -> str:
    """Why no money may be claimed: the arms do not hold their declared shares; else empty."""
    split = found["split"]
    if split.status != "failed":
        return ""
    p = "" if split.p_value is None else f" (p = {split.p_value:.2g})"
    return f"the declared split between the arms was not kept{p}, which blocks the claim"


def money_grade(
    trial: Trial, effect: Grade, found: Mapping[str, Diagnostic]
) -> tuple[Grade, tuple[str, ...]]:
    """Grade of the money: the worst link of effect, coverage of treated units, and price."""
    grade, why = effect, []
    if found["valued"].status == "failed":
        grade = lowered(grade, 1)
        why.append(partly(found["valued"].statistic))
    if not trial.metric.already_money:
        grade = worst(grade, "D") or "D"
        why.append(f"one {trial.name} is put at a declared price, which is an assumption")
    return grade, tuple(why)
