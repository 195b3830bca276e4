"""Rows of a ready-made table judged one by one: what holds each back, and what the others say.

A row is used whole or not at all. Rules are tried in order, so each row that is held back counts
under the first one that it breaks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from valuekit.ready import rows as made_rows
from valuekit.ready.bins import NOWHERE, edges_of, places
from valuekit.ready.keys import keyed
from valuekit.ready.moments import LARGEST, MOST, SURE
from valuekit.ready.names import CELLS, MEASURES, PLACES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from valuekit.workspace.declare import Model
    from valuekit.workspace.ready import DailyTable

ACCEPTED = "accepted"
_ROUNDED = 1e-6  # tables round their sums
_ALONE = frozenset({"duplicate", "unknown_metric", "unknown_arm"})  # nothing else misses these
_SIGNED = frozenset(
    {"sum_e", "sum_y", "sum_f", "mean_y", "value", "outcome_value", "sum_v", "low", "high"}
)  # sums that may be below 0; effect's moments are judged on their own
_COUNTS = frozenset(
    {"predictions", "acted", "labelled", "scored", "latency_n", "quantity", "attempts", "units",
     "n", "matched", "crossed", "nonzero", "zeros", "scaled_n", "bin", *CELLS}
)  # fmt: skip
#: Fact -> (part, whole): a part is never more than its whole.
_WITHIN = {
    "volume": [(one, "predictions") for one in ("acted", "labelled", "scored", "latency_n")],
    "error": [("zeros", "n"), ("scaled_n", "n")],
}


@dataclass(slots=True)
class Judgement:
    """Rows of a table, each with its rule, and the facts that the accepted ones hold.

    Attributes:
        rows: What was read: day, rule of the reader, keys and numbers by their names.
        rule: Rule of each row; ``accepted`` where none is broken.
        column: Name of what breaks it: a key or measure; empty for the whole row.
        keys: Keys of each row, filled in.
        facts: Long rows of the fact, of accepted rows.
        edges: Score: lower edges of the bins.
        rough: Rows whose variance has few sure digits.
        amount: What each row adds to the value of its source.
    """

    rows: pd.DataFrame
    rule: NDArray[np.object_]
    column: NDArray[np.object_]
    keys: pd.DataFrame = field(default_factory=pd.DataFrame)
    facts: pd.DataFrame = field(default_factory=pd.DataFrame)
    edges: tuple[float, ...] = ()
    rough: int = 0
    amount: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))

    @property
    def accepted(self) -> NDArray[np.bool_]:
        """Rows that no rule holds back so far."""
        return np.asarray(self.rule == ACCEPTED, dtype=np.bool_)

    def hold(self, broken: NDArray[np.bool_] | pd.Series, rule: str, column: str) -> None:
        """Hold rows back under a rule, unless another did before."""
        mask = np.asarray(broken, dtype=np.bool_) & self.accepted
        self.rule[mask] = rule
        self.column[mask] = column

    def number(self, name: str) -> NDArray[np.float64]:
        """A column of numbers; NaN where there is none."""
        return self.rows[name].to_numpy(dtype=np.float64, na_value=np.nan)


def judged(
    model: Model, table: DailyTable, rows: pd.DataFrame, edges: tuple[float, ...] = ()
) -> Judgement:
    """Judge the rows of a table and make facts of those that are accepted.

    Args:
        model: The model as declared.
        table: The ready-made table.
        rows: Columns day, rule (empty where the reader found nothing wrong) and one for each name
            of :meth:`~valuekit.workspace.ready.DailyTable.read`: text for keys, numbers else.
        edges: Score: edges that are declared or frozen; without any they are read from the rows.
    """
    start = rows["rule"].where(rows["rule"] != "", ACCEPTED).to_numpy(dtype=object, copy=True)
    found = Judgement(rows, start, np.full(len(rows), "", dtype=object), edges=edges)
    found.amount = np.zeros(len(rows))
    keyed(model, table, found)
    _numbers(table, found)
    if table.fact == "score":
        _bins(table, found)
    make: Callable[[Model, DailyTable, Judgement], pd.DataFrame] = getattr(made_rows, table.fact)
    long = make(model, table, found)
    _repeated(table, found)
    _incomplete(found)
    found.facts = long[found.accepted[long["row"].to_numpy()]].reset_index(drop=True)
    return found


def _numbers(table: DailyTable, found: Judgement) -> None:
    """Numbers that are missing or infinite, counts that are none, parts above their whole."""
    for name in (one for one in table.measured if one in MEASURES[table.fact]):
        value = found.number(name)
        if table.fact == "effect" and name not in _COUNTS:
            continue  # moments: which may be missing depends on n
        found.hold(~(np.abs(value) < LARGEST), "bad_value", name)
        if name in _COUNTS:
            whole = (value >= 0) & (value == np.floor(value)) & (value < MOST)
            found.hold(~whole, "bad_count", name)
        elif name not in _SIGNED:
            found.hold(value < 0, "bad_moments", name)
    for part, whole in _WITHIN.get(table.fact, ()):
        if {part, whole} <= set(table.measured):
            found.hold(found.number(part) > found.number(whole), "bad_count", part)


def _bins(table: DailyTable, found: Judgement) -> None:
    """The bin of each row, in the column ``place``."""
    names = [one for one in PLACES if one in table.mapped]
    if "bin" in names:
        at = np.nan_to_num(found.number("bin"), nan=-1.0)
        place = np.where((at >= 0) & (at < len(found.edges)), at, NOWHERE).astype(np.int64)
    else:
        low = found.number("low")
        high = found.number("high") if "high" in names else None
        if not found.edges and high is not None:
            found.edges = edges_of(low[found.accepted], high[found.accepted])
        place = places(found.edges, low, high)
    found.hold(place == NOWHERE, "bad_bin", ", ".join(names))
    found.rows = found.rows.assign(place=place)
    _within_bins(table, found, place)


def _within_bins(table: DailyTable, found: Judgement, place: NDArray[np.int64]) -> None:
    """The mean score of a bin lies between its edges; the outer bins hold all beyond them."""
    n = found.number("n")
    if "brier" in table.mapped:
        found.hold(found.number("brier") > n * (1 + SURE), "bad_moments", "brier")
    if "sum_p" not in table.mapped or not found.edges:
        return
    total, at = found.number("sum_p"), np.maximum(place, 0)
    edges = np.asarray(found.edges)
    low = np.where(at > 0, edges[at], -np.inf)
    high = np.append(edges[1:], np.inf)[at]
    slack = _ROUNDED * (n + 1)
    outside = (total < n * low - slack) | (total > n * high + slack)
    found.hold((n > 0) & outside, "bad_moments", "sum_p")
    found.hold((n == 0) & (np.abs(total) > slack), "bad_moments", "sum_p")


def identity(table: DailyTable, found: Judgement) -> pd.DataFrame:
    """What a table may have one row of: the day and the keys, a column each."""
    keys = found.keys.assign(day=found.rows["day"])
    for place in range(len(table.segments)):
        keys[f"seg{place}"] = found.rows[f"seg{place}"]
    if table.fact == "score":
        keys["place"] = found.rows["place"]
    return keys


def _repeated(table: DailyTable, found: Judgement) -> None:
    """Rows with the key of another one: equal ones count once, others contradict each other."""
    ok = found.accepted
    there = identity(table, found)[ok]
    twice = there.duplicated(keep=False).to_numpy()
    if not twice.any():
        return
    names = list(dict.fromkeys(name for name, _ in table.read()))
    content = pd.concat([there, found.rows.loc[ok, names].add_prefix("in ")], axis=1)
    same = there[twice].groupby(list(there.columns), dropna=False, sort=False)
    group = same.ngroup().to_numpy()
    distinct = content[twice].drop_duplicates().index
    kinds = np.bincount(group[np.isin(content.index[twice], distinct)], minlength=group.max() + 1)
    at = np.flatnonzero(ok)[twice]
    conflict, again = np.zeros(len(ok), dtype=np.bool_), np.zeros(len(ok), dtype=np.bool_)
    conflict[at] = kinds[group] > 1
    again[at] = content[twice].duplicated().to_numpy()
    found.hold(conflict, "conflicting_duplicate", "")
    found.hold(again, "duplicate", "")


def _incomplete(found: Judgement) -> None:
    """The other rows of a day of which one was held back.

    A day without one of its arms, bins or cells is no smaller day but a wrong one: false alarms
    that are left out make a model look precise. Metrics of a long table stand each for itself.
    """
    lost = ~found.accepted & ~np.isin(found.rule.astype(str), list(_ALONE))
    if not lost.any():
        return
    day = found.rows["day"]
    everything = np.ones(len(lost), dtype=np.bool_)
    if "metric" in found.keys:
        metric = found.keys["metric"]
        both = pd.MultiIndex.from_arrays([day, metric])
        found.hold(both.isin(both[lost & day.notna().to_numpy()]), "incomplete_day", "")
        everything = (metric == "").to_numpy()
    days = day[lost & everything].dropna()
    found.hold(day.isin(days), "incomplete_day", "")
