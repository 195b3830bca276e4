"""Whatever happens to the sources, a refresh of what changed equals one of everything."""

from __future__ import annotations

import os
from contextlib import closing
from datetime import date, timedelta
from itertools import product
from pathlib import Path
from unittest.mock import patch

import pandas as pd
import pytest

from tests.facts_equal import same
from tests.incremental.kinds import ZONES
from tests.incremental.lake import MODELS, NOW, World, workspace
from valuekit.api import Workspace
from valuekit.ledger.collect import together
from valuekit.store.tables import STORED

SEEDS = int(os.environ.get("VALUEKIT_EDITS", "1"))
STEPS = 6 if SEEDS > 1 else 3
# By default a kind is tried with one file a table or with many; with more seeds, with both.
CASES = [
    pytest.param(kind, single, id=f"{kind}-{'one file' if single else 'many files'}")
    for place, kind in enumerate(MODELS)
    for single in (True, False)
    if SEEDS > 1 or single == (place % 2 == 0)
]


def opened(folder: Path, kind: str, seed: int, *, single: bool) -> World:
    """The sources of a model, of a seed of their own: other kinds see other edits."""
    *_, aware = ZONES.get(kind, ("",))
    own = seed * len(MODELS) + (list(MODELS).index(kind) - 3) % len(MODELS)  # 7: edits of panels
    return World(folder, own, single=single, panel=kind == "panel", aware=aware)


def edited(world: World) -> list[str]:
    """The edits of one step."""
    return [world.edit() for _ in range(int(world.rng.integers(1, 3)) if SEEDS > 1 else 2)]


def held(space: Workspace) -> dict[str, pd.DataFrame]:
    with space.store() as store:
        return {name: store.facts("m", name, segment=None) for name in STORED}


def everything(space: Workspace) -> tuple[dict[str, pd.DataFrame], tuple[date | None, ...]]:
    """All facts from all rows, with what the store has registered.

    The refresh before has looked at the columns, and rows that are held back are no facts.
    """
    with (
        space.store() as store,
        closing(space._connector("m")) as connector,
        patch("connectors.sql.pull.held_back", return_value=[]),
    ):
        known = store.registrations("m")
        connector.told["m"] = ()
        given = connector.pull(space.loaded.workspace, "m", known, lambda _what, _share: None)
    frame = given.first, given.last, given.complete_through
    return together("m", given.facts), frame


@pytest.mark.usefixtures("_facts_alone")
@pytest.mark.parametrize(("kind", "single"), CASES)
@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_refresh_of_what_changed_equals_one_of_everything(tmp_path, kind, single, seed):
    *zones, _ = ZONES.get(kind, ("Europe/Berlin", "UTC", ""))
    space = workspace(tmp_path, MODELS[kind], *zones)
    world = opened(tmp_path, kind, seed, single=single)
    world.write()
    space.refresh(now=NOW)
    scopes = []
    for step in range(STEPS):
        edits = edited(world)
        world.write()
        moment = NOW + timedelta(hours=step + 1)
        outcome = space.refresh(now=moment, accept_gone=True, accept_bad_day=True).parts[0]
        scopes.append(f"{edits}: {outcome.why}")
        facts, frame = everything(space)
        try:
            same(held(space), facts)
            assert (outcome.first, outcome.last, outcome.complete_through) == frame
        except AssertionError as error:
            raise AssertionError(f"step {step}, {scopes}: {error}") from error
    # At least one step was neither idle nor whole, or nothing was tried.
    assert any("days that depend" in scope for scope in scopes), scopes


def test_every_kind_of_edit_is_tried(tmp_path):
    """Of predictions and of outcomes, over all models; of assignments and the panel some."""
    worlds = [opened(tmp_path, kind, 0, single=True) for kind in MODELS]
    tried = {one for world in worlds for _ in range(STEPS) for one in edited(world)}
    kinds = ("end", "late", "delete", "change", "late_day", "repeat", "clash")
    assert tried >= {" ".join(one) for one in product(kinds, "po")} - {"repeat o", "clash o"}
    assert {one.split()[1] for one in tried} == set("poag")
