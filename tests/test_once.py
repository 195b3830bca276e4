"""A folder that is filled once, whoever asks and however often making it failed before."""

from __future__ import annotations

from multiprocessing import get_context
from pathlib import Path

import pytest

from tests.once import once


def test_it_is_made_once_and_anew_after_a_failure(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tmp_path_factory, "getbasetemp", lambda: tmp_path / "worker")
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw0")

    def made(folder: Path) -> None:
        with (tmp_path / "made").open("a") as noted:
            noted.write("x")
        (folder / "file").touch()
        assert (tmp_path / "made").read_text() != "x", "the first time"

    with pytest.raises(AssertionError, match="the first time"):
        once(tmp_path_factory, "thing", made)
    context = get_context("fork")
    asking = [context.Process(target=once, args=(tmp_path_factory, "thing", made)) for _ in "123"]
    for one in asking:
        one.start()
    for one in asking:
        one.join()
    assert [one.exitcode for one in asking] == [0, 0, 0]
    folder = once(tmp_path_factory, "thing", made)
    assert folder == tmp_path / "once-thing"
    assert [one.name for one in folder.iterdir()] == ["file"]
    assert (tmp_path / "made").read_text() == "xx"
