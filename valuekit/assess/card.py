"""The scorecard of one model, assembled from its sections."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypedDict

from valuekit.assess.breakdown import segments, versions
from valuekit.assess.costs import periods, since
from valuekit.assess.designs import build
from valuekit.assess.designs.base import no_series
from valuekit.assess.floors import unvalued, withheld
from valuekit.assess.headline import headline
from valuekit.assess.health import health, no_log, unpriced
from valuekit.assess.history import changes, declining, degradation, drifts, trend
from valuekit.assess.quality import accuracy, performance
from valuekit.assess.review import NO_EVIDENCE, case
from valuekit.assess.scene import Scene, scene
from valuekit.assess.settlement import beside, one_answer, settlement
from valuekit.cost.unit import NONE_SERVED, unit_costs
from valuekit.degradation.weekly import weekly
from valuekit.estimate import Estimate, Period, unknown
from valuekit.scorecard import Figure, Scorecard, ToDate
from valuekit.value.to_date import to_date
from valuekit.verdict import decide

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from valuekit.assess.designs.base import Design
    from valuekit.degradation.performance import Performance
    from valuekit.ledger.book import Book
    from valuekit.value.money import Worth
    from valuekit.workspace.declare import Workspace


def assess(workspace: Workspace, model: str, book: Book) -> Scorecard:
    """One model's whole story from its facts.

    Nothing here raises for want of data: an empty model, a one-armed holdout, a cost of zero or
    outcomes that are still open each give a scorecard whose figures say why they are unknown.

    Args:
        workspace: The declared workspace.
        model: Name of the model in it.
        book: Its facts, costs included.

    Returns:
        The scorecard.

    Raises:
        KeyError: when the workspace declares no such model.
    """
    here = scene(workspace, model, book)
    designs = [build(here, one) for one in here.model.evidence]
    designs = [withheld(here, one) for one in designs]
    lead = _lead(designs)
    worth = _worth(here, lead)
    quality = performance(here)
    cost, volume = here.fact("cost"), here.fact("volume")
    money = periods(here, worth, lead.unvalued) if lead else periods(here, worth)
    weeks = (
        weekly(worth, quality, cost, volume, here.span, here.mature_through) if here.span else ()
    )
    if unpriced(here):
        weeks = tuple(replace(one, net=None) for one in weeks)
    found = changes(here, quality, lead.daily if lead else no_series(), worth)
    slope = trend(weeks, quality)
    state = health(here)
    whole = next((one for one in money if one.name == "all"), None)
    way = settlement(here, lead)
    verdict = decide(case(here, lead, found, declines=declining(slope, quality)))
    way = beside(way, verdict)
    return Scorecard(
        **_identity(here),
        as_of=book.as_of if here.span else None,
        headline=headline(here, whole),
        grade=whole.value.grade if whole and whole.value.known else None,
        periods=money,
        weeks=weeks,
        to_date=_to_date(here, lead, worth),
        evidence=one_answer([one.report for one in designs], way),
        accuracy=accuracy(here),
        unit_costs=_unit_costs(here),
        degradation=degradation(quality, found, drifts(here), slope, _days(here, quality)),
        segments=segments(here, lead),
        versions=versions(here),
        health=state,
        verdict=verdict,
        settlement=way,
    )


class _Identity(TypedDict):
    """Who the model is, as declared."""

    model: str
    title: str
    owner: str
    area: str
    task: str
    description: str
    currency: str
    launched: date | None
    retired: date | None


def _identity(here: Scene) -> _Identity:
    declared = here.model
    return _Identity(
        model=here.name,
        title=declared.title,
        owner=declared.owner,
        area=declared.area,
        task=declared.task,
        description=declared.description,
        currency=here.currency,
        launched=declared.launched,
        retired=declared.retired,
    )


def _lead(designs: Sequence[Design]) -> Design | None:
    """The design that carries the money: the primary one."""
    return next((one for one in designs if one.report.primary), None)


def _worth(here: Scene, lead: Design | None) -> Worth:
    if lead is not None:
        return lead.worth

    def nothing(period: Period) -> Estimate:
        return unknown(NO_EVIDENCE, here.currency, period=period)

    return nothing


def _to_date(here: Scene, lead: Design | None, worth: Worth) -> tuple[ToDate, ...]:
    cost = here.fact("cost")
    if here.mature is None or cost.empty or unpriced(here):
        return ()
    if lead is not None and unvalued(here, lead.unvalued(here.mature)):
        return ()
    return to_date(worth, cost, here.mature.first, here.mature.last, since(here, cost))


def _unit_costs(here: Scene) -> tuple[Figure, ...]:
    if here.span is None:
        return ()
    return unit_costs(
        here.model.costs,
        here.fact("cost"),
        here.fact("volume"),
        here.span,
        here.currency,
        NONE_SERVED if _served(here) else no_log(here.model),
        unpriced(here),
    )


def _served(here: Scene) -> bool:
    """Whether it is known how many predictions were served."""
    return here.model.predictions is not None or here.model.ready("volume") is not None


def _days(here: Scene, quality: Performance) -> int:
    """Mature days in which a change could be looked for."""
    return max(len(quality.days), here.mature.days if here.mature else 0)
