"""Designs that may be declared and whose facts are stored, but that nothing here evaluates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from valuekit.assess.designs.base import Design, no_effect, no_series
from valuekit.estimate import Estimate, Period, unknown
from valuekit.scorecard import EvidenceReport

if TYPE_CHECKING:
    from valuekit.assess.scene import Scene
    from valuekit.workspace.declare import Evidence


def awaited(scene: Scene, evidence: Evidence) -> Design:
    """An evidence entry whose every figure is unknown, with the reason."""
    why = f"this version of valuekit does not evaluate the design {evidence.design!r}"

    def worth(period: Period) -> Estimate:
        return unknown(why, scene.currency, period=period)

    named = scene.metric_of(evidence)
    none = unknown(why, scene.currency, period=scene.mature)
    report = EvidenceReport(
        design=evidence.design,
        primary=evidence.primary,
        metric=named[0] if named else "",
        title="Not evaluated",
        money=none,
        effect=none,
        relative=unknown(why, "ratio"),
        effect_grade=None,
        grade=None,
        grade_reasons=(why,),
        arms=(),
        diagnostics=(),
        timeline=(),
        others=(),
        settle=f"Its facts are stored: a version that knows the design needs no new data. {_now()}",
        formula="",
        source="",
        base_money=None,
    )
    return Design(report, worth, no_series(), no_effect(why, scene.currency))


def _now() -> str:
    return "A randomised holdout can be planned today: valuekit holdout plan."
