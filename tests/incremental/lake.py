"""A small lake that is edited at random: models of every kind over the same tables."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from valuekit.api import Workspace

NOW = datetime(2026, 12, 1, 6, tzinfo=UTC)
START = datetime(2026, 1, 1)
LAST = 300


def workspace(folder: Path, models: str, zone: str = "Europe/Berlin") -> Workspace:
    (folder / "valuekit.toml").write_text(
        f"""
[workspace]
name = "Edits"
currency = "EUR"
timezone = "{zone}"
[sources.lake]
kind = "duckdb"
path = "data"
timezone = "UTC"
{models}
"""
    )
    (folder / "data").mkdir(exist_ok=True)
    return Workspace.load(folder / "valuekit.toml")


HEAD = """
[models.m]
title = "m"
owner = "a@example.com"
task = "{task}"
[models.m.predictions]
table = "p"
id = "id"
time = "at"
"""
MODELS = {
    # key = prediction id, label, segments
    "label": (
        HEAD.format(task="classification")
        + """
score = "score"
acted = "acted"
version = "v"
segments = ["seg"]
[models.m.outcomes]
table = "o"
on = {{ id = "pid" }}
time = "when"
window = "5d"
label = "y"
""".replace("{{", "{").replace("}}", "}")
    ),
    # units from predictions, key = unit, pick sum
    "units": (
        HEAD.format(task="classification")
        + """
score = "score"
unit = "unit"
arm = "arm"
acted = "acted"
[models.m.outcomes]
table = "o"
on = { unit = "unit" }
time = "when"
window = "4d"
pick = "sum"
[models.m.metrics.spend]
column = "x"
already_money = true
[[models.m.evidence]]
design = "holdout"
control = "control"
"""
    ),
    # units through their predictions, credit split
    "through": (
        HEAD.format(task="ranking")
        + """
unit = "unit"
arm = "arm"
[models.m.outcomes]
table = "o"
on = { key = "key" }
time = "when"
window = "3d"
credit = "split"
pick = "first"
[models.m.metrics.spend]
column = "x"
already_money = true
[[models.m.evidence]]
design = "holdout"
control = "control"
"""
    ),
    # credit and pick over customers with a longer window
    "credit": (
        HEAD.format(task="regression")
        + """
predicted = "score"
[models.m.outcomes]
table = "o"
on = { unit = "unit" }
time = "when"
window = "9d"
credit = "first"
pick = "first"
label = "x"
"""
    ),
    # assignments, repeat customers
    "repeat": (
        HEAD.format(task="classification")
        + """
unit = "unit"
score = "score"
[models.m.assignments]
table = "a"
unit = "unit"
arm = "arm"
time = "at"
[models.m.outcomes]
table = "o"
on = { unit = "unit" }
time = "when"
window = "4d"
pick = "sum"
[models.m.metrics.spend]
column = "x"
already_money = true
[[models.m.evidence]]
design = "holdout"
control = "control"
repeat = true
"""
    ),
    # forecasts with weekly season
    "forecast": (
        HEAD.format(task="forecast")
        + """
