"""The facts of the benchmark: pulled and hand-written ones are the same numbers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import incremental, long_store, store
from benchmarks.agreement import agree
from benchmarks.assess import DAYS, MODELS, declared, kind_of, milliseconds, score
from benchmarks.books import MAKERS, book
from benchmarks.by_hand import pull_by_hand
from benchmarks.facts import pull_facts
from benchmarks.generate import Made, generate
from valuekit.api import Workspace
from valuekit.assess import assess
from valuekit.portfolio import portfolio

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


def test_the_store_of_many_models_is_what_its_parts_are(tmp_path: Path) -> None:
    made = long_store.make(tmp_path, models=6, days=300, full=4)
    assert set(made.sizes) == {kind_of(number) for number in range(4)}
    assert all(day >= month > 0 for day, month in made.sizes.values())
    found = store.measure(made, 300)
    space = Workspace.load(tmp_path / "valuekit.toml")
    assert space.loaded.workspace == declared(6)
    cards = space.scorecards()
    assert len(cards) == 6
    assert replace(space.portfolio("year"), holdouts=()) == portfolio(tuple(cards.values()), "year")
    with space.store() as held:
        assert len(held.surveys()) == len(held.last_of_each()) == 6
        assert [len(held.facts(f"m{at}", "intake")) for at in range(6)] == [600] * 6
    spent = (found.warm, found.cold, found.cards, found.restart, found.kept, found.plans)
    assert all(one.wall > 0 for one in spent)


def test_what_a_new_day_takes_whatever_its_rows_is_not_what_its_rows_cost() -> None:
    one = incremental.Compared((20.0, 22.0), (3.0, 3.4, 9.0), (2.0, 2.0, 2.0), 30, 900)
    few = replace(one, new_days=(2.5, 2.7, 2.6))
    assert one.shares == pytest.approx((1 / 0.7, 1.4 / 0.7, 7 / 0.7))
    assert one.share == pytest.approx(2.0)
    assert one.beyond(few) == pytest.approx((3.4 - 2.6) / 0.7)


def test_scoring_is_timed_by_model() -> None:
    found = score(2, 40)
    assert found.models == 2
    assert found.cpu > 0
    assert [kind for kind, _ in milliseconds(found)] == ["holdout"]
