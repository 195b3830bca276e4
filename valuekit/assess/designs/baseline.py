"""Forecast against the forecaster it replaces, in inventory money. Grade D: prices are declared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from valuekit.accuracy.errors import error_rows
from valuekit.accuracy.inventory import inventory_money
from valuekit.accuracy.value_added import dm_check, forecast_value_added
from valuekit.assess.designs.base import (
    Design,
    assumption_check,
    graded,
    range_text,
    series,
    stale,
    why_unknown,
)
from valuekit.estimate import Estimate, Period, unknown
from valuekit.scorecard import EvidenceReport, Figure
from valuekit.text import count, money

if TYPE_CHECKING:
    import pandas as pd

    from valuekit.assess.scene import Scene
    from valuekit.workspace.declare import Evidence

FORMULA = (
    "holding x over-forecast + stock-out x under-forecast of the replaced forecaster, less that "
    "of the model, identical rows"
)
SETTLE = (
    "Run both forecasts in a random half of the shops for eight weeks and compare write-offs and "
    "lost sales as booked."
)


def finest(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows of the finest hierarchy level, ``series``, when it is there."""
    levels = set(frame["level"])
    if "series" in levels:
        return frame[frame["level"] == "series"]
    return frame[frame["level"] == min(levels)] if levels else frame


def baseline(scene: Scene, evidence: Evidence) -> Design:
    """Evaluate the money that the model's forecasts save over a named forecaster."""
    unit, name = scene.currency, evidence.baseline
    holding, stockout = float(evidence.holding or 0), float(evidence.stockout or 0)
    frame = finest(scene.fact("error", scene.mature) if scene.mature else scene.fact("error")[:0])

    def worth(period: Period) -> Estimate:
        rows = finest(scene.fact("error", period))
        found = inventory_money(rows, name, holding, stockout, unit=unit, period=period)
        return graded(found.money, "D")

    def base_in(period: Period) -> float | None:
        rows = finest(scene.fact("error", period))
        other = inventory_money(rows, name, holding, stockout, unit=unit).other_cost
        return None if other is None else -other

    def effect_in(segment: str) -> Estimate:
        rows = finest(scene.fact("error", scene.mature, segment))
        return inventory_money(rows, name, holding, stockout, unit=unit).per_row

    saved = inventory_money(frame, name, holding, stockout, unit=unit, period=scene.mature)
    return Design(
        report=_report(scene, evidence, frame),
        worth=worth,
        daily=series(saved.by_day),
        effect_in=effect_in,
        base_in=base_in,
    )


def _report(scene: Scene, evidence: Evidence, frame: pd.DataFrame) -> EvidenceReport:
    unit, name = scene.currency, evidence.baseline
    holding, stockout = float(evidence.holding or 0), float(evidence.stockout or 0)
    found = inventory_money(frame, name, holding, stockout, unit=unit, period=scene.mature)
    saved, effect = found.money, found.per_row
    if not saved.known:
        why = saved.reason if not frame.empty else why_unknown(scene)
        saved, effect = unknown(why, unit), unknown(why, f"{unit}/prediction")
    base = None if found.other_cost is None else -found.other_cost
    return EvidenceReport(
        design="baseline_forecast",
        primary=evidence.primary,
        metric="",
        title=_title(saved, found.rows, name.replace("_", " "), unit),
        money=graded(saved, "D"),
        effect=graded(effect, "D"),
        relative=unknown(saved.reason, "share")
        if saved.value is None or not base
        else saved.scaled(1 / abs(base), "share"),
        effect_grade="D",
        grade="D",
        grade_reasons=(
            "what a unit too many and a unit too few cost is an assumption",
            *stale(scene, evidence)[1],
        ),
        arms=(),
        diagnostics=(assumption_check(scene, evidence), dm_check(frame, name))
        if len(error_rows(frame))
        else (assumption_check(scene, evidence),),
        timeline=(),
        others=(
            Figure(
                f"value.fva.{name}",
                f"Error taken away from {name.replace('_', ' ')}",
                forecast_value_added(frame, name, period=scene.mature),
                "1 - sum of |e| of the model / sum of |e| of the other, identical rows",
                "Gilliland 2010",
            ),
        )
        if saved.known
        else (),
        settle=SETTLE,
        formula=FORMULA,
        source="newsvendor; Cachon & Terwiesch, Matching Supply with Demand, ch. 14",
        base_money=base,
    )


def _title(saved: Estimate, rows: int, name: str, unit: str) -> str:
    if saved.value is None:
        return f"The money saved is not known: {saved.reason}"
    verb = "saved" if saved.value >= 0 else "cost"
    than = "over" if saved.value >= 0 else "more than"
    return (
        f"On {count(rows)} forecasts the model {verb} {money(abs(saved.value), unit)} {than} the "
        f"{name} forecast{range_text(saved, unit)}"
    )