predicted = "score"
target_time = "target"
series = "series"
[models.m.outcomes]
table = "o"
on = { series = "series", target = "when" }
label = "x"
"""
    ),
}


class World:
    """Source tables that are edited at random and written by month, as files of a lake are."""

    def __init__(self, folder: Path, seed: int, *, single: bool, last: int = LAST) -> None:
        self.folder, self.rng, self.single = folder, np.random.default_rng(seed), single
        self.next, self.last = 0, last
        self.tables = {"p": self.predictions(range(last)), "o": self.outcomes(range(last))}
        self.tables["a"] = self.assignments(range(last))

    def _times(self, days: np.ndarray) -> list[datetime]:
        seconds = self.rng.integers(0, 86_400, len(days))
        return [
            START + timedelta(days=int(d), seconds=int(s))
            for d, s in zip(days, seconds, strict=True)
        ]

    def _arms(self, units: np.ndarray) -> np.ndarray:
        """Nearly always the same arm for a unit."""
        other = self.rng.random(len(units)) < 0.004
        return np.where((units % 2 == 0) ^ other, "control", "treated")

    def _ids(self, n: int) -> list[str]:
        made = [f"i{self.next + k}" for k in range(n)]
        self.next += n
        return made

    def predictions(self, days: range, per_day: int = 3) -> pd.DataFrame:
        rng, n = self.rng, len(days) * per_day
        on = rng.choice(list(days), n)
        times = self._times(on)
        series = rng.choice(["s1", "s2", "s3"], n)
        units = rng.integers(0, 400, n)
        return pd.DataFrame(
            {
                "id": self._ids(n),
                "at": times,
                "unit": [f"u{k}" for k in units],
                "key": [f"k{k}" for k in rng.integers(0, 60, n)],
                "score": np.round(rng.random(n), 2),
                "acted": rng.random(n) < 0.5,
                "arm": self._arms(units),
                "v": rng.choice(["v1", "v2"], n),
                "seg": rng.choice(["north", "south"], n),
                "series": series,
                "target": [
                    t.date() + timedelta(days=int(h))
                    for t, h in zip(times, rng.integers(1, 8, n), strict=True)
                ],
            }
        )

    def outcomes(self, days: range, per_day: int = 3) -> pd.DataFrame:
        rng, n = self.rng, len(days) * per_day
        on = rng.choice(list(days), n)
        known = [f"i{k}" for k in rng.integers(0, max(self.next, 1), n)]
        return pd.DataFrame(
            {
                "pid": known,
                "unit": [f"u{k}" for k in rng.integers(0, 420, n)],
                "key": [f"k{k}" for k in rng.integers(0, 65, n)],
                "series": rng.choice(["s1", "s2", "s3", "s4"], n, p=[0.4, 0.3, 0.2, 0.1]),
                "when": self._times(on),
                "y": rng.integers(0, 2, n),
                "x": np.round(rng.gamma(1.0, 20.0, n), 2),
            }
        )

    def assignments(self, days: range, per_day: int = 1) -> pd.DataFrame:
        rng, n = self.rng, len(days) * per_day
        on, units = rng.choice(list(days), n), rng.integers(0, 400, n)
        return pd.DataFrame(
            {
                "unit": [f"u{k}" for k in units],
                "arm": self._arms(units),
                "at": self._times(on),
            }
        )

    def edit(self) -> str:
        """One of: new rows at the end, late rows, deletions, corrections, repeated ids."""
        rng = self.rng
        name = rng.choice(["p", "o", "a"], p=[0.45, 0.45, 0.1])
        table, make = (
            self.tables[name],
            {"p": self.predictions, "o": self.outcomes, "a": self.assignments}[name],
        )
        when = {"p": "at", "o": "when", "a": "at"}[name]
        recent = np.flatnonzero(table[when] > START + timedelta(days=self.last - 80))
        kind = rng.choice(["end", "late", "delete", "change", "repeat", "late_day"])
        if kind == "end":
            last = int((table[when].max() - START).days)
            table = pd.concat([table, make(range(last, min(last + 2, self.last + 30)), 4)])
        elif kind == "late":
            day = int(rng.integers(self.last - 100, self.last))
            table = pd.concat([table, make(range(day, day + 1), 2)])
        elif kind == "late_day":
            table = pd.concat([table, make(range(self.last - 2, self.last + 1), 2)])
        elif kind == "delete":
            table = table.drop(index=rng.choice(recent, 3, replace=False))
        elif kind == "change":
            table = table.copy()
            column = {"p": "score", "o": "x", "a": "arm"}[name]
            chosen = rng.choice(recent, 2, replace=False)
            value = "treated" if name == "a" else round(float(rng.random()), 2)
            table.iloc[chosen, table.columns.get_loc(column)] = value
        elif name == "p":
            row = table.iloc[[int(rng.choice(recent))]].copy()
            row[when] = row[when] + timedelta(days=int(rng.integers(0, 4)))
            if rng.random() < 0.5:
                row["score"] = 0.123
            table = pd.concat([table, row])
        self.tables[name] = table.reset_index(drop=True)
        return f"{kind} {name}"

    def write(self) -> None:
        """Write the tables: one file each, or a file a fortnight, only those that changed."""
        for name, table in self.tables.items():
            when = {"p": "at", "o": "when", "a": "at"}[name]
            if self.single:
                self._file(table, self.folder / "data" / f"{name}.parquet")
                continue
            folder = self.folder / "data" / name
            part = ((table[when] - START).dt.days // 14).to_numpy()
            wanted = set()
            for number in sorted(set(part.tolist())):
                path = folder / f"{number:03d}.parquet"
                wanted.add(path)
                self._file(table[part == number], path)
            for path in set(folder.glob("*.parquet")) - wanted:
                path.unlink()

    def _file(self, table: pd.DataFrame, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(".new")
        table.to_parquet(fresh, index=False)
        if path.exists() and path.read_bytes() == fresh.read_bytes():
            fresh.unlink()
        else:
            fresh.replace(path)
