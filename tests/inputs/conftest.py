"""A workspace that was measured once, copied for each test that spoils it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.inputs.lake import TOML, Lake, outcomes, predictions, text


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


@pytest.fixture
def lake(good: Lake, tmp_path: Path) -> Lake:
    """A workspace of its own, measured once."""
    shutil.copytree(good.folder, tmp_path / "w")
    return Lake(tmp_path / "w")
