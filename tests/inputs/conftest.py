"""A workspace that was measured once, copied for each test that spoils it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.inputs.lake import TOML, Lake, outcomes, predictions, text
from tests.inputs.nightly import Nights


@pytest.fixture(scope="session")
def good(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """The workspace after its good run; tests copy it."""
    lake = Lake(tmp_path_factory.mktemp("good"))
    lake.data.mkdir()
    lake.path.write_text(TOML, encoding="utf-8")
    lake.write(predictions=text(predictions()), outcomes=text(outcomes()))
    made = lake.refresh()
    assert made.findings == ()
    assert lake.rules("predictions") == {"accepted": 40}
    assert lake.rules("outcomes") == {"credited": 40}
    return lake


# Where rows are spoilt, not whole tables: cases that a refresh of some days can meet. The others
# are rehearsed too when VALUEKIT_NIGHTS is set.
REHEARSED = {"test_identity", "test_numbers", "test_time"}


@pytest.fixture(scope="session")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Nights:
    """The clean rows, behind a year of others."""
    tables = {"predictions": predictions(), "outcomes": outcomes()}
    return Nights(tmp_path_factory.mktemp("nights"), tables)


@pytest.fixture
def lake(good: Lake, nights: Nights, tmp_path: Path, request: pytest.FixtureRequest) -> Lake:
    """A workspace of its own, measured once."""
    shutil.copytree(good.folder, tmp_path / "w")
    rehearsed = request.module.__name__.rpartition(".")[2] in REHEARSED
    return Lake(tmp_path / "w", nights if rehearsed or "VALUEKIT_NIGHTS" in os.environ else None)
