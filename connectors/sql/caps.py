"""Caps of skewed metrics: declared, or found in the time before exposure and frozen.

The cap is the 99.9th percentile of what units had in the window that ended when each of them was
exposed, over all units, those without an outcome as 0. No arm can have moved it, so it may be
found after the start. One window for all, before the first exposure, would be too early for units
that come later: many are not customers yet, and their zeros would lower the percentile.
Below 1,000 units that percentile is the largest of them, so it waits. How many units had any is
kept with it, which tells later whether most of them were new (`valuekit/uplift/diluted.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from connectors import dialects
from connectors.sql.match import match
from connectors.sql.measured import entries
from connectors.sql.outcomes import Actuals
from connectors.sql.scope import Unbounded
from connectors.sql.units import Units
from connectors.sql.work import Work
from valuekit.source import Registered
from valuekit.workspace.declare import Model

CAP = "cap"  # kind of the registration
PER_MILLE = 999
UNITS = 1_000


def caps(work: Work, units: Units, actuals: Actuals | None) -> dict[str, float]:
    """The cap of each metric that has one.

    Raises:
        Unbounded: a cap can be found now, and holds for all days.
    """
    metrics = work.model.metrics
    made = {name: float(one.cap) for name, one in metrics.items() if one.cap is not None}
    if units.keys is None or actuals is None or not actuals.timed:
        return made
    names = _wanted(work.model)
    held: dict[str, Registered | None] = {name: work.frozen(CAP, name) for name in names}
    if missing := [name for name, one in held.items() if one is None]:
        held |= _found(work, units, actuals, missing)
    for name, one in held.items():
        if one is not None and one.content["cap"] is not None:
            made[name] = float(str(one.content["cap"]))
    return made


def _wanted(model: Model) -> list[str]:
    """Metrics of holdouts whose size is open: no proportions, no ratios, none with a cap."""
    named = [
        one.metric or model.primary_metric
        for one in model.evidence
        if one.design == "holdout" and not one.repeat
    ]
    metrics = model.metrics
    return [
        name
        for name in dict.fromkeys(one for one in named if one in metrics)
        if metrics[name].cap is None
        and metrics[name].kind == "mean"
        and metrics[name].denominator is None
    ]


def _found(
    work: Work, units: Units, actuals: Actuals, names: list[str]
) -> dict[str, Registered | None]:
    """New registrations; none while there are few units."""
    every = units.rows if units.older is None else units.older
    u = every.c
    columns = [
        sa.func.count().label("n"),
        sa.func.max(u.ts).label("last"),
        sa.func.min(u.day).label("day"),
    ]
    seen = work.row("units for a cap", sa.select(*columns).select_from(every))
    if int(seen["n"]) < UNITS or seen["last"] is None:
        return {}
    if work.slice is not None:
        raise Unbounded("a cap can be registered now")
    rows = _before(work, units, actuals)
    made = {name: _registered(work, rows, name, seen) for name in names}
    work.noted += made.values()
    return dict(made)


def _before(work: Work, units: Units, actuals: Actuals) -> sa.FromClause:
    """What each unit had in the window that ended when it was exposed."""
    o = work.model.outcomes
    assert o is not None  # noqa: S101  there are actuals
    assert units.keys is not None  # noqa: S101  asked before
    u = units.rows.c
    moved = {
        "ts": dialects.add_days(u.ts, -o.window),
        "day": dialects.day(dialects.add_days(u.day, -o.window)),
    }
    columns = [moved[one.name].label(one.name) if one.name in moved else one for one in u]
    rows = sa.select(*columns).subquery("units_before")
    side = replace(entries(units, units.keys), name="units_before", rows=rows, older=None)
    return match(work, side, actuals).rows


def _registered(work: Work, rows: sa.FromClause, name: str, seen: Mapping[str, Any]) -> Registered:
    """The percentile: as many units lie above it as one in a thousand."""
    units, value = int(seen["n"]), rows.c[f"m_{name}"]
    above = units - -(-units * PER_MILLE // 1000)
    tail = sa.select(value.label("cap")).where(value > 0).order_by(value.desc())
    one = tail.limit(sa.literal_column("1")).offset(sa.literal_column(str(above)))
    found = work.rows(f"cap of {name}", one)
    had = sa.select(sa.func.count().label("n")).select_from(rows).where(value != 0)
    content: dict[str, object] = {
        "cap": float(found[0]["cap"]) if found else None,
        "per_mille": PER_MILLE,
        "units": units,
        "nonzero": int(work.row(f"units for a cap of {name}", had)["n"]),
        "until": seen["last"].isoformat(),
    }
    return Registered(work.name, CAP, name, content, seen["day"])
