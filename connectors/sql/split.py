"""An A/A check where the data lies: past units dealt anew by a salt, outcomes by arm."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import sqlalchemy as sa

from connectors.base import Engine
from connectors.sql.joined import join
from connectors.sql.measured import measured
from connectors.sql.work import Expression, Work
from valuekit.errors import Finding, SourceError
from valuekit.source import Registered
from valuekit.uplift.assignment import DIALECTS, Dialect, Shares, assignment_sql
from valuekit.workspace.declare import Workspace

COLUMNS = ("arm", "n", "mean", "c")


def split(
    engine: Engine,
    workspace: Workspace,
    model: str,
    registered: Sequence[Registered],
    *,
    metric: str,
    salt: str,
    shares: Shares,
) -> pd.DataFrame:
    """Units, mean and sum of squared deviations of a metric by the arm that a salt would give.

    Args:
        engine: The engine over the model's source.
        workspace: The whole workspace.
        model: Name of the model.
        registered: What was frozen before.
        metric: Name of the metric.
        salt: Salt of the assignment.
        shares: Share by arm.

    Raises:
        SourceError: a table or column is wrong, or the model measures nothing on units.
    """
    work = Work(engine, workspace, model, registered, lambda _what, _share: None)
    try:
        joined = join(work)
        if joined.units is None:
            raise SourceError(_no_units(model))
        rows = measured(work, joined.units, joined.spine, joined.gained, {})
        dialect = _dialect(engine)
        text = assignment_sql("entry", salt=salt, shares=shares, dialect=dialect)
        arm: Expression = sa.literal_column(text)
        dealt = sa.select(arm.label("arm"), rows.c[f"y_{metric}"].label("y")).select_from(rows)
        kept = work.keep("dealt_units", dealt)
        c = kept.c
        middle = work.row("mean of past units", sa.select(sa.func.avg(c.y).label("y")))["y"] or 0.0
        off = c.y - sa.literal(float(middle))
        sums = sa.select(
            c.arm,
            sa.func.count().label("n"),
            sa.func.sum(off).label("first"),
            sa.func.sum(off * off).label("second"),
        ).group_by(c.arm)
        found = work.run("past units by arm", sums)
    finally:
        work.clear()
    found["mean"] = middle + found["first"] / found["n"]
    found["c"] = (found["second"] - found["first"] ** 2 / found["n"]).clip(lower=0.0)
    return found[list(COLUMNS)].sort_values("arm", ignore_index=True)


def _dialect(engine: Engine) -> Dialect:
    name = {"postgresql": "postgres", "awsathena": "athena"}.get(
        engine.dialect.name, engine.dialect.name
    )
    found = next((one for one in DIALECTS if one == name), None)
    if found is None:
        raise SourceError(
            Finding(
                place=f"sources.{engine.name}",
                value=engine.dialect.name,
                rule="assignments are written for no such engine",
                remedy=f"Engines are: {', '.join(DIALECTS)}.",
                code="no_dialect",
            )
        )
    return found


def _no_units(model: str) -> Finding:
    return Finding(
        place=f"models.{model}",
        value="",
        rule="nothing is measured on units, so there are no past units to deal",
        remedy="Declare the `unit` of the predictions, or assignments, and a metric.",
        code="no_units",
    )
