"""Predictions that name two arms at one time come by night: held back, and back when they go."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta

import pandas as pd

from tests.facts_equal import same
from tests.incremental.lake import MODELS, NOW, World, workspace
from valuekit.api import Workspace
from valuekit.ledger.collect import together
from valuekit.store.tables import STORED

RULE = "conflicting_arms"


def _counts(space: Workspace) -> dict[str, int]:
    with space.store() as store:
        rows = store.facts("m", "intake", segment=None).query("source == 'predictions'")
    summed: dict[str, int] = rows[rows["rows"] > 0].groupby("rule")["rows"].sum().to_dict()
    return summed


def _equals_everything(space: Workspace) -> None:
    with space.store() as store, closing(space._connector("m")) as connector:
        known = store.registrations("m")
        given = connector.pull(space.loaded.workspace, "m", known, lambda _what, _share: None)
        same({name: store.facts("m", name, segment=None) for name in STORED},
             together("m", given.facts))  # fmt: skip


def test_two_arms_at_one_time_are_held_back_while_they_are_there(tmp_path):
    space = workspace(tmp_path, MODELS["units"])
    world = World(tmp_path, 3, single=False)
    clean = world.tables["p"].drop_duplicates(["unit", "at"])
    world.tables["p"] = clean
    world.write()
    space.refresh(now=NOW)
    assert _counts(space) == {"accepted": len(clean)}
    begun = clean.groupby("unit")["at"].transform("min")
    rows = clean[(clean["at"] == begun) & (begun > begun.max() - timedelta(days=80))].iloc[-4:]
    other = ["control" if one == "treated" else "treated" for one in rows["arm"]]
    more = rows.assign(id=[f"n{i}" for i in range(4)], arm=other)
    copy = more.iloc[:2].assign(at=lambda x: x["at"] + timedelta(days=1))
    copy = copy.assign(date=copy["at"].dt.date)
    world.tables["p"] = pd.concat([clean, more, copy]).reset_index(drop=True)
    world.write()
    outcome = space.refresh(now=NOW + timedelta(hours=1)).parts[0]
    assert "days that depend" in outcome.why
    assert _counts(space) == {"accepted": len(clean) - 4, RULE: 8, "duplicate": 2}
    _equals_everything(space)
    (told,) = [one for one in outcome.findings if one.code == RULE and "held back" in one.rule]
    assert told.rows == 8
    with space.store() as store:
        kept = [one.row for one in store.quarantine("m", RULE)]
    assert {one.reference for one in kept} == {f"id {i}" for i in [*rows["id"], *more["id"]]}
    assert {one.column for one in kept} == {"arm"}
    world.tables["p"] = clean
    world.write()
    space.refresh(now=NOW + timedelta(hours=2))
    assert _counts(space) == {"accepted": len(clean)}
    _equals_everything(space)
