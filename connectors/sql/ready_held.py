"""Examples of ready-made rows that were held back, with their cells as they were written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time

import numpy as np
import pandas as pd

from connectors.base import BAD_CELL, CELL, FILE, NO_SUCH_TIME
from connectors.sql.held import unlike, unsplit_lines
from connectors.sql.held_rows import CONFLICT
from connectors.sql.intake import FATES
from connectors.sql.ready import Handed
from connectors.sql.ready_rows import columns_of, rows_of
from connectors.sql.work import Work
from valuekit.quarantine.carry import newest
from valuekit.quarantine.redact import EXAMPLES, cell, escaped, row_hash
from valuekit.quarantine.rules import rule as told
from valuekit.ready.judge import Judgement, identity, judged
from valuekit.ready.names import KEYS
from valuekit.source import Held
from valuekit.workspace.declare import DailyTable, Model
from valuekit.workspace.ready import role_of

_OF_DAY = frozenset({"null_time", "time_unit", "no_such_time", "future"})


def ready_examples(work: Work, model: Model, handed: list[Handed]) -> list[Held]:
    """Examples of every rule that holds rows of a ready-made table back.

    The rows of the days that are needed are read again, with their cells, and judged again: all
    that a rule looks at is of one day, so each example breaks the rule that it stands for.
    """
    found: list[Held] = []
    for one in handed:
        unsplit = work.engine.quarantined(one.table.table) if work.slice is None else {}
        found += unsplit_lines(work, one.role, one.table, pd.Index(list(unsplit)))
        days = _days(one.judged)
        if days is None:
            continue
        again = judged_again(work, model, one.table, one.judged, days)
        places = np.flatnonzero([rule not in FATES for rule in again.rule]).tolist()
        every = [_held(one.table, again, place) for place in places]
        kept = set(newest(every))  # only these are looked for in their files
        chosen = [place for place, held in zip(places, every, strict=True) if held in kept]
        found += held_at(work, one.table, again, chosen)
    return found


def judged_again(
    work: Work, model: Model, table: DailyTable, before: Judgement, days: set[date]
) -> Judgement:
    """The rows of some days, and those of no day, with their cells as they were written."""
    return judged(model, table, rows_of(work, table, cells=True, days=days), before.edges)


def held_at(work: Work, table: DailyTable, found: Judgement, places: Sequence[int]) -> list[Held]:
    """Rows that are held back, with file and line or row where tables are made of files.

    Args:
        work: The pull.
        table: Their table.
        found: Its rows with their cells, as :func:`judged_again` gives them.
        places: Which of them.
    """
    held = [_held(table, found, place) for place in places]
    if FILE not in found.rows:
        return held
    others = _contradicting(table, found, places)
    both = [*places, *(other for other, _ in others.values())]
    seen = [(str(found.rows.iloc[place][FILE]), _cells(table, found, place)) for place in both]
    where = work.engine.located(table.table, seen)
    more = {
        place: unlike(odd, (_cells(table, found, place), _cells(table, found, other)), at)
        for (place, (other, odd)), at in zip(others.items(), where[len(places) :], strict=True)
    }
    return [
        replace(one, file="; ".join(filter(None, (escaped(at), more.get(place, "")))))
        for place, one, at in zip(places, held, where, strict=False)
    ]


def _contradicting(
    table: DailyTable, found: Judgement, places: Sequence[int]
) -> dict[int, tuple[int, list[str]]]:
    """Another row of the same key for each that contradicts one, and the columns that differ.

    What differs is what was judged: 5 and 5.0 are the same number.
    """
    torn = np.flatnonzero(found.rule == CONFLICT)
    keys = identity(table, found).iloc[torn]
    same = keys.groupby(list(keys.columns), dropna=False, sort=False).ngroup().to_numpy()
    group = dict(zip(torn.tolist(), same.tolist(), strict=True))
    made: dict[int, tuple[int, list[str]]] = {}
    for place in (one for one in places if one in group):
        for other in (one for one, mine in group.items() if mine == group[place]):
            odd = _odd(table, found, place, other)
            if odd:
                made[place] = other, odd
                break
    return made


def _odd(table: DailyTable, found: Judgement, place: int, other: int) -> list[str]:
    """Columns in which two rows differ."""
    here, there = found.rows.iloc[place], found.rows.iloc[other]

    def differ(name: str) -> bool:
        both = here[name], there[name]
        return not (both[0] == both[1] or all(pd.isna(one) for one in both))

    return list(dict.fromkeys(column for name, column in table.read() if differ(name)))


def _days(found: Judgement) -> set[date] | None:
    """Days of the newest rows of each rule; None where no row is held back."""
    each = pd.DataFrame({"day": found.rows["day"], "rule": found.rule.astype(str)})
    held = each[~each["rule"].isin(list(FATES))]
    if held.empty:
        return None
    last = held.sort_values("day", ascending=False).groupby("rule").head(EXAMPLES)
    return set(last["day"].dropna().dt.date)


def _held(table: DailyTable, found: Judgement, place: int) -> Held:
    row, rule, cells = found.rows.iloc[place], str(found.rule[place]), _cells(table, found, place)
    broken = _broken(table, row, rule, str(found.column[place]))
    day = None if pd.isna(row["day"]) else row["day"].date()
    meaning = told(rule).meaning
    shown = escaped(", ".join(broken))
    return Held(
        role_of(table.fact),
        table.table,
        rule,
        _reference(table, cells),
        shown,
        ", ".join(cell(cells[name], personal=False) for name in broken),
        f"{shown}: {meaning}" if broken else meaning,
        None if day is None else datetime.combine(day, time(), UTC),
        day,
        row_hash(cells),
    )


def _cells(table: DailyTable, found: Judgement, place: int) -> dict[str, str | None]:
    """The cells of a row as they were written, by column."""
    row = found.rows.iloc[place]
    return {name: _text(row[f"{CELL}{at}"]) for at, name in enumerate(columns_of(table))}


def _broken(table: DailyTable, row: pd.Series, rule: str, name: str) -> list[str]:
    """Columns that break the rule."""
    told_by = {"bad_cell": row[BAD_CELL], "no_such_time": row[NO_SUCH_TIME]}.get(rule)
    if told_by:
        return [str(told_by)]
    if rule in _OF_DAY:
        return [table.day]
    read = dict(table.read())
    return [read[one] for one in name.split(", ") if one in read]


def _reference(table: DailyTable, cells: dict[str, str | None]) -> str:
    """The day and keys of a row: what finds it in its table."""
    keys = [column for name, column in table.read() if name in {*KEYS[table.fact], "bin", "low"}]
    named = dict.fromkeys([table.day, *keys, *table.segments])
    return ", ".join(f"{escaped(one)} {cell(cells[one], personal=False)}" for one in named)


def _text(value: object) -> str | None:
    return None if value is None or value is pd.NA or value != value else str(value)  # noqa: PLR0124  NaN
