"""Merge rows of a fact by the rule of each column: the algebra that makes facts additive.

Per group: N = sum n, mu = sum n mu_i / N, C_ab = sum [C_ab,i + n_i da_i db_i] and
M3 = sum [M3_i + 3 d_i M2_i + n_i d_i^3], where d_i = mu_i - mu. These are the pairwise formulas
of Chan, Golub & LeVeque (1983) and Pebay (2008) for many parts at once; a row with n = 0 is the
identity. Merging is associative and commutative up to rounding, exactly so for counts and
Decimals.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from valuekit.errors import Finding, ValuekitError
from valuekit.ledger.add import add_decimals, add_vectors, largest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from valuekit.ledger.schema import Column, Fact

# Rows that differ in one of these keys never merge: adding them up would mix layouts, pool over
# changes of allocation, add different quantities, or count the same rows twice.
APART: frozenset[str] = frozenset(
    {"layout", "epoch", "metric", "forecaster", "level", "feature", "currency", "figure"}
)
_APART_IN: dict[str, frozenset[str]] = {"maturity": frozenset({"basis"})}


class _Groups(NamedTuple):
    codes: np.ndarray  # row -> group
    size: int  # number of groups
    order: np.ndarray  # rows sorted by group, stable

    def add(self, values: np.ndarray) -> np.ndarray:
        """Sums per group, in the dtype of the values."""
        total = np.zeros(self.size, dtype=values.dtype)
        np.add.at(total, self.codes, values)
        return total


def merge(fact: Fact, frame: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """One row per distinct value of ``by``, each measure merged by its rule.

    Args:
        fact: The fact.
        frame: Conformed rows, or the result of an earlier merge.
        by: Columns to keep apart: keys of the fact, or labels that the caller added, such as a
            week. Empty for one row over everything.

    Returns:
        The columns of ``by`` followed by all measures, ordered by ``by``. No rows in, no rows out.

    Raises:
        ValuekitError: when rows would merge across a layout, an epoch or another key that keeps
            its rows apart, across segment names, ``all`` with a segment, or for a fact whose
            rows are append-only.
    """
    names = list(by)
    _refuse(fact, frame, names)
    columns = [*names, *(one.name for one in fact.measures)]
    if frame.empty:
        return frame.reindex(columns=columns).reset_index(drop=True)
    groups, result = _group(frame, names)
    for one in fact.measures:
        result[one.name] = _measure(fact, frame, one, groups)
    return pd.DataFrame(result, columns=columns)


def _group(frame: pd.DataFrame, names: list[str]) -> tuple[_Groups, dict[str, object]]:
    if not names:
        return _Groups(np.zeros(len(frame), dtype=np.intp), 1, np.arange(len(frame))), {}
    grouped = frame.groupby(names, sort=True, observed=True, dropna=False)
    codes = grouped.ngroup().to_numpy(dtype=np.intp)
    order: np.ndarray = np.argsort(codes, kind="stable")
    starts = order[np.flatnonzero(np.diff(codes[order], prepend=-1))]
    firsts = frame[names].iloc[starts].reset_index(drop=True)
    groups = _Groups(codes, len(starts), order)
    return groups, {name: firsts[name] for name in names}


def _measure(
    fact: Fact,
    frame: pd.DataFrame,
    one: Column,
    groups: _Groups,
) -> object:
    rule = one.rule.split(":")[0]
    if rule == "max":
        return largest(frame[one.name], groups.codes, groups.size)
    if rule != "sum":
        return _moment(fact, frame, one, groups)
    if one.dtype == "decimal":
        return add_decimals(frame[one.name], groups.codes, groups.size)
    if one.dtype in {"ints", "floats"}:
        return add_vectors(fact, one, frame[one.name], groups.order, groups.codes, groups.size)
    return groups.add(frame[one.name].to_numpy())


def _moment(fact: Fact, frame: pd.DataFrame, one: Column, groups: _Groups) -> np.ndarray:
    kind, weight, *axes = one.rule.split(":")
    n = frame[weight].to_numpy(dtype="float64")
    values = frame[one.name].to_numpy(dtype="float64")
    if kind == "mean":
        return _mean(n, values, groups)
    a = _deltas(frame, n, axes[0], groups)
    if kind == "comoment":
        b = a if axes[0] == axes[1] else _deltas(frame, n, axes[1], groups)
        return groups.add(np.where(n > 0, values + n * a * b, 0.0))
    second = frame[_second(fact, weight, axes[0])].to_numpy(dtype="float64")
    return groups.add(np.where(n > 0, values + 3 * a * second + n * a**3, 0.0))


def _mean(n: np.ndarray, mean: np.ndarray, groups: _Groups) -> np.ndarray:
    # Measured from the first non-empty row of the group: no digits are lost to a large mean.
    origin = np.zeros(groups.size)
    filled = groups.order[n[groups.order] > 0][::-1]
    origin[groups.codes[filled]] = mean[filled]
    total = groups.add(n)
    moved = groups.add(np.where(n > 0, n * (mean - origin[groups.codes]), 0.0))
    return origin + moved / np.where(total > 0, total, 1.0)


def _deltas(frame: pd.DataFrame, n: np.ndarray, axis: str, groups: _Groups) -> np.ndarray:
    mean = frame[f"mean_{axis}"].to_numpy(dtype="float64")
    return np.where(n > 0, mean - _mean(n, mean, groups)[groups.codes], 0.0)


def _second(fact: Fact, weight: str, axis: str) -> str:
    rule = f"comoment:{weight}:{axis}:{axis}"
    return next(one.name for one in fact.measures if one.rule == rule)


def _refuse(fact: Fact, frame: pd.DataFrame, by: list[str]) -> None:
    if any(one.rule == "append" for one in fact.measures):
        raise _refusal(fact, "content", "rows are append-only and never merge", ())
    for name in sorted(APART | _APART_IN.get(fact.name, frozenset())):
        if name in fact.key_names and name in frame.columns and name not in by:
            values = frame[name].unique().tolist()
            if len(values) > 1:
                raise _refusal(fact, name, f"rows never merge across {name}", values)
    if "segment" in frame.columns and "segment" not in by:
        values = sorted({str(one).partition("=")[0] for one in frame["segment"].unique()})
        if len(values) > 1:
            raise _refusal(
                fact, "segment", "`all` and the values of different segments overlap", values
            )


def _refusal(fact: Fact, name: str, rule: str, values: Sequence[object]) -> ValuekitError:
    return ValuekitError(
        Finding(
            place=f"ledger.{fact.name}.{name}",
            value=", ".join(str(value) for value in values[:5]),
            rule=rule,
            remedy=f"Select one, or merge by {name} as well.",
            code="merge_refused",
        )
    )
