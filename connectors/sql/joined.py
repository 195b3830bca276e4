"""A model's spines joined with its outcomes: everything that the facts are counted from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

import pandas as pd
import sqlalchemy as sa

from connectors.sql.arms import with_arms
from connectors.sql.clashes import without_clashes
from connectors.sql.dedupe import ACCEPTED
from connectors.sql.forecast import Targets, targets
from connectors.sql.history import whole_spine
from connectors.sql.intake import Source, fates, unsplit
from connectors.sql.keys import Keys
from connectors.sql.match import Entries, Matched, match
from connectors.sql.measured import CARRY, Gained, direct, entries, no_way, through
from connectors.sql.outcomes import Actuals, outcomes
from connectors.sql.spine import Spine, predictions
from connectors.sql.units import Units, units
from connectors.sql.work import Work

Days = tuple[date, date]


@dataclass(frozen=True, slots=True)
class Joined:
    """What the facts of a model are counted from; parts that it lacks are None.

    Attributes:
        spine: Predictions.
        units: Units at first exposure.
        matched: Outcomes of predictions.
        gained: Outcomes of units.
        targets: Forecasts with their actuals.
        actuals: Clean outcome rows.
        sources: Every source's rows by day and rule.
        span: First and last day with predictions or units.
        complete_through: Last day through which outcomes are complete.
        sides: What outcomes were matched to, for judging those that met nothing.
        keys: Keys that lead to the outcomes.
    """

    spine: Spine | None
    units: Units | None
    matched: Matched | None
    gained: Gained | None
    targets: Targets | None
    actuals: Actuals | None
    sources: tuple[Source, ...]
    span: Days | None
    complete_through: date | None
    sides: tuple[Entries, ...] = ()
    keys: Keys | None = None


def join(work: Work) -> Joined:
    """Build the spines, match the outcomes, account for every row.

    Raises:
        SourceError: the declared keys lead from no spine to the outcomes.
    """
    spine = predictions(work)
    exposed = units(work, spine)
    spine = without_clashes(work, spine, exposed.clashes if exposed is not None else None)
    spine = with_arms(work, spine, exposed)
    span = _span(spine, exposed) if work.slice is None else work.slice.read
    actuals, sides, matched, gained, aims = _outcomes(work, spine, exposed)
    return Joined(
        spine=spine,
        units=exposed,
        matched=matched,
        gained=gained,
        targets=aims,
        actuals=actuals,
        sources=_sources(work, spine, exposed, actuals, aims, sides, span),
        span=span,
        complete_through=_complete(work, actuals, span),
        sides=tuple(entries for entries, _ in sides),
        keys=_keys(spine, exposed),
    )


Sides = list[tuple[Entries, Matched]]
Found = tuple[Actuals | None, Sides, Matched | None, Gained | None, Targets | None]


def _outcomes(work: Work, spine: Spine | None, exposed: Units | None) -> Found:
    """Outcomes by way of the predictions, of the units, or both."""
    keys = spine.keys if spine is not None and spine.keys is not None else None
    unit_keys = exposed.keys if exposed is not None else None
    one = _keys(spine, exposed)
    declared = work.model.outcomes
    if declared is None or (spine is None and exposed is None):
        return None, [], None, None, None
    if one is None:
        raise no_way(work)
    forecasts = work.model.task == "forecast" and spine is not None
    once = spine is not None and spine.unique and unit_keys is None and not forecasts
    actuals = outcomes(work, declared, one, once=once)
    if work.model.task == "forecast" and spine is not None and keys is not None:
        aims = targets(work, spine, actuals)
        return actuals, [], aims.matched, None, aims
    sides: Sides = []
    matched = gained = None
    if spine is not None and keys is not None:
        p = spine.armed.c
        carry = (*CARRY, "unit") if "unit" in p else CARRY
        rows = spine.armed.select().with_only_columns(
            p.id.label("entry"), p.ts, p.day, *(p[n] for n in (*keys.names, *carry))
        )
        side = Entries(
            "predictions",
            rows.subquery(),
            keys.names,
            carry,
            spine.by_day,
            spine.unique,
            firsts=_firsts(exposed, keys),
            older=_older(work, spine, keys),
            codes=exposed.codes if exposed is not None else None,
            timed=not spine.by_day and work.model.task != "forecast",
        )
        matched = match(work, side, actuals)
        if declared.label is not None or not work.model.metrics or unit_keys is None:
            sides.append((side, matched))
    if exposed is not None and work.model.metrics:
        if unit_keys is not None:
            side = entries(exposed, unit_keys)
            found = match(work, side, actuals)
            sides.append((side, found))
            gained = direct(work, found)
        elif spine is not None and matched is not None and "unit" in spine.rows.c:
            gained = through(work, exposed, spine, matched)
        else:
            raise no_way(work)
    return actuals, sides, matched, gained, None


def _older(work: Work, spine: Spine, keys: Keys) -> Callable[[], sa.FromClause] | None:
    """What makes keys and times of the predictions of all days; None in a whole pull."""
    if work.slice is None:
        return None

    @cache
    def made() -> sa.FromClause:
        c = whole_spine(work, spine).rows.c
        return sa.select(c.id, c.ts, c.day, *(c[name] for name in keys.names)).subquery("older")

    return made


def _keys(spine: Spine | None, exposed: Units | None) -> Keys | None:
    """Keys of the predictions, else of the units."""
    if spine is not None and spine.keys is not None:
        return spine.keys
    return exposed.keys if exposed is not None else None


def _firsts(exposed: Units | None, keys: Keys) -> sa.FromClause | None:
    """First predictions by key, where units were made from the same rows by the same key."""
    if exposed is None or exposed.assigned or exposed.keys != keys or exposed.clashes is not None:
        return None
    return exposed.every


def _sources(
    work: Work,
    spine: Spine | None,
    exposed: Units | None,
    actuals: Actuals | None,
    aims: Targets | None,
    sides: Sides,
    span: Days | None,
) -> tuple[Source, ...]:
    """Every declared source with its rows by day and rule, rows of broken lines included."""
    model, day = work.model, span[0] if span is not None else None
    made = []
    if spine is not None and model.predictions is not None:
        judged = spine.judged
        made.append(("predictions", model.predictions.table, judged.rules, judged.read, 0.0))
    if exposed is not None and exposed.rules is not None and model.assignments is not None:
        made.append(("assignments", model.assignments.table, exposed.rules, exposed.read, 0.0))
    if actuals is not None and model.outcomes is not None:
        rules = aims.fates if aims is not None else fates(work, actuals, sides)
        judged = actuals.judged
        made.append(("outcomes", model.outcomes.table, rules, judged.read, judged.amount))
    sources = []
    for name, table, rules, read, amount in made:
        broken = unsplit(work, table, day)
        both = pd.concat([one for one in (rules, broken) if len(one)] or [rules], ignore_index=True)
        sources.append(Source(name, both, read + int(broken["rows"].sum()), amount))
    return tuple(sources)


def _span(spine: Spine | None, exposed: Units | None) -> Days | None:
    rules = [
        one
        for one in (
            spine.judged.rules if spine is not None else None,
            exposed.rules if exposed is not None else None,
        )
        if one is not None
    ]
    days = [one.loc[one["rule"] == ACCEPTED, "day"].dropna() for one in rules]
    every = [one for one in days if len(one)]
    if not every:
        return None
    return min(one.min() for one in every).date(), max(one.max() for one in every).date()


def _complete(work: Work, actuals: Actuals | None, span: Days | None) -> date | None:
    """Declared, else the last outcome day; outcomes without a time are taken as complete."""
    o = work.model.outcomes
    if o is None or actuals is None or o.complete_through is not None:
        return o.complete_through if o is not None else None
    if not actuals.timed:
        return span[1] + timedelta(days=o.window + o.allowance) if span is not None else None
    rules = actuals.judged.rules
    days = rules.loc[rules["rule"] == ACCEPTED, "day"].dropna()
    return days.max().date() if len(days) else None
