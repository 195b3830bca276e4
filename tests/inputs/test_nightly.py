"""Mixed defects that arrive one night after three clean years: counts exact, as of a whole run.

The cases of this folder are rehearsed where they stand, see :mod:`tests.inputs.nightly`. Here small
worlds have exact counts from plain Python, and two of sixty come, or change, by night.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

import valuekit.refresh
from tests.inputs.nightly import compare
from tests.inputs.test_mixed import check, frame, text, typed
from tests.inputs.worlds import NOW, How, World, world
from valuekit.api import Workspace
from valuekit.source import Pull

SEEDS = int(os.environ.get("VALUEKIT_EDITS", "1")) * 2
WORLDS = 60
TOML = """
[workspace]
name = "w"
currency = "EUR"
store = "sqlite:///{store}.db"
[workspace.quarantine.rules]
bad_cell = {{ fail = 1.0 }}
[sources.lake]
kind = "duckdb"
timezone = "UTC"
[models.m]
title = "m"
owner = "team@example.com"
task = "{task}"
[models.m.predictions]
table = "p"
id = "id"
time = "time"
{score} = "value"
[models.m.outcomes]
table = "o"
{ids}
on = {{ {key} = "key" }}
time = "time"
window = "2d"
pick = "{how.pick}"
credit = "{how.credit}"
label = "value"
"""


def drawn(seed: int) -> tuple[How, list[World], list[World]]:
    """How rows are judged, the worlds of the first night and those of the second."""
    rng = np.random.default_rng(seed)
    text_, classes, by_id, ids = (bool(one) for one in rng.integers(0, 2, 4))
    pick, credit = str(rng.choice(["first", "last", "sum"])), str(rng.choice(["first", "last"]))
    how = How(seed, 0.3, text_, classes, by_id, ids, pick, credit)
    clean = [world(number, replace(how, rate=0.02), rng) for number in range(WORLDS)]
    spoilt = list(clean)
    for number in (WORLDS - 1, WORLDS - 1 - int(rng.integers(1, 20))):
        spoilt[number] = world(number, how, rng)
    return how, clean[:-1], spoilt


def write(folder: Path, worlds: list[World], how: How) -> None:
    tables = {
        "p": [row for one in worlds for row in one.predictions],
        "o": [row for one in worlds for row in one.outcomes],
    }
    for name, rows in tables.items():
        if how.text:
            ragged = [rule for one in worlds for rule in one.ragged] if name == "p" else []
            (folder / f"{name}.csv").write_text(text(frame(rows), ragged), encoding="utf-8")
        else:
            pq.write_table(typed(frame(rows)), folder / f"{name}.parquet")


def refreshed(folder: Path, how: How, store: str) -> tuple[Workspace, str]:
    """A workspace over the tables after a run, and what that run computed."""
    path = folder / f"{store}.toml"
    score = "score" if how.classes else "predicted"
    task = "classification" if how.classes else "regression"
    ids, key = ('id = "id"' if how.ids else ""), ("id" if how.by_id else "key")
    filled = TOML.format(store=store, how=how, score=score, task=task, ids=ids, key=key)
    path.write_text(filled, encoding="utf-8")
    held = Workspace.load(path)
    return held, held.refresh(now=NOW, full=store == "fresh").parts[0].why


def test_what_comes_by_night_is_judged_as_by_a_whole_run(tmp_path, monkeypatch):
    monkeypatch.setattr(valuekit.refresh, "assess", lambda *_: None)
    monkeypatch.setattr(valuekit.refresh, "to_json", lambda _: "{}")
    monkeypatch.setattr(valuekit.refresh, "plans", lambda *_: ())
    monkeypatch.setattr(valuekit.refresh, "_overviews", lambda *_: {})
    scopes = []
    for seed in range(SEEDS):
        folder = tmp_path / str(seed)
        folder.mkdir()
        how, before, after = drawn(seed)
        write(folder, before, how)
        refreshed(folder, how, "nightly")
        write(folder, after, how)
        shutil.copy(folder / "nightly.db", folder / "fresh.db")  # its bins stay as registered
        nightly, why = refreshed(folder, how, "nightly")
        scopes.append(why)
        check(known(nightly), after, how)
        compare(nightly, refreshed(folder, how, "fresh")[0], "m")
    partial = [one for one in scopes if "days that depend" in one]
    assert len(partial) >= SEEDS / 4, scopes


def known(held: Workspace) -> Pull:
    """What the store has, in the shape of a pull of everything."""
    with held.store() as store:
        last, intake = store.last_of("m"), store.facts("m", "intake")
    rows = int(intake["rows"].sum())
    ends = last.first, last.last, last.complete_through
    return Pull({"intake": intake}, (), (), *ends, rows_read=rows)
