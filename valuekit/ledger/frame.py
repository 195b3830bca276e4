"""Frames of facts: declared columns, declared dtypes, or an error that names the cell.

Dtypes in a conformed frame:

=========== ==========================================================================
``text``    pandas ``str``, never missing (an unknown key is the empty string)
``int``     ``int64``
``float``   ``float64``, always finite
``decimal`` objects, :class:`decimal.Decimal`; sums have at most 6 places
``day``     ``datetime64[s]`` at midnight, without a zone: compare with ``pd.Timestamp``
``ints``    objects, one-dimensional ``int64`` arrays
``floats``  objects, one-dimensional ``float64`` arrays, always finite
``json``    objects
=========== ==========================================================================

Days are ``datetime64`` because Python ``date`` objects make every comparison and grouping a loop.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from valuekit.errors import Finding, ValuekitError
from valuekit.facts import kept, twice
from valuekit.ledger.cast import CASTS, bad

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from valuekit.ledger.schema import Fact

DTYPES: dict[str, str] = {
    "text": "str",
    "int": "int64",
    "float": "float64",
    "decimal": "object",
    "day": "datetime64[s]",
    "ints": "object",
    "floats": "object",
    "json": "object",
}


def empty(fact: Fact) -> pd.DataFrame:
    """A frame of the fact without rows, with every column in its declared dtype."""
    return _empty(fact).copy(deep=False)


@cache
def _empty(fact: Fact) -> pd.DataFrame:
    return pd.DataFrame(
        {one.name: pd.Series([], dtype=DTYPES[one.dtype]) for one in fact.columns},
    )


def conform(fact: Fact, frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with the fact's columns, in order and in their dtypes; the input is not changed.

    Means and co-moments of rows whose weight is 0 become 0.0, whatever was there: such a row is
    the identity of merging. Everything else must be there and finite.

    Args:
        fact: The fact that the frame claims to be.
        frame: Any frame; integral floats pass as integers, ISO dates as days, text as Decimal.

    Raises:
        ValuekitError: with fact, column and rule, for a missing or unknown column, a value of
            the wrong type, a missing or non-finite value, a negative weight, or two rows with
            one key.
    """
    _columns(fact, frame)
    if frame.empty:
        return empty(fact)
    frame = frame.reset_index(drop=True)
    made: dict[str, pd.Series] = {}
    nothing: dict[str, np.ndarray] = {}  # weight -> rows where it is 0
    for one in fact.columns:
        series = frame[one.name]
        kind, *names = one.rule.split(":")
        if kind in {"mean", "comoment", "third"}:
            if names[0] not in nothing:
                nothing[names[0]] = (_weight(fact, frame, names[0]) == 0).to_numpy()
            if nothing[names[0]].any():
                series = series.mask(nothing[names[0]], 0.0)
        made[one.name] = CASTS[one.dtype](fact, one, series)
    result = pd.concat(made, axis=1)  # of one index all: a frame made of series aligns them first
    _one_row_per_key(fact, result)
    return result


def _weight(fact: Fact, frame: pd.DataFrame, name: str) -> pd.Series:
    """The weight column of a mean, checked: whole and not negative."""
    column = next(one for one in fact.measures if one.name == name)
    weight = CASTS["int"](fact, column, frame[name])
    if bool((weight < 0).any()):
        raise bad(fact, column, weight.min(), "a weight is 0 or more", "negative_weight")
    return weight


def select(
    frame: pd.DataFrame,
    first: date | None,
    last: date | None,
    segment: str | None = "all",
    versions: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Rows of a conformed frame in a range of days, of one segment, of some versions.

    Args:
        frame: A conformed frame of any fact.
        first: First day, included; None for no lower bound.
        last: Last day, included; None for no upper bound.
        segment: ``all``, ``name=value``, or None for every segment.
        versions: Versions to keep; None for all.
    """
    keep = np.ones(len(frame), dtype=np.bool_)
    days = frame["day"].to_numpy()
    if segment is not None:
        keep &= (frame["segment"] == segment).to_numpy(dtype=np.bool_)
    if first is not None:
        keep &= days >= np.datetime64(first, "s")
    if last is not None:
        keep &= days <= np.datetime64(last, "s")
    if versions is not None:
        keep &= frame["version"].isin(list(versions)).to_numpy(dtype=np.bool_)
    return kept(frame, keep).reset_index(drop=True)


def _columns(fact: Fact, frame: pd.DataFrame) -> None:
    wanted = [one.name for one in fact.columns]
    missing = [name for name in wanted if name not in frame.columns]
    extra = [str(name) for name in frame.columns if name not in wanted]
    found = []
    if missing:
        found.append(
            Finding(
                place=f"ledger.{fact.name}",
                value=", ".join(missing),
                rule="columns of the fact are missing",
                remedy="Deliver every column of docs/ledger.md; unknown counts are 0, keys ''.",
                code="fact_columns",
            )
        )
    if extra:
        found.append(
            Finding(
                place=f"ledger.{fact.name}",
                value=", ".join(extra),
                rule="columns that the fact does not have",
                remedy="Remove them; docs/ledger.md lists the columns.",
                code="fact_columns",
            )
        )
    if found:
        raise ValuekitError(*found)


def _one_row_per_key(fact: Fact, frame: pd.DataFrame) -> None:
    again = twice(frame, fact.key_names)
    if not again.any():
        return
    row = frame[again].iloc[0]
    raise ValuekitError(
        Finding(
            place=f"ledger.{fact.name}",
            value=", ".join(f"{name}={row[name]}" for name in fact.key_names),
            rule="two rows have the same key",
            remedy="Merge them before they are handed over (valuekit.ledger.merge).",
            code="fact_key",
            rows=int(again.sum()),
        )
    )
