"""Examples of several stretches of days, or of several runs, as those of one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING

from valuekit.quarantine.redact import EXAMPLES

if TYPE_CHECKING:
    import pandas as pd

    from valuekit.source import Held

Ranges = Sequence[tuple[date, date]]


def newest(rows: Iterable[Held]) -> tuple[Held, ...]:
    """Each row once, the newest first, at most 20 of each source and rule."""
    found: dict[tuple[str, str], dict[str, Held]] = {}
    for one in rows:
        found.setdefault((one.source, one.rule), {}).setdefault(one.row_hash, one)
    return tuple(
        one
        for key in sorted(found)
        for one in sorted(found[key].values(), key=_age, reverse=True)[:EXAMPLES]
    )


def _age(one: Held) -> tuple[str, str]:
    return ("" if one.at is None else one.at.isoformat(), one.row_hash)


def carried(
    new: Iterable[Held],
    before: Iterable[Held],
    ranges: Ranges | None,
    *,
    panel: bool,
    intake: pd.DataFrame,
) -> tuple[Held, ...]:
    """Examples of all days, where only some days were pulled.

    Args:
        new: Those of the days that were pulled.
        before: Those of the run before.
        ranges: First and last day of each stretch that was pulled; None for all days.
        panel: Whether the whole panel was pulled too.
        intake: The fact ``intake`` of all days: a rule without rows has no example.
    """
    if ranges is None:
        return newest(new)
    held = intake[(intake["fate"] == "quarantined") & (intake["rows"] > 0)]
    pairs = held[["source", "rule"]].drop_duplicates().itertuples(index=False)
    there = {(str(source), str(rule)) for source, rule in pairs}
    old = [one for one in before if not _pulled(one, ranges, panel=panel)]
    return newest(one for one in (*new, *old) if (one.source, one.rule) in there)


def _pulled(one: Held, ranges: Ranges, *, panel: bool) -> bool:
    if one.source == "panel":
        return panel
    return one.day is not None and any(first <= one.day <= last for first, last in ranges)
