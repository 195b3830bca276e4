"""Money that is withheld because too few entries found their outcome."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from valuekit.assess.designs.base import Design, no_series
from valuekit.assess.health import uncovered
from valuekit.estimate import Estimate, Period, unknown
from valuekit.uplift.valued import partly

if TYPE_CHECKING:
    from valuekit.assess.scene import Scene


def unvalued(scene: Scene, share: float | None) -> str:
    """Why the value of some units may not be set against the cost of all; empty when it may.

    Args:
        scene: The model.
        share: Share of treated units whose value is unknown.
    """
    limit = 1 - scene.settings.coverage_floor
    return partly(share) if share is not None and share > limit else ""


def withheld(scene: Scene, design: Design) -> Design:
    """The primary design without its money when coverage is below the declared floor.

    Those that found no outcome may differ from those that did, so the sum over the rest says
    nothing about all; the reason stands in place of every amount.
    """
    why = uncovered(scene) if design.report.primary else ""
    if not why:
        return design

    def nothing(period: Period) -> Estimate:
        return unknown(why, scene.currency, period=period)

    report = replace(
        design.report,
        money=unknown(why, scene.currency, period=design.report.money.period),
        title=f"Its money is withheld: {why}",
        base_money=None,
    )
    return replace(
        design, report=report, worth=nothing, daily=no_series(), base_in=lambda _period: None
    )
