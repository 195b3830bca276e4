"""Paths at which no store can be, and disks without room for one: told as what they are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.commands import run
from tests.cli.conftest import TOML, write
from tests.faults import rooms


def at(folder: Path, store: str) -> Path:
    path = write(folder)
    path.write_text(TOML.replace("currency", f'store = "sqlite:///{store}"\ncurrency', 1))
    return path


def told(verb: str, path: Path) -> str:
    """What a verb that fails says; the doctor's points as they are before they are folded."""
    done = run(verb, "-w", str(path), "--json")
    assert done.returncode == 1
    content = json.loads(done.stdout)
    points = content.get("points", content.get("findings"))
    assert points
    return " ".join(str(value) for one in points for value in one.values())


@pytest.mark.parametrize("verb", ["refresh", "show", "doctor"])
def test_a_folder_that_is_missing(tmp_path: Path, verb: str) -> None:
    path = at(tmp_path, f"{tmp_path}/none at all/values.db")
    said = told(verb, path)
    assert "the folder of the store does not exist" in said
    assert "mkdir -p" in said
    assert "may only be read" not in said
    (tmp_path / "none at all").mkdir()
    assert run("refresh", "-w", str(path)).returncode == 0


@pytest.mark.parametrize("verb", ["refresh", "show", "doctor"])
def test_a_path_that_is_a_folder(tmp_path: Path, verb: str) -> None:
    (tmp_path / "values").mkdir()
    path = at(tmp_path, f"{tmp_path}/values")
    said = told(verb, path)
    assert "the path of the store is a folder, not a file" in said
    assert "valuekit.db" in said
    assert "there is no store yet" not in said


@pytest.mark.skipif(not rooms.can_mount(), reason="needs the right to mount a small disk")
def test_the_doctor_of_a_full_disk_names_the_disk_and_no_right(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    with rooms.small_disk(tmp_path, 4) as small:
        path = at(tmp_path / "work", f"{small}/values.db")
        assert run("refresh", "-w", str(path)).returncode == 0
        rooms.fill(small, 0)
        said = told("doctor", path)
        assert "no room left on its disk" in said
        assert "the right to write" not in said
