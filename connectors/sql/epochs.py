"""Epochs: stretches of constant allocation. Nothing is ever pooled across them."""

from __future__ import annotations

import sqlalchemy as sa

from connectors.sql.periods import fixed_day
from connectors.sql.work import Expression, Work
from valuekit.ledger.schema import ALL, NONE
from valuekit.workspace.declare import Allocation, Model


def allocation(model: Model) -> tuple[Allocation, ...]:
    """Allocation steps of the holdout that counts: the primary evidence, else the first."""
    holdouts = [one for one in model.evidence if one.design == "holdout"]
    first = sorted(holdouts, key=lambda one: not one.primary)
    return first[0].allocation if first else ()


def epoch(work: Work, day: Expression) -> Expression:
    """First day of the step that a day is in, as ISO text; ``all`` without declared steps.

    Days before the first step belong to none and have the empty epoch.
    """
    steps = allocation(work.model)
    if not steps:
        return sa.literal_column(f"'{ALL}'")
    cases = [
        (
            day >= fixed_day(one.from_),
            one.from_.isoformat(),
        )
        for one in reversed(steps)
    ]
    return sa.case(*cases, else_=NONE)
