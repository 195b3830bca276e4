"""First and last day of a model and how far its outcomes are complete, from its intake counts."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from valuekit.incremental.plan import actual_time_of
from valuekit.ready.names import OUTCOMES
from valuekit.workspace.evidence import PANEL_DESIGNS
from valuekit.workspace.ready import role_of

if TYPE_CHECKING:
    import pandas as pd

    from valuekit.workspace.declare import Model

Days = tuple[date, date]
_MATCHED = ("credited", "uncredited", "outside_window", "before_prediction", "orphan")


def framed(model: Model, intake: pd.DataFrame) -> tuple[date | None, date | None, date | None]:
    """First day, last day, and the last day through which outcomes are complete.

    Args:
        model: As declared.
        intake: Conformed intake of all days.
    """
    ready = model.facts.tables if model.facts is not None else ()
    roles = ("predictions", "assignments", *map(role_of, ready))
    own = _union([_span(intake, role, ("accepted",)) for role in roles])
    complete = _complete(model, intake, own)
    own = lasting(model, own, complete)
    if model.panel is None:
        return _framed(own, complete)
    over = _span(intake, "panel", ("accepted",))
    through = model.panel.complete_through or (over[1] if over else None)
    if not model.logged:
        return _framed(over, through)
    one = model.primary_evidence
    if one is None or one.design not in PANEL_DESIGNS:
        return _framed(own, complete)
    ends = [end for end in (complete, through) if end is not None]
    return _framed(_union([own, over]), min(ends, default=None))


def lasting(model: Model, span: Days | None, complete: date | None) -> Days | None:
    """Days with data, to the last complete day where units that come back carry the money.

    Their outcomes count on their own day for as long as the holdout runs, whether or not anybody
    is still assigned or served.
    """
    one = model.primary_evidence
    if (
        span is None
        or complete is None
        or one is None
        or not (one.design == "holdout" and one.repeat)
    ):
        return span
    return span[0], max(span[1], complete)


def _framed(
    span: Days | None, complete: date | None
) -> tuple[date | None, date | None, date | None]:
    return (span[0], span[1], complete) if span else (None, None, complete)


def _span(intake: pd.DataFrame, role: str, rules: tuple[str, ...]) -> Days | None:
    rows = intake[(intake["source"] == role) & intake["rule"].isin(rules) & (intake["rows"] > 0)]
    if rows.empty:
        return None
    return rows["day"].min().date(), rows["day"].max().date()


def _union(spans: list[Days | None]) -> Days | None:
    there = [one for one in spans if one is not None]
    if not there:
        return None
    return min(one[0] for one in there), max(one[1] for one in there)


def _complete(model: Model, intake: pd.DataFrame, own: Days | None) -> date | None:
    o = model.outcomes
    if o is None:
        return _ready_complete(model, intake, own)
    if o.complete_through is not None:
        return o.complete_through
    if own is None and model.predictions is None and model.assignments is None:
        return None
    if actual_time_of(model) is None:
        return own[1] + timedelta(days=o.window + o.allowance) if own else None
    found = _span(intake, "outcomes", _MATCHED)
    return found[1] if found else None


def _ready_complete(model: Model, intake: pd.DataFrame, own: Days | None) -> date | None:
    """Last day of the ready-made outcomes, or the declared one; of any table without them."""
    if model.facts is None or own is None:
        return None
    roles = [role_of(one) for one in model.facts.tables if one in OUTCOMES]
    spans = [_span(intake, role, ("accepted",)) for role in roles]
    return model.facts.complete_through or (_union(spans) or own)[1]
