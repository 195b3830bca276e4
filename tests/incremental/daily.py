"""Predictions and outcomes in a file a day, refreshed once for all tests that begin with them."""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import numpy as np
import pandas as pd

from connectors.files import Files
from tests.facts_equal import same
from tests.incremental.lake import NOW, workspace
from tests.incremental.test_equal import everything, held
from valuekit.api import Workspace

DAYS, EACH, WINDOW = 45, 12, 5
START = datetime(2026, 1, 1)
MODEL = f"""
[models.m]
title = "M"
owner = "owner@example.com"
task = "classification"
[models.m.predictions]
table = "p"
id = "id"
time = "at"
score = "score"
[models.m.outcomes]
table = "o"
id = "oid"
on = {{ id = "pid" }}
time = "when"
window = "{WINDOW}d"
label = "y"
"""


def name(kind: str, number: int) -> object:
    """An id: a number, a text in order, or one in no order at all."""
    if kind == "number":
        return number
    if kind == "text":
        return f"id{number:08d}"
    return str(UUID(int=np.random.default_rng(number).integers(0, 2**62).item() << 60))


class Daily:
    """Predictions and outcomes, a file a day."""

    def __init__(self, folder: Path, kind: str, more: str = "") -> None:
        self.folder, self.kind = folder, kind
        folder.mkdir(exist_ok=True)
        self.space = workspace(folder, f"{MODEL}{more}\n")
        self.ending = "parquet"
        for table in ("p", "o"):
            (folder / "data" / table).mkdir(parents=True)
        for day in range(DAYS):
            self.write(day)

    def copy(self, folder: Path) -> Daily:
        """The same in another folder, with the store."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        made = object.__new__(Daily)
        made.folder, made.kind, made.ending = folder, self.kind, self.ending
        made.space = Workspace.load(folder / "valuekit.toml")
        return made

    def predictions(self, day: int) -> pd.DataFrame:
        numbers = np.arange(day * EACH, (day + 1) * EACH)
        return pd.DataFrame(
            {
                "id": [name(self.kind, int(n)) for n in numbers],
                "at": [START + timedelta(days=day, hours=int(n % EACH)) for n in numbers],
                "score": (numbers % 97) / 97,
            }
        )

    def outcomes(self, day: int) -> pd.DataFrame:
        """Of every second prediction of the day before."""
        numbers = np.arange(max(day - 1, 0) * EACH, max(day - 1, 0) * EACH + (day > 0) * EACH, 2)
        return pd.DataFrame(
            {
                "oid": [name(self.kind, int(n)) for n in numbers],
                "pid": [name(self.kind, int(n)) for n in numbers],
                "when": [START + timedelta(days=day, hours=int(n % EACH)) for n in numbers],
                "y": numbers // 2 % 2,
            }
        )

    def write(self, day: int, table: str = "", *more: pd.DataFrame) -> None:
        for each, made in (("p", self.predictions(day)), ("o", self.outcomes(day))):
            rows = pd.concat([made, *more]) if each == table else made
            if len(rows):
                path = self.folder / "data" / each / f"{day:04d}.parquet"
                rows.to_parquet(path, index=False)

    def as_text(self, table: str) -> Path:
        """Daily text files of a table instead of Parquet ones; their folder."""
        folder, toml = self.folder / "data" / table, self.folder / "valuekit.toml"
        for path in sorted(folder.glob("*.parquet")):
            pd.read_parquet(path).to_csv(path.with_suffix(".csv"), index=False)
            path.unlink()
        toml.write_text(toml.read_text().replace(f'table = "{table}"', f'table = "{table}/*.csv"'))
        self.space = self.space.load(toml)
        return folder

    def refreshed(self, hour: int) -> tuple[str, str]:
        """How much was pulled, and the statements; what is stored equals a pull of everything."""
        part = self.space.refresh(now=NOW + timedelta(hours=hour)).parts[0]
        facts, _ = everything(self.space)
        same(held(self.space), facts)
        return part.why, "\n".join(one.name for one in part.queries)


class Nights:
    """Histories after their first night, made and refreshed once each, and copied for a test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.made: dict[tuple[str, ...], Daily] = {}

    def first(self, folder: Path, kind: str, more: str = "", *texts: str) -> Daily:
        """A copy of such a history.

        Args:
            folder: Of the copy.
            kind: Of ids.
            more: Further keys of the outcomes.
            texts: Tables that are text files.
        """
        key = (kind, more, *texts)
        if key not in self.made:
            one = Daily(self.folder / str(len(self.made)), kind, more)
            for table in texts:
                one.as_text(table)
            one.space.refresh(now=NOW)
            self.made[key] = one
        return self.made[key].copy(folder)


def stamped(files: Files, base: Path) -> dict[str, tuple[str, int]]:
    """Files by size and time of change alone: a copy is the file that it was made from."""
    found = {path: path.stat() for path in files.paths}
    return {
        str(path.relative_to(base)): (f"{one.st_size}-{one.st_mtime_ns}-0-0", one.st_size)
        for path, one in found.items()
    }
