"""What can be wrong with a panel beside its columns: groups, launch days, arms, blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from connectors.base import Engine
from connectors.findings import place, shown
from connectors.sql.panel_rows import block_of, treated_since
from connectors.sql.values import blank, text
from valuekit.errors import Finding
from valuekit.ledger.schema import MAX_GROUPS
from valuekit.text import nearest
from valuekit.workspace.declare import Model, Panel
from valuekit.workspace.evidence import GROUP_DESIGNS

if TYPE_CHECKING:
    from connectors.sql.columns import Usable


def check_panel(engine: Engine, model: Model, known: dict[str, Usable]) -> list[Finding]:
    """Groups, first treated days and blocks of a panel whose columns are there.

    Raises:
        SourceError: the engine failed.
    """
    p = model.panel
    if p is None or "panel" not in known:
        return []
    kinds = known["panel"].kinds
    found = arms_by_day(engine, p)
    names: list[str] = []
    if p.group is not None and p.group in kinds:
        groups = _distinct(engine, p, p.group)
        names = [str(one) for one in groups]
        found += too_many(engine, p, len(names))
        found += launches(engine, p, names)
        found += _controls(engine, model, names)
    if p.treated_from is not None and {p.treated_from, p.group} - {None} <= set(kinds):
        found += _varied(engine, p, known["panel"])
    if p.arm is not None and {p.arm, p.time, p.group} - {None} <= set(kinds):
        found += _mixed(engine, p, known["panel"])
    if p.treated_value is not None and p.arm in kinds and p.arm is not None:
        values = _distinct(engine, p, p.arm)
        if values and p.treated_value not in values:
            found.append(_absent(engine, p, p.arm, "treated_value", p.treated_value, values))
    return found


def too_many(engine: Engine, p: Panel, groups: int) -> list[Finding]:
    """More groups than a panel may have."""
    if groups <= MAX_GROUPS or p.group is None:
        return []
    return [
        Finding(
            place(engine, p.table, p.group),
            f"more than {MAX_GROUPS:,} groups",
            f"a panel compares at most {MAX_GROUPS:,} groups",
            "Declare a coarser column, such as the region instead of the customer; single "
            "customers are compared with [assignments].",
            code="many_groups",
        )
    ]


def several_days(
    engine: Engine, p: Panel, group: str, days: tuple[str, str], groups: int
) -> Finding:
    """A group that begins to be treated on several days."""
    first, last = (day or "never" for day in days)
    others = f", and {groups - 1} other groups" if groups > 1 else ""
    return Finding(
        place(engine, p.table, p.treated_from),
        f"{first} and {last} in group {shown(group, 40)!r}{others}",
        "the first treated day of a group is the same in all its rows",
        "Fill in one day per group in all rows, those before it too; leave it empty for groups "
        "that were never treated.",
        code="several_launches",
    )


def launches(engine: Engine, p: Panel, names: list[str]) -> list[Finding]:
    """Groups of ``launch`` that do not occur."""
    return [
        _absent(engine, p, p.group, "launch", name, names)
        for name in p.launch
        if p.group is not None and name not in names and len(names) <= MAX_GROUPS
    ]


def arms_by_day(engine: Engine, p: Panel) -> list[Finding]:
    """Blocks of hours over a column that knows only days."""
    kind = engine.columns(p.table).get(p.time)
    if not p.block_hours or kind in {None, "timestamp", "timestamptz"}:
        return []
    return [
        Finding(
            place(engine, p.table, p.time),
            f"{kind} values",
            f"blocks of {p.block_hours} hours need times of day",
            "Declare the column with the time, or leave `block_hours` out for whole days.",
            code="no_hours",
        )
    ]


def _controls(engine: Engine, model: Model, names: list[str]) -> list[Finding]:
    p = model.panel
    if p is None or p.group is None or len(names) > MAX_GROUPS:
        return []
    return [
        _absent(engine, p, p.group, "control_groups", name, names)
        for one in model.evidence
        if one.design in GROUP_DESIGNS
        for name in one.control_groups
        if name not in names
    ]


def _distinct(engine: Engine, p: Panel, column: str) -> list[str]:
    rows = engine.table(p.table, [column])
    value = text(rows.c[column], engine.kind(p.table, column)).label("value")
    inner = sa.select(value).where(rows.c[column].is_not(None)).distinct().subquery()
    limit: sa.ColumnElement[int] = sa.literal_column(str(MAX_GROUPS + 1))
    statement = sa.select(inner.c.value).order_by(inner.c.value).limit(limit)
    found: list[str] = engine.run("check groups", statement).column(0).to_pylist()
    return found


def _varied(engine: Engine, p: Panel, known: Usable) -> list[Finding]:
    assert p.treated_from is not None  # noqa: S101  checked by the caller
    rows = engine.table(p.table, [one for one in (p.group, p.treated_from) if one])
    day = treated_since(engine, rows.c[p.treated_from], known.kinds[p.treated_from])
    group = sa.literal_column("'all'") if p.group is None else _group(rows, p.group, known)
    inner = sa.select(group.label("group"), day.label("day")).subquery()
    c = inner.c
    first, last = sa.func.min(c.day), sa.func.max(c.day)
    statement = (
        sa.select(c.group, first.label("first"), last.label("last"))
        .where(c.group.is_not(None))
        .group_by(c.group)
        .having(first != last)
        .order_by(c.group)
    )
    found = engine.run("check first treated days", statement).to_pylist()
    if not found:
        return []
    one = found[0]
    return [several_days(engine, p, one["group"], (one["first"], one["last"]), len(found))]


def _mixed(engine: Engine, p: Panel, known: Usable) -> list[Finding]:
    """Blocks in which some rows say treated and others do not."""
    if p.arm is None or known.kinds[p.time] not in {"date", "timestamp", "timestamptz"}:
        return []
    if arms_by_day(engine, p):
        return []
    rows = engine.table(p.table, [one for one in (p.time, p.arm, p.group) if one])
    time = rows.c[p.time]
    arm = text(rows.c[p.arm], known.kinds[p.arm])
    group = sa.literal_column("'all'") if p.group is None else _group(rows, p.group, known)
    inner = (
        sa.select(
            group.label("group"),
            engine.local_day(time).label("day"),
            block_of(engine, time, p.block_hours).label("block"),
            arm.label("arm"),
        )
        .where(time.is_not(None), sa.not_(blank(rows.c[p.arm], known.kinds[p.arm])))
        .subquery()
    )
    c = inner.c
    blocks = (
        sa.select(c.group, sa.case((sa.func.min(c.arm) != sa.func.max(c.arm), 1)).label("mixed"))
        .group_by(c.group, c.day, c.block)
        .subquery()
    )
    counted = sa.select(sa.func.count().label("n"), sa.func.count(blocks.c.mixed).label("mixed"))
    row = engine.run("check blocks", counted.select_from(blocks)).to_pylist()[0]
    if not row["mixed"]:
        return []
    return [
        Finding(
            place(engine, p.table, p.arm),
            f"{row['mixed']:,} of {row['n']:,} blocks",
            "rows of one block of time are in both arms, so the block is in neither",
            "Declare the length of the blocks as `block_hours`, or correct the column; such "
            "blocks are left out.",
            "warning",
            "mixed_blocks",
        )
    ]


def _group(rows: sa.FromClause, column: str, known: Usable) -> sa.ColumnElement[str]:
    return text(rows.c[column], known.kinds[column])


def _absent(
    engine: Engine, p: Panel, column: str | None, key: str, name: str, values: list[str]
) -> Finding:
    close = nearest(name, values)
    listed = ", ".join(repr(shown(one, 40)) for one in values[:10])
    return Finding(
        place(engine, p.table, column),
        shown(name),
        f"`{key}` names a value that never occurs; there are {listed}",
        f"Did you mean {shown(close)!r}?" if close else "Use one of these names.",
        code=f"unknown_{key}",
    )
