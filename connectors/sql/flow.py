"""Fact ``flow``: outcomes of units that come back, by outcome day and hash bucket.

A unit is new once, on the day of its first exposure; whatever it does from then on counts on its
own day, for as long as the holdout runs. Sums by bucket of a hash of the unit, which knows nothing
of the arm, give intervals that hold although one customer's orders are alike (the bucket is the
independent entry, not the row).
"""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import sqlalchemy as sa

from connectors import dialects
from connectors.sql.facts import packed
from connectors.sql.keys import Keys
from connectors.sql.match import same_keys, starts
from connectors.sql.measured import entries
from connectors.sql.outcomes import Actuals
from connectors.sql.segments import Segment
from connectors.sql.units import Units
from connectors.sql.values import total
from connectors.sql.work import Statement, Work
from valuekit.errors import Finding, SourceError
from valuekit.ledger.schema import BUCKETS, SEGMENT_BUCKETS

SALT = "valuekit units "  # no assignment is made with it
_KEYS = ("segment", "version", "arm", "epoch", "day")
_VECTORS = {"units": "int64", "sum_y": "float64", "sum_d": "float64"}


def flow(work: Work, units: Units, actuals: Actuals | None, segment: Segment) -> list[pd.DataFrame]:
    """A frame a metric: vectors of new units and of outcomes, by day, arm and epoch.

    Args:
        work: The pull.
        units: Units at first exposure.
        actuals: Clean outcome rows.
        segment: The split; segments have 16 buckets, all rows together 64.

    Raises:
        SourceError: outcomes have no time, or do not lead to one unit each.
    """
    if actuals is None or not actuals.timed or units.keys is None or not units.alone:
        raise _no_way(work)
    buckets = BUCKETS if segment.whole else SEGMENT_BUCKETS
    known = work.keep("unit_buckets", _bucketed(units, units.keys, segment, buckets))
    long = pd.concat([_new(work, known), _outcomes(work, units, known, actuals)]).fillna(0)
    work.drop(known)
    made = []
    for name in work.model.metrics:
        one = long.rename(columns={f"m_{name}": "sum_y", f"d_{name}": "sum_d"})
        rows = packed(one[[*_KEYS, "bucket", *_VECTORS]], _KEYS, "bucket", buckets, _VECTORS)
        made.append(rows.assign(metric=name, layout=f"hash{buckets}"))
    return made


def _bucketed(units: Units, keys: Keys, segment: Segment, buckets: int) -> Statement:
    """Units with their bucket, worked out once a unit and not once an outcome."""
    u = units.rows.c
    bucket = dialects.bucket(dialects.to_text(u.entry), SALT, buckets)
    return sa.select(
        segment.of(units.rows).label("segment"),
        *(u[name] for name in ("version", "arm", "epoch", "ts", "day", *keys.names)),
        bucket.label("bucket"),
    ).select_from(units.rows)


def _new(work: Work, known: sa.FromClause) -> pd.DataFrame:
    """New units by first-exposure day and bucket."""
    by = [known.c[name] for name in (*_KEYS, "bucket")]
    found = work.run("new units", sa.select(*by, sa.func.count().label("units")).group_by(*by))
    return found.assign(**dict.fromkeys(_values(work), 0.0))


def _outcomes(work: Work, units: Units, known: sa.FromClause, actuals: Actuals) -> pd.DataFrame:
    """Outcomes of units from their first exposure on, by outcome day and bucket."""
    assert units.keys is not None  # noqa: S101  checked by the caller
    side = replace(entries(units, units.keys), rows=known)
    start, at = starts(side, actuals)
    on = sa.and_(*same_keys(side, actuals.rows), at >= start)
    o, k = actuals.rows.c, known.c
    rows = (
        sa.select(
            *(k[name] for name in (*_KEYS[:-1], "bucket")),
            o.day,
            *(o[name] for name in _values(work)),
        )
        .select_from(known.join(actuals.rows, on))
        .subquery()
    )
    by = [rows.c[name] for name in (*_KEYS, "bucket")]
    sums = [total(rows.c[name]).label(name) for name in _values(work)]
    return work.run("outcomes by bucket", sa.select(*by, *sums).group_by(*by)).assign(units=0)


def _values(work: Work) -> list[str]:
    return [f"{axis}_{name}" for name in work.model.metrics for axis in ("m", "d")]


def _no_way(work: Work) -> SourceError:
    return SourceError(
        Finding(
            place=f"models.{work.name}.outcomes",
            value="",
            rule="`repeat` counts outcomes of a unit on their own day: they need a time and the "
            "unit as their key",
            remedy="Declare `time` of [outcomes] and join `on` the column of the unit.",
            code="repeat_keys",
        )
    )
