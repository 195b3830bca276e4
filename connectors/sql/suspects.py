"""Tables that break one rule so often that the table is wrong, not its rows.

Held back rows are normal; a twentieth of all rows in a wrong unit is an export gone wrong, and
figures of the rest would be of what happened to look right.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import sqlalchemy as sa

from connectors import dialects
from connectors.base import ColumnType
from connectors.findings import place
from connectors.roles import blocks
from connectors.sql.instants import other_age, wrong_unit
from connectors.sql.intake import Source
from connectors.sql.values import flag, number, total
from connectors.sql.work import Expression, Work
from valuekit.errors import Finding, SourceError
from valuekit.workspace.declare import Panel

SHARE = 0.05
SLIP = 1.5  # a probability may slip a little above 1; percentages do not stop there


Counts = Mapping[str, Mapping[str, int]]  # source -> rule -> rows


def by_rule(sources: Sequence[Source]) -> Counts:
    """Rows of each source by rule."""
    summed = {one.name: one.rules.groupby("rule")["rows"].sum() for one in sources}
    return {name: {str(rule): int(n) for rule, n in rows.items()} for name, rows in summed.items()}


def suspects(work: Work, counts: Counts) -> None:
    """Stop a pull whose rows are mostly in another unit than declared.

    Args:
        work: The pull.
        counts: Every source's rows of all days by rule.

    Raises:
        SourceError: times in a wrong unit, scores that are percentages.
    """
    findings = [one for source, rules in counts.items() for one in _of(work, source, rules)]
    if findings:
        raise SourceError(*findings)


def _of(work: Work, source: str, rules: Mapping[str, int]) -> Iterator[Finding]:
    read = sum(rules.values())
    broken = rules.get("time_unit", 0)
    if broken > SHARE * read:
        yield _unit(work, source, broken, read)
    if rules.get("bad_score", 0) > SHARE * read and source == "predictions":
        yield from _percentages(work, read)


def _unit(work: Work, source: str, rows: int, read: int) -> Finding:
    block = dict(blocks(work.model))[source]
    value = f"{rows:,} of {read:,} rows in another age"
    if block.time is not None:
        kind = work.engine.kind(block.table, block.time)
        odd = other_age if isinstance(block, Panel) else wrong_unit
        first = work.engine.first_where(
            block.table, block.time, lambda time: odd(dialects.instant(time), kind)
        )
        value += f", {first}" if first else ""
    return Finding(
        place(work.engine, block.table, block.time),
        value,
        "times were read in another unit than written (seconds, milliseconds and microseconds "
        "since 1970 are mixed up), or stand for missing ones, as 1900-01-01 does",
        "Convert them to timestamps when exporting, all by the same unit; leave the cell of a "
        "missing time empty.",
        "error",
        "time_unit",
        rows,
    )


def _percentages(work: Work, read: int) -> Iterator[Finding]:
    """Scores of 0 to 100 where 0 to 1 is declared."""
    p = work.model.predictions
    if p is None or p.score is None or work.model.task != "classification":
        return
    column, kind = (
        work.engine.table(p.table, [p.score]).c[p.score],
        work.engine.kind(p.table, p.score),
    )
    score, inside = number(column, kind), _percent(column, kind)
    most = sa.func.max(sa.case((inside, score))).label("most")
    seen = work.row("scores above 1", sa.select(total(flag(inside)).label("rows"), most))
    rows = int(seen["rows"])
    if rows > SHARE * read:
        first = work.engine.first_where(p.table, p.score, lambda cell: _percent(cell, kind))
        yield Finding(
            place(work.engine, p.table, p.score),
            f"{rows:,} of {read:,} scores above {SLIP}, up to {seen['most']:g}"
            + (f", {first}" if first else ""),
            "a score is a probability between 0 and 1",
            "Divide percentages by 100; declare classes and numbers as `predicted`.",
            "error",
            "score_range",
            rows,
        )


def _percent(cell: Expression, kind: ColumnType) -> sa.ColumnElement[bool]:
    """Whether a cell is above what a probability may slip to, and no more than 100."""
    score = number(cell, kind)
    return sa.and_(dialects.is_finite(score), score > SLIP, score <= 100.0)
