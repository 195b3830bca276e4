"""The cap of a holdout's metric: registered once, by whichever run first has units enough."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
import pytest

from connectors.sql import caps
from tests.facts_equal import same
from tests.incremental.lake import LAST, MODELS, NOW, START, World, workspace
from tests.incremental.test_equal import everything, held

pytestmark = pytest.mark.usefixtures("_facts_alone")


def registered(space):
    with space.store() as store:
        return [one for one in store.registrations("m") if one.kind == caps.CAP]


def test_a_cap_is_registered_by_the_run_that_has_units_enough(tmp_path, monkeypatch):
    space = workspace(tmp_path, MODELS["units"])
    world = World(tmp_path, 5, single=False)
    served = world.tables["p"]
    served = served[served["at"] >= START + timedelta(days=20)]  # outcomes begin before
    world.tables["p"] = served
    world.write()
    monkeypatch.setattr(caps, "UNITS", served["unit"].nunique() + 2)
    space.refresh(now=NOW)
    assert registered(space) == []

    why = []
    for step in range(3):
        more = world.predictions(range(LAST - 1 + step, LAST + step), 4)
        more["unit"] = [f"new{step}-{place}" for place in range(len(more))]
        world.tables["p"] = pd.concat([world.tables["p"], more], ignore_index=True)
        world.write()
        outcome = space.refresh(now=NOW + timedelta(hours=step + 1), accept_gone=True).parts[0]
        why.append(outcome.why)
        facts, _ = everything(space)
        same(held(space), facts)
        (cap,) = registered(space)
        assert cap.content["cap"] > 0
    assert why[0] == "everything: a cap can be registered now"
    assert all("days that depend" in one for one in why[1:])
    effect = held(space)["effect"]
    assert (effect["mean_z"] < effect["mean_y"]).any()
