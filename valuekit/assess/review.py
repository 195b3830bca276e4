"""From a model's evidence, costs and history to the case that its verdict decides."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from valuekit.assess.floors import unvalued
from valuekit.assess.health import uncosted, uncovered
from valuekit.assess.scene import first_maturing
from valuekit.cost.lines import MARGINAL, total
from valuekit.cost.unit import NONE_DECLARED
from valuekit.decision.case import Case, Drop
from valuekit.estimate import Period, unknown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from valuekit.assess.designs.base import Design
    from valuekit.assess.history import Found
    from valuekit.assess.scene import Scene

RECENT_COST_DAYS = 91
LEAST_AFTER = 14  # days after a change below which they say too little about the future
NO_EVIDENCE = "no evidence is declared for this model, so what it earns is unknown"


def case(
    scene: Scene,
    design: Design | None,
    found: Sequence[Found],
    *,
    declines: bool,
) -> Case:
    """The case of one model.

    The value ahead is that of the last year of mature days or, after a resolved change for the
    worse that is at least two weeks old, of the days since. The cost ahead is the marginal cost
    of the last quarter, immature days included, because cost is known at once.
    """
    drop = _drop(scene, design, found)
    window = _window(scene, drop)
    value = unknown(NO_EVIDENCE if design is None else "no data", scene.currency)
    base = None
    if design is not None:
        value = design.report.money if window is None else design.worth(window)
        base = None if window is None else design.base_in(window)
    return Case(
        title=scene.model.title,
        currency=scene.currency,
        value=value,
        days=window.days if window else 0,
        base=base,
        comparison=design is not None and design.comparison,
        control_share=design.control_share if design else None,
        cost=_cost_ahead(scene),
        horizon=scene.settings.horizon_days,
        prior=scene.settings.prior_relative_sd,
        drop=drop,
        decay="Its performance has been getting worse, week by week." if declines else "",
        withheld=_withheld(scene) or _unvalued(scene, design, window),
        maturing=first_maturing(scene),
        retired=_retired(scene),
        no_evidence=design is None,
    )


def _retired(scene: Scene) -> date | None:
    retired = scene.model.retired
    return retired if retired is not None and retired <= scene.book.as_of else None


def _window(scene: Scene, drop: Drop | None) -> Period | None:
    mature = scene.mature
    if mature is None:
        return None
    first = max(mature.first, mature.last - timedelta(days=364))
    if drop is not None and drop.resolved and (mature.last - drop.day).days + 1 >= LEAST_AFTER:
        first = max(first, drop.day)
    return Period(first, mature.last)


def _drop(scene: Scene, design: Design | None, found: Sequence[Found]) -> Drop | None:
    """The worst change for the worse; that of performance first, because retraining may mend it."""
    worse = [one for one in found if one.worse]
    if design is None or scene.mature is None or not worse:
        return None
    one = min(worse, key=lambda change: change.change.series != "performance")
    lost = one.change.lost
    if lost.value is None or lost.value <= 0:
        return None
    after = Period(one.change.day, scene.mature.last)
    value = design.worth(after).value
    if value is None:
        return None
    later = value / after.days
    return Drop(
        day=one.change.day,
        text=one.change.text,
        before=later + lost.value / after.days,
        after=later,
        sudden=one.dated.split.abrupt,
        of_performance=one.change.series == "performance",
        resolved=lost.resolved,
    )


def _cost_ahead(scene: Scene) -> float:
    if scene.span is None:
        return 0.0
    last = scene.span.last
    first = max(scene.span.first, last - timedelta(days=RECENT_COST_DAYS - 1))
    recent = Period(first, last)
    paid = total(scene.fact("cost", recent), MARGINAL)
    return float(paid) / recent.days * scene.settings.horizon_days


def _unvalued(scene: Scene, design: Design | None, window: Period | None) -> str:
    """Why the value of some units may not be set against the cost of all."""
    if design is None or window is None:
        return ""
    return unvalued(scene, design.unvalued(window))


def _withheld(scene: Scene) -> str:
    """Why no verdict may be given although there may be figures."""
    if scene.fact("cost").empty and scene.span is not None:
        return f"{NONE_DECLARED}: declare them, even if they are 0"
    return uncovered(scene) or uncosted(scene)
