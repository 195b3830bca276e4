"""The simulations run, print what they promise, and are the same for the same seed."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from benchmarks.simulations.__main__ import KEPT, main, names
from benchmarks.simulations.table import Row, mean, printed, share


@pytest.mark.parametrize(
    "module", ["did", "holdout", "interrupted", "multiple", "repeat", "sequence", "skew"]
)
def test_a_few_repetitions_are_the_same_twice(module: str) -> None:
    run = importlib.import_module(f"benchmarks.simulations.{module}").run
    rows = run(8, 3)
    assert rows == run(8, 3)
    assert {row.seed for row in rows} == {3}
    assert all(row.low <= row.high and row.repetitions > 0 for row in rows)
    assert module in names()


def test_a_missed_promise_is_said_and_fails(capsys: pytest.CaptureFixture[str]) -> None:
    kept, missed = share("kept", 95, 100, 0.94, 0.96, 1), share("lost", 50, 100, 0.94, 0.96, 1)
    text = printed([kept, missed])
    assert text.count("MISSED") == 1
    assert kept.error == pytest.approx(0.0218, abs=1e-4)
    one = mean("m", [1.0, 2.0, 3.0], 1.0, 3.0, 1)
    assert (one.figure, one.error) == (2.0, pytest.approx(1 / 3**0.5))
    assert Row("edge", 0.937, 0.002, 0.94, 0.96, 100, 1).met  # two Monte-Carlo errors are allowed
    assert main(["multiple", "--repetitions", "80"]) == 0
    assert "3 of 3 promises met" in capsys.readouterr().out


def test_the_table_is_kept_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "SIMULATIONS.md"
    monkeypatch.setattr("benchmarks.simulations.__main__.KEPT", kept)
    monkeypatch.setattr("benchmarks.simulations.__main__.names", lambda: ["multiple"])
    assert main(["--write", "--repetitions", "80", "--seed", "4"]) == 0
    text = kept.read_text(encoding="utf-8")
    assert "seed 4" in text
    assert "3 of 3 promises met" in text
    assert text.count("| met |") == 3
    with pytest.raises(SystemExit):
        main(["multiple", "--write"])
    assert "name no modules" in capsys.readouterr().err


def test_the_kept_table_has_every_module_and_names_what_it_is_about() -> None:
    text = KEPT.read_text(encoding="utf-8")
    for name in names():
        module = importlib.import_module(f"benchmarks.simulations.{name}")
        assert str(module.__doc__).splitlines()[0].rstrip(".") in text, name
    assert "MISSED" not in text
