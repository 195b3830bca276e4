"""Fact ``usage``: tokens by class and model of the provider, and calls."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import sqlalchemy as sa

from connectors import dialects
from connectors.findings import place, shown
from connectors.sql.segments import Segment
from connectors.sql.spine import Spine
from connectors.sql.values import total
from connectors.sql.work import Work
from valuekit.errors import Finding, SourceError

_KEYS = ["segment", "version", "day", "provider_model"]


def usage(work: Work, spine: Spine, segment: Segment) -> pd.DataFrame:
    """One row a key and class of token; calls without a quantity of the class do not count."""
    declared = work.model.predictions
    names = list(declared.tokens) if declared is not None else []
    p = spine.rows.c
    tokens = [p[f"token_{name}"] for name in names]
    rows = sa.select(
        segment.of(spine.rows).label("segment"),
        p.version,
        p.day,
        p.provider.label("provider_model"),
        *tokens,
    ).subquery()
    c = rows.c
    keys = [c[name] for name in _KEYS]
    sums = [
        part
        for name in names
        for part in (
            dialects.to_int(total(c[f"token_{name}"]) + 0.5).label(f"quantity_{name}"),
            sa.func.count(c[f"token_{name}"]).label(f"attempts_{name}"),
        )
    ]
    try:
        wide = work.run("usage", sa.select(*keys, *sums).group_by(*keys))
    except SourceError as error:
        raise SourceError(*(_at_tokens(work, one) for one in error.findings)) from None
    long = [
        wide[_KEYS].assign(
            token=name,
            tier="",
            quantity=wide[f"quantity_{name}"],
            attempts=wide[f"attempts_{name}"],
        )
        for name in names
    ]
    found = pd.concat(long, ignore_index=True)
    return found[found["attempts"] > 0]


def _at_tokens(work: Work, finding: Finding) -> Finding:
    """A sum that is too large, at the columns of tokens that it may be of."""
    p = work.model.predictions
    if finding.code != "overflow" or p is None:
        return finding
    columns = list(p.tokens.values())
    return replace(
        finding,
        place=place(work.engine, p.table, columns[0]),
        value=f"{finding.value}, sum of a day over {', '.join(shown(one) for one in columns)}",
    )
