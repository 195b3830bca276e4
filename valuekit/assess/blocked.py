"""A claim that a failed check forbids: its money is unknown, its effect only descriptive.

Where the arms do not hold the declared shares of units, some were lost or sent elsewhere by a rule
that nobody wrote down. Those who are left differ in more than the model, so their difference is no
effect of it, and no grade makes a sum of it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from valuekit.assess.designs.base import Design, no_series
from valuekit.estimate import Estimate, Period, unknown

if TYPE_CHECKING:
    from valuekit.assess.scene import Scene
    from valuekit.scorecard import EvidenceReport, Reading

SETTLE = (
    "Find out where units of one arm are lost or added (assignment, logging, filters, redirects), "
    "mend it, and start the holdout anew under a new salt: more units of the same kind settle "
    "nothing."
)


def blocked(scene: Scene, design: Design) -> Design:
    """The design without money, segments and p-value, when its split is not as declared."""
    why = design.blocked
    if not why:
        return design

    def nothing(period: Period) -> Estimate:
        found = design.worth(period)  # what is unknown anyway keeps its own reason
        return unknown(why, scene.currency, period=period) if found.known else found

    return replace(
        design,
        report=_told(design.report, why, scene.currency),
        worth=nothing,
        daily=no_series(),
        effect_in=lambda _segment: unknown(why, design.report.effect.unit),
        base_in=lambda _period: None,
        unvalued=lambda _period: None,
    )


def _told(report: EvidenceReport, why: str, currency: str) -> EvidenceReport:
    """The report without money; as it is where nothing was estimated."""
    if not report.effect.known:
        return report
    return replace(
        report,
        title=f"No claim: {why}. Descriptive only: {report.title}",
        money=unknown(why, currency, period=report.money.period),
        grade=None,
        base_money=None,
        reading=None if report.reading is None else _silent(report.reading, why),
        settle=SETTLE,
        blocked=why,
    )


def _silent(reading: Reading, why: str) -> Reading:
    """Both intervals of the effect, without money and without a test."""
    fixed, sequence = (
        unknown(why, one.unit, period=one.period)
        for one in (reading.fixed_money, reading.sequence_money)
    )
    return replace(
        reading, fixed_money=fixed, sequence_money=sequence, p_value=None, told_since=None
    )
