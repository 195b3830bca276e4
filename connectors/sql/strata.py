"""Strata of assigned units: the declared one, and the chance of treatment cut into bins."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from connectors.base import ColumnType
from connectors.sql.values import number, text, unusable
from connectors.sql.work import Columns, Expression
from valuekit.ledger.schema import ALL
from valuekit.workspace.declare import Assignments

BINS = 20  # of equal width on [0, 1]


def stratum(a: Assignments, c: Columns, kinds: Mapping[str, ColumnType]) -> Expression:
    """``STRATUM``, ``pNN``, ``STRATUM|pNN``, or ``all`` where neither is declared."""
    named: Expression = sa.literal_column(f"'{ALL}'")
    if a.stratum is not None:
        named = sa.func.coalesce(text(c[a.stratum], kinds[a.stratum]), "")
    if a.propensity is None:
        return named
    bin_ = _bin(number(c[a.propensity], kinds[a.propensity]))
    return bin_ if a.stratum is None else named.concat(sa.literal("|", sa.String())).concat(bin_)


def no_chance(
    a: Assignments, c: Columns, kinds: Mapping[str, ColumnType]
) -> list[tuple[sa.ColumnElement[bool], str]]:
    """The rule of rows whose chance of treatment is missing or lies outside 0 to 1."""
    if a.propensity is None:
        return []
    column, kind = c[a.propensity], kinds[a.propensity]
    value = number(column, kind)
    outside = sa.or_(value.is_(None), unusable(column, kind), value < 0, value > 1)
    return [(outside, "bad_propensity")]


def _bin(chance: Expression) -> Expression:
    """``p00`` for [0, 1/20) to ``p19`` for [19/20, 1]."""
    cases = [(chance < place / BINS, f"p{place - 1:02d}") for place in range(1, BINS)]
    return sa.case(*cases, else_=f"p{BINS - 1:02d}")
