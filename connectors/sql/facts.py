"""From result frames to facts: keys, missing columns, vectors packed without a loop over rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from valuekit.facts import in_order, numbered
from valuekit.ledger.frame import empty
from valuekit.ledger.schema import FACTS

_FILL: dict[str, str | int | float] = {"text": "", "int": 0, "float": 0.0}


def fact(name: str, model: str, frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """A fact from frames with its keys and some of its measures; the rest are 0.

    Rows are in the order of their keys, whatever order the engine gave them. They are conformed
    where they are taken in, with those of connectors that others wrote.
    """
    schema = FACTS[name]
    there = [one for one in frames if len(one)]
    if not there:
        return empty(schema)
    joined = there[0] if len(there) == 1 else pd.concat(there, ignore_index=True)
    made: dict[str, object] = {}
    for column in schema.columns:
        if column.name == "model":
            made["model"] = model
        elif column.name not in joined:
            made[column.name] = _FILL[column.dtype]
        else:
            values = joined[column.name]
            filled = column.dtype in _FILL and values.hasnans
            made[column.name] = (values.fillna(_FILL[column.dtype]) if filled else values).array
    # Made at once of bare arrays: to add columns one by one, or to align them, takes longer than
    # what is in the few rows of a night.
    return in_order(pd.DataFrame(made, index=range(len(joined))), schema.key_names)


def packed(
    rows: pd.DataFrame,
    keys: Sequence[str],
    place: str,
    length: int,
    vectors: Mapping[str, str],
    sums: Sequence[str] = (),
) -> pd.DataFrame:
    """Long rows (one per key and bin) as one row a key with one array per vector.

    Keys are in the order in which they are first met.

    Args:
        rows: Keys, the bin in ``place``, and one number per vector and sum.
        keys: Names of the key columns.
        place: Column with the index into the vectors; NULL adds to the sums only.
        length: Length of the vectors.
        vectors: Name of a vector -> ``int64`` or ``float64``.
        sums: Columns added up over the bins.
    """
    code = numbered(rows, keys)
    first = np.flatnonzero(np.diff(np.maximum.accumulate(code), prepend=-1))
    made: dict[str, object] = {key: rows[key].take(first).array for key in keys}
    groups = len(first)
    known = rows[place].notna().to_numpy()
    at = code[known] * length + rows[place].to_numpy()[known].astype(np.int64)
    for name, dtype in vectors.items():
        flat = np.zeros(groups * length, dtype=dtype)
        np.add.at(flat, at, rows[name].to_numpy()[known].astype(dtype))
        made[name] = boxed_rows(flat.reshape(groups, length))
    for name in sums:
        values = rows[name].to_numpy()
        added = np.zeros(groups, dtype=np.int64 if values.dtype.kind in "iu" else np.float64)
        np.add.at(added, code, values.astype(added.dtype))
        made[name] = added
    return pd.DataFrame(made)


def boxed_rows(table: np.ndarray) -> pd.Series:
    """Each row of a matrix as one array in a column of objects."""
    column = np.empty(len(table), dtype=object)
    for place, row in enumerate(table):
        column[place] = row
    return pd.Series(column, dtype="object")
