"""Addresses take the names of periods that the terminal has; the checklist says what is true."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.dashboard.conftest import text_of
from tests.factories import scorecards


@pytest.mark.parametrize(
    ("asked", "label"), [("month", "Last 4 weeks"), ("quarter", "Last quarter")]
)
def test_a_period_by_the_terminals_name(fill, pages, asked, label):
    app = pages(fill()).visit(period=asked)
    assert app.session_state["period"] == label
    assert f"{label}, " in text_of(app) or f"{label} of each" in text_of(app)


def test_a_period_that_is_not_there_is_said(fill, pages):
    assert "There is no period decade" in text_of(pages(fill()).visit(period="decade"))


def test_the_checklist_says_what_is_true(fill, pages):
    card = scorecards()[0]
    drifts = tuple(replace(one, alert=True) for one in card.degradation.drifts)
    assert drifts
    card = replace(
        card,
        grade="D",
        degradation=replace(card.degradation, drifts=drifts),
        verdict=replace(card.verdict, flips=True, next_step="First log the `unit`."),
    )
    text = text_of(pages(fill([card])).open("review", model=card.model))
    assert "The scores have drifted" in text
    assert "The scores have not drifted" not in text
    assert "The value is not measured (grade D)" in text
    assert "The advice changes" in text
    assert "First log the 'unit'" in text
    assert "look here" not in text
