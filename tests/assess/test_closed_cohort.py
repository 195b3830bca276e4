"""Customers who come back long after the last of them was assigned: their money counts on."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.facts_equal import same
from valuekit.api import Workspace
from valuekit.store.tables import STORED

DECLARED = """
[workspace]
name = "Shop"
currency = "EUR"
[sources.lake]
kind = "duckdb"
path = "data"
timezone = "UTC"
[models.club]
title = "Club"
owner = "a@example.com"
task = "ranking"
[models.club.assignments]
table = "a.csv"
unit = "u"
arm = "arm"
time = "at"
[models.club.outcomes]
table = "o.csv"
on = { u = "u" }
time = "at"
window = "3d"
[models.club.metrics.spend]
column = "spend"
already_money = true
[[models.club.evidence]]
design = "holdout"
metric = "spend"
control = "control"
repeat = true
"""
FIRST, ASSIGNED, LAST = pd.Timestamp("2026-01-05"), 10, 60
NOW = datetime(2026, 6, 1, tzinfo=UTC)


def _tables() -> tuple[pd.DataFrame, pd.DataFrame]:
    rng = np.random.default_rng(4)
    n = 900
    a = pd.DataFrame({"u": np.arange(n), "arm": rng.choice(["control", "treated"], n)})
    a["at"] = FIRST + pd.to_timedelta(rng.integers(0, ASSIGNED * 24, n), unit="h")
    o = a.loc[a.index.repeat(5)].reset_index(drop=True)
    o["at"] += pd.to_timedelta(rng.integers(1, (LAST - ASSIGNED) * 24, len(o)), unit="h")
    o["spend"] = (rng.gamma(2, 5, len(o)) + 2 * (o["arm"] == "treated")).round(2)
    return a, o[["u", "at", "spend"]]


def _write(folder: Path, a: pd.DataFrame, o: pd.DataFrame) -> None:
    (folder / "data").mkdir(parents=True, exist_ok=True)
    a.to_csv(folder / "data" / "a.csv", index=False)
    o.to_csv(folder / "data" / "o.csv", index=False)
    (folder / "valuekit.toml").write_text(DECLARED)


def test_money_counts_to_the_last_complete_day_night_by_night(tmp_path: Path) -> None:
    a, o = _tables()
    for day in (20, 35, LAST + 1):
        _write(tmp_path / "nightly", a, o[o["at"] < FIRST + timedelta(days=day)])
        made = Workspace.load(tmp_path / "nightly" / "valuekit.toml")
        made.refresh(now=NOW + timedelta(days=day))
    card = made.scorecard("club")
    through = o["at"].max().normalize() - timedelta(days=3)
    assert pd.Timestamp(card.health.mature_through) == through
    held = o[o["at"] < through + timedelta(days=1)]
    per_unit = held.groupby("u")["spend"].sum().reindex(a["u"], fill_value=0.0)
    means = per_unit.groupby(a["arm"].to_numpy()).mean()
    effect = card.evidence[0].effect.value
    assert effect == pytest.approx(means["treated"] - means["control"], rel=1e-9)

    shutil.copytree(tmp_path / "nightly" / "data", tmp_path / "once" / "data")
    shutil.copy(tmp_path / "nightly" / "valuekit.toml", tmp_path / "once")
    once = Workspace.load(tmp_path / "once" / "valuekit.toml")
    once.refresh(now=NOW)
    with made.store() as ours, once.store() as theirs:
        stored = [
            {name: one.facts("club", name, segment=None) for name in STORED}
            for one in (ours, theirs)
        ]
    same(*stored)
