"""Hours saved: accepted answers times declared minutes times an hourly rate. Grade D."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from valuekit.assess.carried import acts, lacking
from valuekit.assess.designs.base import (
    Design,
    assumption_check,
    range_text,
    series,
    stale,
    why_unknown,
)
from valuekit.estimate import Estimate, Period, unknown
from valuekit.scorecard import EvidenceReport
from valuekit.text import count, money
from valuekit.value.by_day import ByDay
from valuekit.value.hours import METHOD, Saving, hours_value

if TYPE_CHECKING:
    from valuekit.assess.scene import Scene
    from valuekit.workspace.declare import Evidence

SETTLE = (
    "A time study: let a random tenth of the cases be handled without the model for four weeks "
    "and compare the minutes booked."
)


def hours(scene: Scene, evidence: Evidence) -> Design:
    """Evaluate time saved on the accepted predictions; all count when none says so."""
    saving = Saving(
        minutes=float(evidence.minutes or 0),
        low=evidence.minutes_low,
        high=evidence.minutes_high,
        hourly=evidence.hourly or Decimal(0),
    )
    unit = scene.currency
    column = _column(scene)

    counts = ByDay.of(scene.fact("volume"), [column, "predictions"])

    def worth(period: Period) -> Estimate:
        accepted, served = counts.total(period)
        if not served:
            return unknown("no prediction was served", unit, period=period, method=METHOD)
        return hours_value(round(accepted), saving, unit, period)

    def effect_in(segment: str) -> Estimate:
        rows = scene.fact("volume", scene.mature, segment)
        served = int(rows["predictions"].sum())
        rate = f"{unit}/prediction"
        if not served or scene.mature is None:
            return unknown("no prediction was served", rate)
        return hours_value(int(rows[column].sum()), saving, unit, scene.mature).scaled(
            1 / served, rate
        )

    mature = scene.fact("volume", scene.mature) if scene.mature else scene.fact("volume")[:0]
    by_day = mature.groupby("day")[column].sum() * (saving.minutes / 60 * float(saving.hourly))
    return Design(
        report=_report(scene, evidence, saving, int(mature[column].sum())),
        worth=worth,
        daily=series(by_day),
        effect_in=effect_in,
    )


def _column(scene: Scene) -> str:
    known = acts(scene.model) and not lacking(scene.model, "volume", ["acted"])
    return "acted" if known else "predictions"


def _report(scene: Scene, evidence: Evidence, saving: Saving, accepted: int) -> EvidenceReport:
    unit = scene.currency
    worth = (
        unknown(why_unknown(scene), unit, method=METHOD)
        if scene.mature is None
        else hours_value(accepted, saving, unit, scene.mature)
    )
    rate = f"{unit}/accepted prediction"
    return EvidenceReport(
        design="hours_saved",
        primary=evidence.primary,
        metric="",
        title=_title(worth, saving, accepted, unit),
        money=worth,
        effect=worth.scaled(1 / accepted, rate)
        if worth.known and accepted
        else unknown(worth.reason or "nothing was accepted", rate),
        relative=unknown("the design compares no two groups", "share"),
        effect_grade="D",
        grade="D",
        grade_reasons=("minutes saved are declared, not measured", *stale(scene, evidence)[1]),
        arms=(),
        diagnostics=(assumption_check(scene, evidence),),
        timeline=(),
        others=(),
        settle=SETTLE,
        formula=METHOD,
        source="declared assumption",
        base_money=None,
    )


def _title(worth: Estimate, saving: Saving, accepted: int, unit: str) -> str:
    if worth.value is None:
        return f"The time saved is not known: {worth.reason}"
    return (
        f"{count(accepted)} accepted answers at {saving.minutes:g} minutes each are put at "
        f"{money(worth.value, unit)}{range_text(worth, unit)}"
    )
