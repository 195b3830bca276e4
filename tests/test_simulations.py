"""The simulations run, print what they promise, and are the same for the same seed."""

from __future__ import annotations

import importlib

import pytest

from benchmarks.simulations.__main__ import main, names
from benchmarks.simulations.table import Row, mean, printed, share


@pytest.mark.parametrize(
    "module", ["did", "holdout", "interrupted", "multiple", "repeat", "sequence"]
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
