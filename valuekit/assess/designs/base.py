"""What every evidence design gives: a report, money over any mature period, a daily series."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from valuekit.assess.designs.version import other_version
from valuekit.estimate import Estimate, Grade, Period, lowered, unknown
from valuekit.scorecard import Diagnostic, EvidenceReport
from valuekit.text import day, money, plural

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    import pandas as pd

    from valuekit.assess.scene import Scene
    from valuekit.degradation.performance import Days, Floats
    from valuekit.value.money import Worth
    from valuekit.workspace.declare import Evidence

STALE_DAYS = 180
NOTHING_MATURE = "no outcome has matured yet"


@dataclass(frozen=True, slots=True)
class Design:
    """An evidence design on the facts of one model.

    Attributes:
        report: What the scorecard shows.
        worth: Money over a period of mature days, graded.
        daily: Days and money by day, for change points.
        effect_in: Effect over the mature days of one segment (``name=value``), exploratory.
        comparison: Whether arms are compared (the prior on relative lift applies).
        control_share: Share of control units; None without arms.
        base_in: Counterfactual money of a period; None when the design has none.
        unvalued: Share of treated units in a period whose money is unknown and not in `worth`.
        blocked: Why no money may be claimed whatever the difference is; empty when it may.
        capped: Whether the effect is that of the capped outcome.
    """

    report: EvidenceReport
    worth: Worth
    daily: tuple[Days, Floats]
    effect_in: Callable[[str], Estimate]
    comparison: bool = False
    control_share: float | None = None
    base_in: Callable[[Period], float | None] = lambda _period: None
    unvalued: Callable[[Period], float | None] = lambda _period: None
    blocked: str = ""
    capped: bool = False


def series(values: pd.Series) -> tuple[Days, Floats]:
    """A series indexed by day as days and floats."""
    return (
        values.index.to_numpy().astype("datetime64[D]"),
        values.to_numpy(dtype=np.float64),
    )


def no_series() -> tuple[Days, Floats]:
    """No days, no values."""
    return np.zeros(0, dtype="datetime64[D]"), np.zeros(0)


def why_unknown(scene: Scene) -> str:
    """Why nothing can be valued yet."""
    if scene.span is None:
        return "no data"
    return NOTHING_MATURE


def stale(scene: Scene, evidence: Evidence) -> tuple[int, tuple[str, ...]]:
    """Grades lost by age, and why: an old assumption, old evidence, or that of another version."""
    lost, why = 0, []
    as_of = scene.book.as_of
    if evidence.valid_until is not None and evidence.valid_until < as_of:
        lost += 1
        why.append(f"the assumption was valid until {day(evidence.valid_until)}")
    last = _last_evidence(scene, evidence)
    if last is not None and (as_of - last).days > STALE_DAYS:
        lost += 1
        why.append(f"the newest evidence is of {day(last)}, more than {STALE_DAYS} days ago")
    replaced = other_version(scene, last)
    if replaced:
        lost += 1
        why.append(replaced)
    return lost, tuple(why)


def _last_evidence(scene: Scene, evidence: Evidence) -> date | None:
    if scene.mature is None:
        return None
    return min(scene.mature.last, evidence.until or scene.mature.last)


def assumption_check(scene: Scene, evidence: Evidence) -> Diagnostic:
    """Whether a declared assumption has an owner and is still valid."""
    name = "Assumption in date"
    if evidence.valid_until is None:
        return Diagnostic(name, "not run", "The assumption has no end date (valid_until).")
    if evidence.valid_until < scene.book.as_of:
        return Diagnostic(name, "failed", f"It was valid until {day(evidence.valid_until)}.")
    who = f", {evidence.owner} stands for it" if evidence.owner else ""
    return Diagnostic(name, "passed", f"Valid until {day(evidence.valid_until)}{who}.")


def graded(estimate: Estimate, grade: Grade | None) -> Estimate:
    """The estimate under a grade when it is known."""
    return estimate.with_grade(grade) if estimate.known else estimate


def lowered_grade(grade: Grade, steps: int) -> Grade:
    """The grade after losing steps; D is the floor."""
    return lowered(grade, steps) if steps else grade


def range_text(estimate: Estimate, unit: str) -> str:
    """``(95% range €1 to €2)``, or nothing without an interval."""
    if estimate.low is None or estimate.high is None:
        return ""
    return f" (95% range {money(estimate.low, unit)} to {money(estimate.high, unit)})"


def no_effect(reason: str, unit: str) -> Callable[[str], Estimate]:
    """Effects by segment of a design that has none."""
    return lambda _segment: unknown(reason, unit)


def days_text(period: Period | None) -> str:
    """How many days a figure covers."""
    return plural(period.days, "mature day") if period else "no mature day"
