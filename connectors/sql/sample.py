"""A sample of the join: do predictions find outcomes, and do outcomes come afterwards?"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from connectors import dialects
from connectors.base import ColumnType, Engine
from connectors.findings import place
from connectors.sql.columns import Usable, stands_for_unit
from valuekit.errors import Finding
from valuekit.workspace.declare import Assignments, Model, Outcomes, Predictions

SAMPLE = 1000


def join(
    engine: Engine, model: Model, known: dict[str, Usable]
) -> tuple[float | None, list[Finding]]:
    """Join up to 1,000 predictions (or units), drawn by a hash of their id, to the outcomes.

    Returns:
        Share that found at least one outcome row, whatever its time; None when nothing could be
        joined. Findings: nothing matched, or outcomes mostly precede predictions.

    Raises:
        SourceError: the engine failed.
    """
    left, right = model.predictions or model.assignments, model.outcomes
    part = "assignments" if model.predictions is None else "predictions"
    if left is None or right is None or part not in known or "outcomes" not in known:
        return None, []
    kinds, others = known[part].kinds, known["outcomes"].kinds
    identity = left.id if isinstance(left, Predictions) else left.unit
    on = {_here(model, left, a, kinds): b for a, b in right.on.items()}
    if not {identity, *on} <= set(kinds) or not set(on.values()) <= set(others):
        return None, []
    statement = _statement(engine, left, right, on, kinds, others)
    row = engine.run("check join", statement).to_pylist()[0]
    if not row["n"]:
        return None, []
    share = row["found"] / row["n"]
    return share, [*_types(engine, left, right, on, kinds, others), *_odd(engine, right, row)]


def _here(
    model: Model, left: Predictions | Assignments, column: str, kinds: dict[str, ColumnType]
) -> str:
    """The column of this table that a key means: itself, or the unit that stands for it."""
    if column not in kinds and left.unit is not None and stands_for_unit(model, left, column):
        return left.unit
    return column


def _statement(
    engine: Engine,
    left: Predictions | Assignments,
    right: Outcomes,
    on: dict[str, str],
    kinds: dict[str, ColumnType],
    others: dict[str, ColumnType],
) -> sa.Select[*tuple[Any, ...]]:
    entries, outcomes = (
        engine.table(left.table, list(kinds)),
        engine.table(right.table, list(others)),
    )
    identity = entries.c[left.id if isinstance(left, Predictions) else left.unit]
    time = entries.c[left.time] if left.time in kinds else sa.null()
    key = dialects.to_text(identity)
    sample = (
        sa.select(
            key.label("id"),
            time.label("at"),
            *(dialects.to_text(entries.c[a]).label(f"k{i}") for i, a in enumerate(on)),
        )
        .where(identity.is_not(None))
        .order_by(dialects.bucket(key, "check", 65536), key)
        .limit(sa.literal_column(str(SAMPLE)))
        .subquery("sample")
    )
    after = outcomes.c[right.time] if right.time in others else sa.null()
    same = [dialects.to_text(outcomes.c[b]) == sample.c[f"k{i}"] for i, b in enumerate(on.values())]
    timed = left.time in kinds and right.time in others
    early = dialects.day(after) < dialects.day(sample.c.at) if timed else sa.false()
    matched = (
        sa.select(
            sample.c.id,
            sa.func.count(outcomes.c[next(iter(on.values()))]).label("rows"),
            sa.func.sum(sa.case((early, 1), else_=0)).label("early"),
        )
        .select_from(sample.outerjoin(outcomes, sa.and_(*same)))
        .group_by(sample.c.id)
        .subquery("matched")
    )
    some = sa.case((matched.c.rows > 0, 1), else_=0)
    only_early = sa.case(
        (sa.and_(matched.c.rows > 0, matched.c.early == matched.c.rows), 1), else_=0
    )
    return sa.select(
        sa.func.count().label("n"),
        dialects.to_int(sa.func.coalesce(sa.func.sum(some), 0)).label("found"),
        dialects.to_int(sa.func.coalesce(sa.func.sum(only_early), 0)).label("early"),
    ).select_from(matched)


def _odd(engine: Engine, right: Outcomes, row: dict[str, Any]) -> list[Finding]:
    at = place(engine, right.table)
    if row["found"] == 0:
        return [
            Finding(
                at,
                f"0 of {row['n']:,} sampled",
                "no sampled prediction or unit finds an outcome",
                "See whether `on` names the right columns and whether both hold the same ids "
                "(leading zeros, spaces, prefixes, case).",
                "warning",
                "no_join",
            )
        ]
    share = row["early"] / row["found"]
    if share <= 0.05:
        return []
    return [
        Finding(
            at,
            f"{share:.1%} of sampled matches",
            "all outcomes of these lie before the prediction, so they are not counted",
            "See whether `time` names the right column and whether the zones are right.",
            "warning",
            "outcome_first",
            row["early"],
        )
    ]


def _types(
    engine: Engine,
    left: Predictions | Assignments,
    right: Outcomes,
    on: dict[str, str],
    kinds: dict[str, ColumnType],
    others: dict[str, ColumnType],
) -> list[Finding]:
    """Keys of two types are compared as text: a number that lost its zeros finds nothing."""
    return [
        Finding(
            place(engine, left.table, a),
            f"{kinds[a]} here, {others[b]} in {right.table}",
            "the two sides of the join are of different types; they are compared as text",
            "Store the key as the same type in both tables.",
            "warning",
            "key_types",
        )
        for a, b in on.items()
        if kinds[a] != others[b]
    ]
