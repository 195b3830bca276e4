"""Ready-made rows of the fact ``effect``: sums of outcomes as means and co-moments."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from valuekit.ledger.schema import MOMENT_AXES
from valuekit.ready.moments import (
    LARGEST,
    MOST,
    SURE,
    from_cubes,
    from_products,
    from_squares,
    from_variance,
    of_shares,
    squared,
)
from valuekit.ready.names import PAIRS, axes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from valuekit.ready.judge import Judgement
    from valuekit.workspace.declare import Model
    from valuekit.workspace.ready import DailyTable, ReadyEffect

    Floats = NDArray[np.float64]

_COUNTS = ("units", "n", "matched", "acted", "crossed", "nonzero")


def effect(model: Model, table: DailyTable, found: Judgement) -> pd.DataFrame:
    """A row of the fact for each metric that a row of the table holds."""
    from valuekit.workspace.ready import ReadyEffect

    assert isinstance(table, ReadyEffect)  # noqa: S101  the only table of this fact
    parts = []
    for name in table.holds(model):
        if "metric" in table.mapped:
            about = (found.keys["metric"] == name).to_numpy()
        else:
            about = np.ones(len(found.rows), dtype=np.bool_)
        one = _Metric(model, table, found, name, about)
        parts.append(one.rows())
        if name == model.primary_metric:
            found.amount = np.where(about & np.isfinite(one.total), one.total, 0.0)
    return pd.concat(parts, ignore_index=True)


class _Metric:
    """One metric of every row: its counts and moments, judged."""

    def __init__(
        self,
        model: Model,
        table: ReadyEffect,
        found: Judgement,
        name: str,
        about: NDArray[np.bool_],
    ) -> None:
        self.table, self.found, self.about = table, found, about
        self.name, self.metric = name, model.metrics[name]
        self.there = table.measures(name)
        self.own = table.metrics.get(name, {})
        self.unknown = model.facts is not None and model.facts.absent == "unknown"
        if model.outcomes is not None:
            self.unknown = model.outcomes.absent == "unknown"
        self.counts = self._counts()
        counted = self.counts["n"]
        self.n = np.where(np.isfinite(counted) & (counted > 0), counted, 0.0)
        self.means: dict[str, Floats] = {}
        self.second: dict[str, Floats] = {}
        self._levels()
        self._spreads()
        self._products()
        self.total = self.n * self.means["y"]

    def rows(self) -> pd.DataFrame:
        """Rows of the fact, of the rows of the table that are about this metric."""
        made = self.found.keys.assign(
            day=self.found.rows["day"], row=np.arange(len(self.found.rows)), metric=self.name
        )
        for place in range(len(self.table.segments)):
            made[f"seg{place}"] = self.found.rows[f"seg{place}"]
        for name in _COUNTS:
            made[name] = self.counts.get(name, np.zeros(len(made)))
        for axis in MOMENT_AXES:
            made[f"mean_{axis}"] = self.means.get(axis, 0.0)
        for pair in PAIRS:
            made[f"c_{pair}"] = self.second.get(pair, 0.0)
        made["m3_y"] = self._third()
        made["mean_z"] = self.means.get("z", self.means["y"])
        made["c_zz"] = self.second.get("zz", self.second["yy"])
        return made[self.about].reset_index(drop=True)

    def _given(self, name: str) -> Floats:
        """A measure of the metric; 0 where nothing was measured."""
        value = self._read(name)
        nothing = (self.n <= 0) if not name.startswith(("sd", "variance")) else (self.n <= 1)
        value = np.where(nothing & np.isnan(value), 0.0, value)
        fine = np.abs(value) < LARGEST  # not of NaN either
        self._hold(~fine, "bad_value", name)
        return np.where(fine, value, 0.0)

    def _read(self, name: str) -> Floats:
        return self.found.number(f"{self.name} {name}" if name in self.own else name)

    def _hold(self, broken: NDArray[np.bool_], rule: str, name: str) -> None:
        said = f"{self.name} {name}" if name in self.own else name
        self.found.hold(broken & self.about, rule, said)

    def _counts(self) -> dict[str, Floats]:
        found = {name: self._read(name) for name in _COUNTS if name in self.there}
        for name, value in found.items():
            self._hold(~np.isfinite(value), "bad_value", name)
            whole = (value >= 0) & (value == np.floor(value)) & (value < MOST)
            self._hold(~whole, "bad_count", name)
        if "n" not in found:
            found["n"] = found["matched"] if self.unknown else found["units"]
        order = [name for name in ("nonzero", "matched", "n", "units") if name in found]
        pairs = [*pairwise(order), ("acted", "units"), ("crossed", "units")]
        for part, whole in pairs:
            if {part, whole} <= set(found):
                at = part if part in self.there else whole
                self._hold(found[part] > found[whole], "bad_count", at)
        return found

    def _levels(self) -> None:
        for axis in self._axes():
            if f"mean_{axis}" in self.there:
                self.means[axis] = np.where(self.n > 0, self._given(f"mean_{axis}"), 0.0)
                continue
            total = self._given(f"sum_{axis}")
            self._hold((self.n <= 0) & (total != 0), "bad_moments", f"sum_{axis}")
            self.means[axis] = np.divide(total, self.n, out=np.zeros_like(total), where=self.n > 0)

    def _axes(self) -> tuple[str, ...]:
        spoken = axes(self.there)
        return (*spoken, "z") if {"mean_z", "sum_z"} & set(self.there) else spoken

    def _total(self, axis: str) -> Floats:
        if f"sum_{axis}" in self.there:
            return self._given(f"sum_{axis}")
        return self.n * self.means[axis]

    def _spreads(self) -> None:
        if self.metric.kind == "proportion":
            self._ones()
        for axis in self._axes():
            self._spread(axis)

    def _ones(self) -> None:
        """Units that are 0 or 1: their sum is a count, and says how they vary."""
        name = "sum_y" if "sum_y" in self.there else "mean_y"
        ones = self._total("y")
        whole = np.round(ones)
        tolerance = 0.0 if name == "sum_y" else SURE * np.maximum(self.n, 1.0)
        self._hold(np.abs(ones - whole) > tolerance, "bad_count", name)
        self._hold((whole < 0) | (whole > self.n), "bad_count", name)
        if "matched" in self.counts:
            self._hold(whole > self.counts["matched"], "bad_count", name)
        self.counts.setdefault("nonzero", whole)
        self.second["yy"], self.cubes = of_shares(self.n, whole)

    def _spread(self, axis: str) -> None:
        square, n = axis * 2, self.n
        if f"c_{square}" in self.there:
            c = self._given(f"c_{square}")
            self._hold(c < 0, "bad_moments", f"c_{square}")
            self.second[square] = np.maximum(c, 0.0)
            return
        for name in (f"sum_{square}", f"variance_{axis}", f"sd_{axis}"):
            if name not in self.there:
                continue
            value = self._given(name)
            if name.startswith("sum"):
                made = from_squares(n, self._total(axis), value)
            else:
                self._hold(value < 0, "bad_moments", name)
                variance = value**2 if name.startswith("sd") else value
                made = from_variance(n, variance, self.table.ddof)
            self._hold(made.impossible, "bad_moments", name)
            self._hold(made.lost, "lost_digits", name)
            self.found.rough += int((made.rough & self.about & self.found.accepted).sum())
            self.second[square] = made.c

    def _products(self) -> None:
        """Co-moments of two axes; none is larger than the spreads of both allow."""
        spoken = axes(self.there)
        for pair in PAIRS:
            a, b = pair[0], pair[1]
            if a == b or not {a, b} <= set(spoken):
                continue
            name = f"c_{pair}" if f"c_{pair}" in self.there else f"sum_{pair}"
            value = self._given(name)
            if name.startswith("sum"):
                value = from_products(self.n, self._total(a), self._total(b), value)
            limit = np.sqrt(self.second[a * 2] * self.second[b * 2])
            size = np.sqrt(
                squared(self.n, self.means[a], self.second[a * 2])
                * squared(self.n, self.means[b], self.second[b * 2])
            )
            self._hold(np.abs(value) > limit * (1 + SURE) + SURE * size, "bad_moments", name)
            self.second[pair] = np.where(self.n > 1, value, 0.0)

    def _third(self) -> Floats:
        if "m3_y" in self.there:
            return self._given("m3_y")
        if "sum_yyy" in self.there:
            squares = (
                self._given("sum_yy")
                if "sum_yy" in self.there
                else squared(self.n, self.means["y"], self.second["yy"])
            )
            return from_cubes(self.n, self._total("y"), squares, self._given("sum_yyy"))
        if self.metric.kind == "proportion":
            return self.cubes
        return np.zeros(len(self.n))
