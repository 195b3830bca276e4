"""The facts of the benchmark: pulled and hand-written ones are the same numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.agreement import agree
from benchmarks.assess import DAYS, MODELS, declared, kind_of, milliseconds, score
from benchmarks.books import MAKERS, book
from benchmarks.by_hand import pull_by_hand
from benchmarks.facts import pull_facts
from benchmarks.generate import Made, generate
from valuekit.assess import assess

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


def test_every_kind_of_model_is_scored_and_says_something() -> None:
    workspace = declared(20)
    kinds = {kind_of(number): f"m{number}" for number in range(20)}
    assert set(kinds) == set(MAKERS)
    for kind, name in kinds.items():
        card = assess(workspace, name, book(workspace, name, kind, 90, 1))
        if kind != "panel":
            assert card.period("all").value.known, kind
    holdouts = sum(kind_of(number) in {"holdout", "arms", "repeat"} for number in range(MODELS))
    assert (MODELS, DAYS) == (200, 365)
    assert holdouts > MODELS / 2


def test_scoring_is_timed_by_model() -> None:
    found = score(2, 40)
    assert found.models == 2
    assert found.cpu > 0
    assert [kind for kind, _ in milliseconds(found)] == ["holdout"]
