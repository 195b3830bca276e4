"""A small lake that is edited at random: models of every kind over the same tables."""

from __future__ import annotations

from copy import copy, deepcopy
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd

from tests.incremental.kinds import MODELS
from valuekit.api import Workspace

__all__ = ["LAST", "MODELS", "NOW", "START", "World", "workspace"]

NOW = datetime(2026, 12, 1, 6, tzinfo=UTC)
START = datetime(2026, 1, 1)
LAST = 300
WHEN = {"p": "at", "o": "when", "a": "at", "g": "when"}
VALUE = {"p": "score", "o": "x", "a": "arm", "g": "x"}


def workspace(
    folder: Path, models: str, zone: str = "Europe/Berlin", source: str = "UTC"
) -> Workspace:
    (folder / "valuekit.toml").write_text(
        f"""
[workspace]
name = "Edits"
currency = "EUR"
timezone = "{zone}"
[sources.lake]
kind = "duckdb"
path = "data"
timezone = "{source}"
{models}
"""
    )
    (folder / "data").mkdir(exist_ok=True)
    return Workspace.load(folder / "valuekit.toml")


class World:
    """Source tables that are edited at random and written by fortnight, as files of a lake are.

    Args:
        folder: Of the workspace file.
        seed: Of rows and edits.
        single: Whether each table is one file.
        panel: Whether there is a panel too.
        aware: A zone in which times of outcomes are written, with their offset; empty for none.
        last: Number of days.
    """

    def __init__(
        self,
        folder: Path,
        seed: int,
        *,
        single: bool,
        panel: bool = False,
        aware: str = "",
        last: int = LAST,
    ) -> None:
        self.folder, self.rng, self.single = folder, np.random.default_rng(seed), single
        self.aware = aware
        self.written: dict[Path, pd.DataFrame] = {}
        self.next, self.last = 0, last
        self.tables = {"p": self.predictions(range(last)), "o": self.outcomes(range(last))}
        self.tables["a"] = self.assignments(range(last))
        if panel:
            self.tables["g"] = self.groups(range(last))

    def copy(self, folder: Path) -> Self:
        """The same in another folder, into which the files of this one were copied."""
        made = copy(self)
        made.folder, made.rng, made.tables = folder, deepcopy(self.rng), dict(self.tables)
        made.written = {folder / one.relative_to(self.folder): t for one, t in self.written.items()}
        return made

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
                "date": [one.date() for one in times],
                "unit": [f"u{k}" for k in units],
                "key": [f"k{k}" for k in rng.integers(0, 60, n)],
                "score": np.round(rng.random(n), 2),
                "other": np.round(rng.random(n) * 40, 2),
                "high": np.round(rng.random(n) * 60, 2),
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
        times = self._times(on)
        x = np.round(rng.gamma(1.0, 20.0, n), 2)
        return pd.DataFrame(
            {
                "oid": [f"o{k}" for k in rng.integers(0, 10**9, n)],
                "pid": known,
                "unit": [f"u{k}" for k in rng.integers(0, 420, n)],
                "key": [f"k{k}" for k in rng.integers(0, 65, n)],
                "series": rng.choice(["s1", "s2", "s3", "s4"], n, p=[0.4, 0.3, 0.2, 0.1]),
                "when": times,
                "date": [one.date() for one in times],
                "y": rng.integers(0, 2, n),
                "x": x,
                "some": np.where(np.round(x * 100) % 3 == 0, np.nan, x),
                "rare": np.where(np.round(x * 100) % 2 == 0, np.nan, x + 1),
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

    def groups(self, days: range, per_day: int = 3) -> pd.DataFrame:
        rng, n = self.rng, len(days) * per_day
        group = rng.integers(0, 4, n)
        return pd.DataFrame(
            {
                "group": [f"g{k}" for k in group],
                "when": self._times(rng.choice(list(days), n)),
                "treated_from": [date(2026, 6, 1) if k < 2 else None for k in group],
                "x": np.round(rng.gamma(1.0, 20.0, n), 2),
            }
        )

    def edit(self) -> str:
        """One of: new rows at the end, late rows, deletions, corrections, ids again, two arms."""
        rng = self.rng
        share = {"p": 0.4, "o": 0.4, "a": 0.1, "g": 0.1}
        weights = np.array([share[one] for one in self.tables])
        name = rng.choice(list(self.tables), p=weights / weights.sum())
        table, when = self.tables[name], WHEN[name]
        make = {
            "p": self.predictions, "o": self.outcomes, "a": self.assignments, "g": self.groups
        }[name]  # fmt: skip
        recent = np.flatnonzero(table[when] > START + timedelta(days=self.last - 80))
        kind = rng.choice(["end", "late", "delete", "change", "repeat", "late_day", "clash"])
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
            column = VALUE[name]
            chosen = rng.choice(recent, 2, replace=False)
            value = "treated" if name == "a" else round(float(rng.random()), 2)
            table.iloc[chosen, table.columns.get_loc(column)] = value
        elif name == "p" and kind == "clash":
            table = pd.concat([table, self._clashing(table.iloc[rng.choice(recent, 4)])])
        elif name == "p":
            row = table.iloc[[int(rng.choice(recent))]].copy()
            row[when] = row[when] + timedelta(days=int(rng.integers(0, 4)))
            row["date"] = row[when].dt.date
            if rng.random() < 0.5:
                row["score"] = 0.123
            table = pd.concat([table, row])
        self.tables[name] = table.reset_index(drop=True)
        return f"{kind} {name}"

    def _clashing(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Other predictions of the same units and times in the other arm, and copies of some."""
        other = np.where(rows["arm"] == "treated", "control", "treated")
        made = rows.assign(id=self._ids(len(rows)), arm=other)
        later = made["at"] + pd.to_timedelta(self.rng.integers(-2, 3, len(rows)), unit="D")
        copies = made.assign(at=later, date=later.dt.date)
        return pd.concat([made, copies[self.rng.random(len(rows)) < 0.5]])

    def write(self) -> None:
        """Write the tables: one file each, or a file a fortnight, only those that changed."""
        for name, table in self.tables.items():
            when = WHEN[name]
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
        table = table.reset_index(drop=True)
        if path.exists() and table.equals(self.written.get(path)):
            return
        self.written[path] = table
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(".new")
        if self.aware and "oid" in table:
            table = table.assign(when=table["when"].dt.tz_localize("UTC").dt.tz_convert(self.aware))
        table.to_parquet(fresh, index=False)
        if path.exists() and path.read_bytes() == fresh.read_bytes():
            fresh.unlink()
        else:
            fresh.replace(path)
