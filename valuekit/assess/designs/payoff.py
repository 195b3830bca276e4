"""Payoff matrix: every right and wrong decision has a declared price. Grade D."""

from __future__ import annotations

from typing import TYPE_CHECKING

from valuekit.accuracy.confusion import confusion_table
from valuekit.accuracy.payoff import (
    Amounts,
    Without,
    constant_decision,
    payoff_by_day,
    payoff_value,
)
from valuekit.assess.carried import acts
from valuekit.assess.designs.base import (
    Design,
    assumption_check,
    graded,
    range_text,
    series,
    stale,
    why_unknown,
)
from valuekit.assess.designs.cells import Cells
from valuekit.estimate import Estimate, Period, unknown
from valuekit.scorecard import Diagnostic, EvidenceReport, Figure
from valuekit.text import count, money

if TYPE_CHECKING:
    import pandas as pd

    from valuekit.assess.scene import Scene
    from valuekit.workspace.declare import Evidence, Matrix

_CONSTANT: tuple[Without, Without] = ("act_on_none", "act_on_all")
_IN_WORDS = {"act on none": "acting on nothing", "act on all": "acting on everything"}
FORMULA = "sum of payoffs of the decisions taken, less that of one constant decision, same rows"
SETTLE = (
    "A randomised holdout: leave a small random share without the model, register it before the "
    "first exposure, and compare the money itself."
)


def payoff(scene: Scene, evidence: Evidence) -> Design:
    """Evaluate a payoff matrix on the mature, labelled predictions.

    What would be done without the model is settled once on all mature days (the better constant
    decision, unless declared) and kept for every shorter period: otherwise weeks would not add up.
    """
    matrix = evidence.payoff
    if matrix is None:
        raise ValueError("a payoff design without a payoff matrix")
    frame = scene.fact("confusion", scene.mature) if scene.mature else scene.fact("confusion")[:0]
    without = _without(frame, matrix, evidence.without_model)
    unit = scene.currency

    amounts = Amounts.of(matrix)
    constant = _CONSTANT.index(without)
    cells = Cells.of(frame)

    def worth(period: Period) -> Estimate:
        return graded(cells.gain(amounts.against(constant), unit, period), "D")

    def base_in(period: Period) -> float:
        return cells.money(amounts.constant(constant), period)

    def effect_in(segment: str) -> Estimate:
        part = scene.fact("confusion", scene.mature, segment)
        return payoff_value(part, matrix, unit=unit, without_model=without).gain_per_row

    return Design(
        report=_report(scene, evidence, matrix, frame, without),
        worth=worth,
        daily=series(payoff_by_day(frame, matrix, constant)),
        effect_in=effect_in,
        base_in=base_in,
    )


def _without(frame: pd.DataFrame, matrix: Matrix, declared: Without) -> Without:
    table = confusion_table(frame)
    if not table.rows or not table.binary:
        return declared if declared in _CONSTANT else "act_on_none"
    return _CONSTANT[constant_decision(table, Amounts.of(matrix), declared)]


def _report(
    scene: Scene, evidence: Evidence, matrix: Matrix, frame: pd.DataFrame, without: Without
) -> EvidenceReport:
    unit = scene.currency
    found = payoff_value(frame, matrix, unit=unit, without_model=without, period=scene.mature)
    gain, effect = found.gain_total, found.gain_per_row
    if not gain.known:
        why = why_unknown(scene) if frame.empty else gain.reason
        gain, effect = unknown(why, unit), unknown(why, f"{unit}/prediction")
    base = found.alternative_total if gain.known else None
    return EvidenceReport(
        design="payoff",
        primary=evidence.primary,
        metric="",
        title=_title(gain, found.rows, _IN_WORDS.get(found.alternative, ""), unit),
        money=graded(gain, "D"),
        effect=graded(effect, "D"),
        relative=_relative(gain, base),
        effect_grade="D",
        grade="D",
        grade_reasons=(
            "the price of every right and wrong decision is an assumption",
            *stale(scene, evidence)[1],
        ),
        arms=(),
        diagnostics=(assumption_check(scene, evidence), _label_check(scene)),
        timeline=(),
        others=(
            Figure("value.payoff_per_row", "Payoff per prediction", found.per_row, FORMULA),
            Figure("value.payoff_total", "Payoff of all predictions", found.total, FORMULA),
        ),
        settle=SETTLE,
        formula=FORMULA,
        source="Elkan (2001), The Foundations of Cost-Sensitive Learning",
        base_money=base,
    )


def _relative(gain: Estimate, base: float | None) -> Estimate:
    if gain.value is None:
        return unknown(gain.reason, "share")
    if not base:
        return unknown("acting without the model is worth nothing, so there is no ratio", "share")
    return gain.scaled(1 / abs(base), "share")


def _label_check(scene: Scene) -> Diagnostic:
    name = "Labels after action"
    if not acts(scene.model):
        return Diagnostic(name, "not run", "No column says which predictions were acted on.")
    return Diagnostic(
        name,
        "warning",
        "Every row counts as the decision that the model asked for, acted on or not. "
        "Labels are taken as they came, also where the model's action may have changed them.",
    )


def _title(gain: Estimate, rows: int, alternative: str, unit: str) -> str:
    if gain.value is None:
        return f"The payoff is not known: {gain.reason}"
    more = "more" if gain.value >= 0 else "less"
    amount = money(abs(gain.value), unit)
    return (
        f"By the declared payoffs {count(rows)} decisions were worth {amount} {more} than "
        f"{alternative}{range_text(gain, unit)}"
    )
