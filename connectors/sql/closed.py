"""A plan with everything that depends on its changed days by key, or the word that it is too much.

Ids that come again tie days together: which of two rows is kept, and whether both are held back,
is decided among all of them. Days that share an id with a changed day count as changed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import sqlalchemy as sa

from connectors.base import Within
from connectors.sql.crossings import on_days
from connectors.sql.keys import prediction_keys
from connectors.sql.periods import fixed_day
from connectors.sql.scope import Slice, Unbounded
from connectors.sql.spine import read
from connectors.sql.values import blank, text
from connectors.sql.when import when_column
from connectors.sql.work import Expression, Work
from valuekit.incremental.plan import Plan, lends_arms, near_of, widened
from valuekit.workspace.declare import Model, Outcomes, Predictions

_TURNS = 5


def closed(plan: Plan, make: Callable[..., Work], model: Model) -> Plan:
    """The plan with all days that its changed ones are tied to.

    Args:
        plan: The plan.
        make: Makes a work for a slice.
        model: The model as declared.

    Raises:
        Unbounded: rows of days that are not read depend on what changed.
    """
    if not plan.ranges:
        return plan
    seen: dict[str, frozenset[date]] = {}
    shared: set[str] = set()
    for _ in range(_TURNS):
        work = make(Slice(plan.ranges[0][0], plan.ranges[-1][1], plan))
        fresh = {role: days - seen.get(role, frozenset()) for role, days in plan.changed.items()}
        linked = {
            role: _linked(work, block, role, fresh.get(role, frozenset()))
            for role, block in (("predictions", model.predictions), ("outcomes", model.outcomes))
            if block is not None and block.id is not None and fresh.get(role)
        }
        seen = dict(plan.changed)
        shared |= {role for role, days in linked.items() if days}
        if not any(days - plan.changed.get(role, frozenset()) for role, days in linked.items()):
            break
        plan = widened(model, plan, linked)
        if plan.whole:
            return plan
    else:
        raise Unbounded("ids come again on more and more days")
    _arms(work, plan, model)
    _backfills(work, plan, model)
    repeats = plan.repeats | shared
    if repeats & {"predictions", "outcomes"}:
        return replace(plan, repeats=repeats, undisputed=False)
    # Where no id comes again, none has to be looked for in the days around.
    return replace(plan, reach=near_of(plan, model))


def _linked(
    work: Work, block: Predictions | Outcomes, role: str, days: frozenset[date]
) -> frozenset[date]:
    """Days that hold an id of some other days of the same table."""
    column = when_column(work.model, block)
    if column is None or block.id is None or work.slice is None or not days:
        return frozenset()
    files = work.slice.plan.survey.tables[role].sharing(days)
    if files is not None and not files:
        return frozenset()
    near = work.slice.between(role, column, min(days), max(days))
    far = replace(work.slice.everything, parts=files)
    here, there = (_ids(work, block, column, one) for one in (near, far))
    fresh = sa.select(here.c.id).where(on_days(here.c.day, days))
    met = sa.select(there.c.day).where(there.c.id.in_(fresh)).distinct()
    found = work.run(f"days that share ids of {role}", met)
    return frozenset(found["day"].dropna().dt.date) - days


def _ids(work: Work, block: Predictions | Outcomes, column: str, within: Within) -> sa.Subquery:
    assert block.id is not None  # noqa: S101  checked by the caller
    rows = work.engine.table(block.table, [block.id, column], within)
    kind = work.engine.kind(block.table, block.id)
    day = work.engine.local_day(rows.c[column]).label("day")
    known = sa.not_(blank(rows.c[block.id], kind))
    return sa.select(rows.c[block.id].label("id"), day).where(known).subquery()


def _arms(work: Work, plan: Plan, model: Model) -> None:
    """Predictions before the slice whose unit was assigned only now take their arm from that."""
    p, a, days = model.predictions, model.assignments, plan.changed.get("assignments")
    if not days or not lends_arms(model) or p is None or p.unit is None or a is None:
        return
    if a.time is None:
        raise Unbounded("its assignments have no time")
    within = work.slice.everything if work.slice is not None else None
    units = work.engine.table(a.table, [a.unit, a.time], within)
    kinds = work.engine.kind(a.table, a.unit), work.engine.kind(p.table, p.unit)
    new = sa.select(text(units.c[a.unit], kinds[0]).label("unit")).where(
        on_days(work.engine.local_day(units.c[a.time]), days)
    )
    column = when_column(model, p)
    if column is None:
        raise Unbounded("its predictions have no time")
    served = work.engine.table(p.table, [p.unit, column], within)
    day: Expression = work.engine.local_day(served.c[column])
    early = sa.select(sa.func.count().label("n")).where(
        text(served.c[p.unit], kinds[1]).in_(new), day < fixed_day(plan.ranges[0][0])
    )
    if int(work.row("predictions before their assignment", early)["n"]):
        raise Unbounded("units were assigned long after their predictions, which take their arm")


def _backfills(work: Work, plan: Plan, model: Model) -> None:
    """Forecasts issued after their target know actuals that are later than it."""
    p = model.predictions
    if model.task != "forecast" or p is None or work.slice is None:
        return
    c = read(replace(work, back=True), p, prediction_keys(work)).c
    early = c.day < fixed_day(plan.ranges[0][0])
    late = sa.select(sa.func.count().label("n")).where(c.issued > c.period, early)
    if int(work.row("forecasts issued after their target", late)["n"]):
        raise Unbounded("forecasts were issued after their target")
