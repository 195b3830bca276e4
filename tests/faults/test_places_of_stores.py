"""Paths at which no store can be, and disks without room for one: told as what they are."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.commands import run
from tests.faults import rooms
from tests.faults.conftest import at


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


@pytest.mark.parametrize("empty", [False, True], ids=["gone", "empty"])
def test_a_store_that_is_gone_is_not_begun_anew_in_silence(
    own: Path, tmp_path: Path, empty: bool
) -> None:
    path = own
    backup, store = tmp_path / "values.bak", tmp_path / "values.db"
    assert run("backup", str(backup), "-w", str(path)).returncode == 0
    for one in tmp_path.glob("values.db*"):
        if not one.name.endswith(".lock"):
            one.unlink()
    if empty:
        store.touch()
    for words in ("refresh", "show", "quarantine", "doctor"):
        said = told(words, path)
        assert "there was a store here" in said
        assert "valuekit restore FILE" in said
    assert not store.exists() or not store.stat().st_size
    assert run("restore", str(backup), "-w", str(path)).returncode == 0
    assert run("refresh", "-w", str(path)).returncode == 0
    for one in tmp_path.glob("values.db*"):  # begun anew, as the words say
        one.unlink()
    assert run("refresh", "-w", str(path)).returncode == 0


@pytest.mark.parametrize("damage", ["text", "cut", "changed"])
def test_a_damaged_backup_makes_no_store(own: Path, tmp_path: Path, damage: str) -> None:
    """Else the next refresh would begin anew in silence, over the store that was to come back."""
    path, kept = own, tmp_path / "kept.bak"
    said = run("backup", str(kept), "-w", str(path))
    assert "SHA-256 of its content: " in said.stdout
    for one in tmp_path.glob("values.db*"):
        one.unlink()
    good = kept.read_bytes()
    if damage == "text":
        kept.write_text("id,amount\n" * 300)
    elif damage == "cut":
        kept.write_bytes(good[: len(good) // 2])
    else:
        with closing(sqlite3.connect(kept)) as file, file:
            file.execute("UPDATE runs SET rows_read = rows_read + 1")
    done = run("restore", str(kept), "-w", str(path))
    assert done.returncode == 1
    assert f"error: {kept}: " in done.stderr
    assert "older backup" in done.stderr or "Name a file that `valuekit backup` made" in done.stderr
    assert not list(tmp_path.glob("values.db*"))
    kept.write_bytes(good)
    done = run("restore", str(kept), "-w", str(path))
    assert done.returncode == 0, done.stderr
    assert said.stdout.splitlines()[-1].rpartition(" ")[2] in done.stdout


def test_an_empty_file_is_no_backup(tmp_path: Path) -> None:
    path = at(tmp_path, f"{tmp_path}/values.db")
    (tmp_path / "none.bak").touch()
    done = run("restore", str(tmp_path / "none.bak"), "-w", str(path))
    assert (done.returncode, "the file is empty" in done.stderr) == (1, True)
