"""Money by period: value of the counted days, cost of the same days, net, return, bridge."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING

from valuekit.assess import floors
from valuekit.assess.health import uncosted, unpriced
from valuekit.cost.lines import MARGINAL
from valuekit.cost.unit import NONE_DECLARED, per_prediction
from valuekit.estimate import Estimate, Period, unknown
from valuekit.scorecard import PeriodFigures
from valuekit.text import plural
from valuekit.value.bridge import bridge, cost_lines
from valuekit.value.money import cost_estimate, net, p_loss
from valuekit.value.period import Counted, named
from valuekit.value.roi import roi

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    import pandas as pd

    from valuekit.assess.scene import Scene
    from valuekit.scorecard import CostLine
    from valuekit.value.money import Worth

Unvalued = Callable[[Period], float | None]
"""Share of the treated units of a period whose money is unknown."""


def periods(
    scene: Scene, worth: Worth, unvalued: Unvalued = lambda _: None
) -> tuple[PeriodFigures, ...]:
    """Figures of every named period in which the model has data."""
    if scene.span is None:
        return ()
    last = scene.span.last
    found = named(scene.span.first, scene.book.as_of, scene.mature_through, last)
    short = uncosted(scene)
    return tuple(
        _figures(scene, worth, one, short, unvalued(one.mature) if one.mature else None)
        for one in found
        if one.asked.first <= last
    )


def since(scene: Scene, cost: pd.DataFrame) -> date:
    """First day of data or of cost: a build before the first prediction is part of all time."""
    first = scene.span.first if scene.span else scene.book.as_of
    return first if cost.empty else min(first, cost["day"].min().date())


def _figures(
    scene: Scene, worth: Worth, counted: Counted, short: str, missing: float | None
) -> PeriodFigures:
    """Figures of one period.

    Args:
        scene: The model.
        worth: Its money.
        counted: The period.
        short: Why too few predictions have a price, if so.
        missing: Share of treated units whose value is unknown.
    """
    unit, days = scene.currency, counted.days
    cost = scene.fact("cost")
    paid_days = Period(since(scene, cost), days.last) if counted.name == "all" else days
    paid = scene.fact("cost", paid_days)
    value = _value(scene, worth, counted)
    lines = cost_lines(paid)
    marginal, attributed = (_paid(scene, lines, bases, days) for bases in ((MARGINAL,), ()))
    without = short or (floors.unvalued(scene, missing) if value.known else "")
    priced, running = _whole(attributed, without), _whole(marginal, without)
    earned, forward = net(value, priced), net(value, running)
    volume = scene.fact("volume", days)
    served = int(volume["predictions"].sum())
    return PeriodFigures(
        name=counted.name,
        period=counted.asked,
        value=value,
        cost_marginal=marginal,
        cost_attributed=attributed,
        net=earned,
        net_marginal=forward,
        roi=roi(earned, priced),
        cost_per_prediction=per_prediction(attributed, served, unit),
        cost_per_prediction_marginal=per_prediction(marginal, served, unit),
        predictions=served,
        acted=int(volume["acted"].sum()),
        p_loss=p_loss(earned),
        bridge=bridge([(_label(value), value.value)], lines)
        if value.value is not None and earned.known
        else (),
        costs=lines,
        unvalued=missing,
    )


def _value(scene: Scene, worth: Worth, counted: Counted) -> Estimate:
    if counted.mature is None:
        why = (
            "no outcome has matured yet"
            if counted.immature >= counted.seen
            else f"only {plural(counted.seen - counted.immature, 'day has', 'days have')} "
            f"matured of {counted.seen}"
        )
        return unknown(why, scene.currency, period=counted.asked)
    value = worth(counted.mature)
    if value.known and counted.immature:
        note = (
            f"{plural(counted.immature, 'day')} of {counted.seen} "
            f"{'is' if counted.immature == 1 else 'are'} not mature yet and left out, "
            "with their cost"
        )
        return value.with_grade(value.grade, note)
    return value


def _paid(
    scene: Scene, lines: Sequence[CostLine], bases: tuple[str, ...], days: Period
) -> Estimate:
    unit = scene.currency
    why = unpriced(scene) or (NONE_DECLARED if scene.fact("cost").empty else "")
    if why:
        return unknown(why, unit, period=days)
    name = "marginal cost" if bases else "fully attributed cost"
    paid = (one.amount for one in lines if not bases or one.basis in bases)
    return cost_estimate(sum(paid, start=Decimal(0)), unit, days, name)


def _whole(cost: Estimate, short: str) -> Estimate:
    """A cost to be taken off; unknown when it may not be, such as with too few priced."""
    return unknown(short, cost.unit, period=cost.period) if short and cost.known else cost


def _label(value: Estimate) -> str:
    return "Measured value" if value.grade in {"A", "B", "C"} else "Assumed value"
