"""Examples of rows that were held back: at most 20 of each source and rule, the newest first.

Nothing is asked of the engine for a rule that held nothing back. What a rule counts is told again
from the judged rows themselves, so an example always breaks the rule that it stands for; the order
is by time and content, so equal data give equal examples.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pandas as pd

from connectors.base import BAD_CELL, CELL, FILE, NO_SUCH_TIME
from connectors.roles import Block
from connectors.sql import outcomes, panel_rows, spine, units
from connectors.sql.culprits import Cells, culprits
from connectors.sql.dedupe import Judged
from connectors.sql.held_rows import CONFLICT, UNMET, Source, contradicting, newest
from connectors.sql.joined import Joined
from connectors.sql.keys import assignment_keys
from connectors.sql.panel import Panelled
from connectors.sql.work import Work
from valuekit.quarantine.carry import newest as newest_of
from valuekit.quarantine.redact import EXAMPLES, cell, escaped, row_hash
from valuekit.quarantine.rules import rule as told
from valuekit.ready.names import PREFIX
from valuekit.source import Held
from valuekit.text import plural
from valuekit.workspace.declare import Model

_COLUMNS = 3  # that are named of those in which two rows differ


def held_back(
    work: Work,
    model: Model,
    joined: Joined | None,
    over: Panelled | None,
    frames: Sequence[pd.DataFrame],
) -> tuple[Held, ...]:
    """Examples for every rule whose count is above zero.

    Args:
        work: The pull, its kept tables still there.
        model: The model as declared, with the metrics of its panel.
        joined: Spines and outcomes, if any.
        over: The panel, if any.
        frames: The fact ``intake``: source, rule, fate, rows.
    """
    found: list[Held] = []
    for frame in frames:
        held = frame[(frame["fate"] == "quarantined") & (frame["rows"] > 0)]
        counts = held.groupby("rule", sort=True)["rows"].sum()
        name = str(held["source"].iloc[0]) if len(counts) else ""
        if len(counts) and not name.startswith(PREFIX):  # ready-made rows are told elsewhere
            block: Block = getattr(model, name)
            found += unsplit_lines(work, name, block, counts.index)
            lines = work.engine.quarantined(block.table)
            rules = {str(rule): int(n) for rule, n in counts.items() if rule not in lines}
            if rules:
                source = _source(work, model, joined, over, name)
                found += [
                    one for rule, n in rules.items() for one in examples(work, source, rule, n)
                ]
    return newest_of(found)


def unsplit_lines(work: Work, name: str, block: Block, rules: pd.Index) -> list[Held]:
    """Lines that could not be split: nothing of their content is kept but the hash."""
    return [
        Held(
            name,
            block.table,
            one.rule,
            escaped(one.place),
            "",
            one.found,
            told(one.rule).meaning,
            None,
            None,
            hashlib.sha256(one.text.encode("utf-8", "backslashreplace")).hexdigest(),
            escaped(one.place),
        )
        for one in work.engine.rejected(block.table)
        if one.rule in rules
    ]


def _source(
    work: Work, model: Model, joined: Joined | None, over: Panelled | None, name: str
) -> Source:
    judged: Judged | None = None
    keys = None
    if name == "predictions" and model.predictions and joined and joined.spine:
        keys, judged = joined.spine.keys, joined.spine.judged
        block: Block = model.predictions
        rows = spine.written(work, model.predictions)
    elif name == "assignments" and model.assignments:
        keys, block = assignment_keys(work), model.assignments
        rows = units.written(work, model.assignments)
    elif name == "panel" and model.panel and over:
        judged, block = over.judged, model.panel
        rows = panel_rows.written(work, model.panel, model.panel_metrics)
    else:
        assert model.outcomes and joined  # noqa: S101, PT018  they were counted
        assert joined.actuals and joined.keys  # noqa: S101, PT018  likewise
        keys, judged, block = joined.keys, joined.actuals.judged, model.outcomes
        rows = outcomes.written(work, model.outcomes, joined.keys)
    return Source(name, block, rows, judged, culprits(work, model, block, keys), joined)


def examples(work: Work, source: Source, rule: str, count: int) -> list[Held]:
    """The newest rows under a rule that holds so many back."""
    statement = newest(work, source, rule, min(EXAMPLES, count))
    rows = work.rows(f"examples of {rule} in {source.name}", statement)
    found = [_held(source, rule, row) for row in rows]
    table, seen = source.block.table, [(row[FILE], _cells(source, row)) for row in rows]
    if any(file is None for file, _ in seen):
        return found
    if rule in UNMET:  # normal where a table holds everybody's outcomes: not worth a search
        return [
            replace(one, file=escaped(work.engine.part_of(file)))
            for one, (file, _) in zip(found, seen, strict=True)
        ]
    where = work.engine.located(table, seen)
    more = differences(work, source, [cells for _, cells in seen]) if rule == CONFLICT else {}
    return [
        replace(one, file="; ".join(filter(None, (escaped(at), more.get(place, "")))))
        for place, (one, at) in enumerate(zip(found, where, strict=True))
    ]


def differences(work: Work, source: Source, rows: Sequence[Cells]) -> dict[int, str]:
    """What another row of the same id has in its place, and where that one is."""
    name = source.means.names[0]
    if name is None:
        return {}
    ids = {cells.get(name) for cells in rows}
    asked = contradicting(work, source, sorted(one for one in ids if one is not None))
    if asked is None:
        return {}
    others = work.rows(f"rows that contradict in {source.name}", asked)
    pairs: dict[int, tuple[list[str], dict[str, Any]]] = {}
    for place, cells in enumerate(rows):
        for other in others:
            odd = [one for one, text in _cells(source, other).items() if text != cells[one]]
            if odd and other["key"] == cells[name]:
                pairs[place] = (odd, other)
                break
    seen = [(other[FILE], _cells(source, other)) for _, other in pairs.values()]
    where = work.engine.located(source.block.table, seen)
    return {
        place: unlike(odd, (rows[place], _cells(source, other)), at, source.means.personal)
        for (place, (odd, other)), at in zip(pairs.items(), where, strict=True)
    }


def unlike(
    odd: Sequence[str], both: tuple[Cells, Cells], at: str, personal: Collection[str | None] = ()
) -> str:
    """The columns in which two rows differ, with both values, redacted, and where the other is.

    Args:
        odd: These columns.
        both: The cells of the row that is told of, and those of the other one.
        at: File of the other one, with its line or row where that is known.
        personal: Columns that name people.
    """
    texts = []
    for one in odd[:_COLUMNS]:
        here, there = (cell(cells[one], personal=one in personal) for cells in both)
        texts.append(f"{escaped(one)} is {here} here and {there}")
    more = f", and {plural(len(odd) - _COLUMNS, 'column')} more" if len(odd) > _COLUMNS else ""
    return f"{', '.join(texts)}{more} in {escaped(at)}"


def _cells(source: Source, row: Mapping[str, Any]) -> Cells:
    """The cells of a row as they were written, by column."""
    return {name: row[f"{CELL}{place}"] for place, name in enumerate(source.written.columns)}


def _held(source: Source, rule: str, row: dict[str, Any]) -> Held:
    cells = _cells(source, row)
    means = source.means
    told_by = {"bad_cell": row[BAD_CELL], "no_such_time": row[NO_SUCH_TIME]}.get(rule)
    broken = [told_by] if told_by else means.of(rule, cells)
    named = means.reference(cells)

    def one(column: str) -> str:
        return cell(cells[column], personal=column in means.personal)

    return Held(
        source.name,
        source.block.table,
        rule,
        f"{escaped(named)} {one(named)}" if named else "",
        escaped(", ".join(broken)),
        ", ".join(dict.fromkeys(one(name) for name in broken)),
        _reason(rule, broken),
        _moment(row["at"]),
        _day(row["day"]),
        row_hash(cells),
    )


def _reason(rule: str, columns: Sequence[str]) -> str:
    meaning = told(rule).meaning
    return f"{escaped(', '.join(columns))}: {meaning}" if columns else meaning


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text[:10]) if text else None
    except ValueError:  # likewise
        return None


def _moment(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None
    except ValueError:  # a time beyond the calendar of Python
        return None
