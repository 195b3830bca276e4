from __future__ import annotations

from dataclasses import replace

import pytest

from dashboard import words
from tests.factories import scorecards
from valuekit.period_words import headline


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (1.0, 9e9, "earned"),
        (-9e9, 9e9, "probably earned"),
        (None, None, "earned"),
    ],
)
def test_a_range_around_zero_is_only_probably_earned(low, high, said):
    card = scorecards()[0]
    held = card.period("year")
    held = replace(held, net=replace(held.net, value=7_000.0, low=low, high=high))
    assert headline(card, held) == f"{card.title} {said} €7.00k after costs"


def test_a_loss_within_its_range_is_only_probable_too():
    card = scorecards()[0]
    held = card.period("year")
    held = replace(held, net=replace(held.net, value=-7_000.0, low=-9e9, high=9e9))
    assert headline(card, held).endswith("probably cost €7.00k more than it earned")


@pytest.mark.parametrize(
    ("actions", "said"),
    [
        (["keep", "keep"], "Every verdict is to keep."),
        (
            ["not enough evidence"] * 2,
            "Every verdict is “not enough evidence”: no decision can rest on that.",
        ),
        (["keep", "not enough evidence", "keep"], "Verdicts: 2 keep and 1 not enough evidence."),
        ([], "No model has a verdict yet."),
    ],
)
def test_no_decision_is_asked_for_other_reasons_than_that_all_is_well(actions, said):
    assert words.none_asks(actions) == said
