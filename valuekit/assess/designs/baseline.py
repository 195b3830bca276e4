"""Forecast against the forecaster it replaces, in inventory money. Grade D: prices are declared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from valuekit.accuracy.blocks import total_of_days
from valuekit.accuracy.errors import error_rows
from valuekit.accuracy.inventory import inventory_money
from valuekit.accuracy.report import from_days
from valuekit.accuracy.value_added import dm_check, forecast_value_added, paired
from valuekit.assess.designs.base import (
    Design,
    assumption_check,
    graded,
    range_text,
    stale,
    why_unknown,
)
from valuekit.estimate import Estimate, Period, unknown
from valuekit.scorecard import EvidenceReport, Figure
from valuekit.text import count, money
from valuekit.value.by_day import ByDay

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


@dataclass(frozen=True, slots=True, eq=False)
class _Money:
    """Money saved, the other forecaster's cost and compared rows by target day."""

    by_day: ByDay

    @classmethod
    def of(cls, frame: pd.DataFrame, name: str, holding: float, stockout: float) -> _Money:
        days = paired(frame, name).days.reset_index()
        cost = {
            side: holding * days[f"over_{side}"] + stockout * days[f"under_{side}"]
            for side in ("model", "other")
        }
        made = days.assign(saved=cost["other"] - cost["model"], other=cost["other"])
        return cls(ByDay.of(made, ["saved", "other", "n"]))

    def saved(self, name: str, unit: str, period: Period) -> Estimate:
        """Money saved in a period: the estimator of accuracy.inventory, for many periods."""
        rows = self.by_day.rows(period)
        n = round(float(rows[:, 2].sum()))
        if not n:
            return unknown(
                f"no row of these days has a forecast of {name} too", unit, period=period
            )
        found = total_of_days(rows[:, 0])
        title = f"inventory money against {name}"
        return from_days(found, unit=unit, name=title, n=n, period=period)


def baseline(scene: Scene, evidence: Evidence) -> Design:
    """Evaluate the money that the model's forecasts save over a named forecaster."""
    unit, name = scene.currency, evidence.baseline
    holding, stockout = float(evidence.holding or 0), float(evidence.stockout or 0)
    frame = finest(scene.fact("error", scene.mature) if scene.mature else scene.fact("error")[:0])

    money = _Money.of(frame, name, holding, stockout)

    def worth(period: Period) -> Estimate:
        return graded(money.saved(name, unit, period), "D")

    def base_in(period: Period) -> float:
        return -float(money.by_day.total(period)[1])

    def effect_in(segment: str) -> Estimate:
        rows = finest(scene.fact("error", scene.mature, segment))
        return inventory_money(rows, name, holding, stockout, unit=unit).per_row

    return Design(
        report=_report(scene, evidence, frame),
        worth=worth,
        daily=(money.by_day.days, money.by_day.sums[:, 0]),
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
