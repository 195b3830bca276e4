"""Temporary folders: removed with their process, however it went, and nobody else's."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from valuekit.scratch import Scratch

HOLDER = """
import sys
from valuekit.scratch import Scratch
made = Scratch()
(made.path / "rows").write_bytes(b"x" * 1000)
print(made.path, flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def _base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


def holder(base: Path) -> tuple[subprocess.Popen[str], Path]:
    """A process that holds a folder until it is ended."""
    made = subprocess.Popen(
        [sys.executable, "-c", HOLDER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(base)},
    )
    assert made.stdout is not None
    return made, Path(made.stdout.readline().strip())


def end(process: subprocess.Popen[str], how: int) -> None:
    """End a process of ours."""
    process.send_signal(how)
    process.communicate()
    assert process.returncode == -how


def test_what_a_killed_process_left_goes_with_the_next_and_a_living_one_keeps_its_own(tmp_path):
    (killed, left), (living, used) = holder(tmp_path), holder(tmp_path)
    end(killed, signal.SIGKILL)
    assert (left / "rows").exists()
    with Scratch() as mine:
        assert mine.parent == left.parent == used.parent == tmp_path
        assert not left.exists()
        assert (used / "rows").exists()
    assert not mine.exists()
    end(living, signal.SIGKILL)
    Scratch().remove()
    assert list(tmp_path.iterdir()) == []


def test_folders_of_one_process_stay_apart():
    first, second = Scratch(), Scratch()
    assert first.path != second.path
    assert first.path.is_dir()
    assert second.path.stat().st_mode & 0o077 == 0
    first.remove()
    first.remove()
    assert not first.path.exists()
    assert second.path.is_dir()
    second.remove()


def test_what_is_not_ours_stays(tmp_path):
    """A folder without a mark, one being made, a link to a marked one, a file of such a name."""
    (tmp_path / "valuekit-plain").mkdir()
    (tmp_path / "valuekit-made").mkdir()
    (tmp_path / "valuekit-made" / ".valuekit-in-use-new").touch()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / ".valuekit-in-use").touch()
    (tmp_path / "valuekit-link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "valuekit-file").write_text("x")
    before = sorted(tmp_path.rglob("*"))
    Scratch().remove()
    assert sorted(tmp_path.rglob("*")) == before


def test_the_mark_goes_last(tmp_path, monkeypatch):
    """What is half removed is found by the next."""
    one = Scratch()
    for name in ("a", "z", ".a"):
        (one.path / name).write_text("x")
    (one.path / "below").mkdir()
    (one.path / "below" / "c").write_text("x")

    def killed(*_args, **_more):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("pathlib.Path.unlink", killed)
        with pytest.raises(KeyboardInterrupt):
            one.remove()
    assert (one.path / ".valuekit-in-use").exists()
    one.remove()
    assert list(tmp_path.iterdir()) == []


def test_no_locks_no_mark(tmp_path, monkeypatch):
    """A file system without locks: the folder is made, used, and never taken for a left one."""

    def refuses(handle: int, how: int) -> None:
        raise OSError

    with monkeypatch.context() as patched:
        patched.setattr("fcntl.flock", refuses)
        one = Scratch()
    Scratch().remove()
    assert one.path.is_dir()
    one.remove()
    assert list(tmp_path.iterdir()) == []
