"""Ids that differ only in what people do not see: spaces, case, composed letters.

They are different ids and stay so: nothing is trimmed or folded silently. But a customer written
in two ways is two customers, so it is said. The first 100,000 rows of each table are looked at: a
habit of an export shows there.
"""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from connectors import dialects
from connectors.base import Engine
from connectors.findings import place
from connectors.roles import blocks
from connectors.sql.values import UNSEEN, flag, total
from connectors.sql.work import Expression
from valuekit.errors import Finding
from valuekit.workspace.declare import Assignments, Model

ROWS = 100_000
_HIDDEN = ("\t", "\u00a0", "\u202f")  # line breaks are quoted; zero-width ones are of scripts


def lookalikes(engine: Engine, model: Model) -> list[Finding]:
    """A warning for each kind of difference between the ids, or the keys, of a model.

    Raises:
        SourceError: a table cannot be read.
    """
    seen: dict[tuple[str, ...], Finding] = {}
    for columns in _columns(engine, model):
        for one in _differences(engine, columns):
            seen.setdefault((one.place, one.code), one)
    return list(seen.values())


def _columns(engine: Engine, model: Model) -> Iterator[list[tuple[str, str]]]:
    """Columns of text whose values name the same things: an id alone, the sides of a key."""
    for _, block in blocks(model):
        identity = block.unit if isinstance(block, Assignments) else block.id
        if identity is not None:
            yield _text(engine, [(block.table, identity)])
    if model.outcomes is None:
        return
    for left, right in model.outcomes.on.items():
        yield _text(engine, [*_entries(engine, model, left), (model.outcomes.table, right)])


def _entries(engine: Engine, model: Model, column: str) -> Iterator[tuple[str, str]]:
    for block in (model.predictions, model.assignments):
        if block is not None and column in engine.columns(block.table):
            yield block.table, column


def _text(engine: Engine, columns: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(table, one) for table, one in columns if engine.columns(table).get(one) == "text"]


def _differences(engine: Engine, columns: list[tuple[str, str]]) -> Iterator[Finding]:
    if not columns:
        return
    values = [_values(engine, table, column) for table, column in columns]
    value = sa.union(*values).subquery("names").c.value
    plain, composed = _plain(value), dialects.composed(value)
    counted = [
        sa.func.count(sa.distinct(one)) for one in (value, plain, composed, _plain(composed))
    ] + [total(flag(sa.or_(*(value.contains(sign) for sign in _HIDDEN))))]
    named = [one.label(f"n{place}") for place, one in enumerate(counted)]
    counts = engine.run("ids alike", sa.select(*named)).to_pylist()[0].values()
    n, folded, normal, both, hidden = (int(one or 0) for one in counts)
    at = place(engine, *columns[0])
    if n > folded:
        yield _finding(at, n - folded, "in spaces or in case", "lookalike_id")
    if n > normal or folded > both:
        alike = max(n - normal, folded - both)
        yield _finding(at, alike, "in how letters with marks are composed (NFC, NFD)", "unicode_id")

    if hidden:
        yield Finding(
            at,
            f"{hidden:,} ids",
            "ids hold a tab or a space that does not break, which nobody sees; they "
            "count as other ids than those without",
            "Take these signs out where the ids are written; nothing is changed here.",
            "warning",
            "hidden_sign",
            hidden,
        )


def _plain(value: Expression) -> Expression:
    """An id without what nobody sees at its ends, and without case."""
    return sa.func.lower(sa.func.trim(value, UNSEEN))


def _values(engine: Engine, table: str, column: str) -> sa.Select[tuple[Expression]]:
    rows = engine.table(table, [column])
    first = sa.select(rows.c[column].label("value")).limit(sa.literal_column(str(ROWS))).subquery()
    said = sa.func.trim(first.c.value, UNSEEN) != sa.literal_column("''")  # blank: held back
    return sa.select(first.c.value).where(said).distinct()


def _finding(at: str, names: int, how: str, code: str) -> Finding:
    return Finding(
        at,
        f"{names:,} ids",
        f"ids differ from others only {how}; they count as different ids",
        "Write each id in one way at the source; nothing is changed here.",
        "warning",
        code,
        names,
    )
