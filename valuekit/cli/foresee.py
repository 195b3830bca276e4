"""``valuekit refresh --dry-run``: what a refresh would compute, and why."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING

from valuekit.api import Workspace
from valuekit.cli.screen import emit, say, table
from valuekit.text import listed, plural

if TYPE_CHECKING:
    from valuekit.incremental.plan import Plan
    from valuekit.workspace.declare import Model

UNTOLD = "its connector cannot tell what changed"
IDLE = "no table changed"
_PLANNED = (
    ("Model", "left"),
    ("Days", "right"),
    ("Which", "left"),
    ("Rows to read", "right"),
    ("Files", "right"),
    ("Why", "left"),
)
_NOTE = (
    "Rows to read are those of the days themselves and of the days around them that they depend "
    "on; a file that holds any of them is read whole. Rows of other days that share an id with a "
    "changed day are found, and added, when the refresh reads."
)


def foresee(
    held: Workspace,
    models: Sequence[str] | None,
    *,
    full: bool,
    since: date | None,
    as_json: bool,
) -> None:
    """Say what a refresh would compute, with rows and bytes to read; nothing is stored."""
    plans = held.plan(models, full=full, since=since)
    declared = held.loaded.workspace.models
    whys = {name: why(one, declared[name], since) for name, one in plans.items()}
    if as_json:
        made = {name: _json(one, declared[name], whys[name]) for name, one in plans.items()}
        emit({"schema": 1, "models": made})
        return
    rows = [[name, *_cells(one), whys[name]] for name, one in plans.items()]
    table("What a refresh would compute", _PLANNED, rows)
    if any(one is not None and one.ranges for one in plans.values()):
        say(_NOTE)
    say("Nothing is stored.")


def why(one: Plan | None, model: Model, since: date | None) -> str:
    """Why these days, in words: which tables changed on how many days, or why it is all days."""
    if one is None:
        return UNTOLD
    reasons = [one.whole] if one.whole else []
    reasons += [
        f"{plural(len(days), 'day')} of {_table(model, role)} changed ({_span(days)})"
        for role, days in _changed(one)
    ]
    if one.panel:
        reasons.append(f"{_table(model, 'panel')} changed")
    if since is not None and not one.whole:
        reasons.append(f"asked for with --since {since}")
    return "; ".join(reasons) or IDLE


def _changed(one: Plan) -> Iterator[tuple[str, Collection[date]]]:
    return ((role, days) for role, days in one.changed.items() if days and role != "panel")


def _table(model: Model, role: str) -> str:
    block = model.blocks.get(role)
    return f"{role}, table {block.table}," if block is not None else role


def _span(days: Collection[date]) -> str:
    first, last = min(days), max(days)
    return f"{first}" if first == last else f"{first} to {last}"


def _cells(one: Plan | None) -> list[str]:
    if one is None:
        return ["unknown", "all", "unknown", "unknown"]
    rows = f"{one.rows:,}" if not one.idle else "0"
    return [f"{one.days:,}", _which(one), rows, f"{one.size / 1e6:,.1f} MB"]


def _which(one: Plan) -> str:
    if one.whole:
        return "all"
    found = [f"{first} to {last}" if first != last else f"{first}" for first, last in one.ranges]
    return listed([*found, *(["all of its panel"] if one.panel else [])]) or "none"


def _json(one: Plan | None, model: Model, said: str) -> dict[str, object]:
    if one is None:
        return {"scope": "all", "why": said}
    return {
        "scope": "all" if one.whole else "none" if one.idle else "days",
        "why": said,
        "changed": [
            {
                "source": role,
                "table": model.blocks[role].table if role in model.blocks else role,
                "days": len(days),
                "first": min(days).isoformat(),
                "last": max(days).isoformat(),
            }
            for role, days in _changed(one)
        ],
        "days": one.days,
        "ranges": [[first.isoformat(), last.isoformat()] for first, last in one.ranges],
        "rows": 0 if one.idle else one.rows,
        "bytes": one.size,
    }
