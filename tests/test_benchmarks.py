"""The facts of the benchmark: pulled and hand-written ones are the same numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.agreement import agree
from benchmarks.by_hand import pull_by_hand
from benchmarks.facts import pull_facts
from benchmarks.generate import Made, generate

ROWS = 20_000


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A small version of the benchmark's tables."""
    folder: Path = tmp_path_factory.mktemp("benchmark")
    return generate(folder, ROWS)


def test_hand_written_and_pulled_facts_agree(made: Made) -> None:
    agree(pull_facts(made), pull_by_hand(made))


def test_every_prediction_and_outcome_is_counted(made: Made) -> None:
    pull = pull_facts(made)
    assert int(pull.facts["volume"]["predictions"].sum()) == ROWS
    assert pull.rows_read == ROWS + ROWS // 5


def test_a_different_number_is_noticed(made: Made) -> None:
    pull, hand = pull_facts(made), pull_by_hand(made)
    hand.facts["confusion"].loc[0, "n"] += 1
    with pytest.raises(AssertionError, match="confusion"):
        agree(pull, hand)
