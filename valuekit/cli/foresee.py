"""``valuekit refresh --dry-run``: what a refresh would compute, and why."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING

from valuekit.api import Workspace
from valuekit.cli.screen import emit, say, table
from valuekit.incremental.marks import ACCEPT
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
    ("Rows", "right"),
    ("Files", "right"),
    ("Why", "left"),
)
_NOTE = (
    "Rows are those of the days themselves, and where rows were held back before, of the days "
    "around them too; every file that holds a row of any of these days is read whole. Rows of "
    "other days that share an id with a changed day are found, and added, when the refresh reads."
)


def foresee(
    held: Workspace,
    models: Sequence[str] | None,
    *,
    full: bool,
    since: date | None,
    as_json: bool,
    accept_gone: bool = False,
) -> None:
    """Say what a refresh would compute, with rows and bytes to read; nothing is stored."""
    plans = held.plan(models, full=full, since=since)
    declared = held.loaded.workspace.models
    whys = {name: why(one, declared[name], since) for name, one in plans.items()}
    if as_json:
        made = {name: _json(one, declared[name], whys[name]) for name, one in plans.items()}
        emit({"schema": 1, "models": made})
        return
    gone = [text for name, one in plans.items() if one is not None for text in _gone(name, one)]
    rows = [[name, *_cells(one), whys[name]] for name, one in plans.items()]
    table("What a refresh would compute", _PLANNED, rows)
    if any(one is not None and one.ranges for one in plans.values()):
        say(_NOTE)
    for text in gone:
        say(text, "yellow")
    if gone:
        then = f"goes on, as {ACCEPT} says" if accept_gone else f"is refused without {ACCEPT}"
        say(f"Where that takes data or outcomes away, a refresh {then}.")
    say("Nothing is stored.")


def _gone(name: str, one: Plan) -> Iterator[str]:
    """Tables that end earlier than they did."""
    for role, (was, now) in one.earlier.items():
        ends = "has no day now" if now is None else f"ends on {now}"
        yield f"{name}: table of {role} {ends}; at the last run it ended on {was}."


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
        "earlier": [
            {"source": role, "was": was.isoformat(), "now": now and now.isoformat()}
            for role, (was, now) in one.earlier.items()
        ],
        "days": one.days,
        "ranges": [[first.isoformat(), last.isoformat()] for first, last in one.ranges],
        "rows": 0 if one.idle else one.rows,
        "bytes": one.size,
    }
