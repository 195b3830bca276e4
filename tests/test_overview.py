"""What a run stores of all models together is what their scorecards add up to."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

import valuekit.refresh
from tests import factories
from tests.incremental.lake import MODELS, NOW, World, workspace
from valuekit import overview
from valuekit.api import Workspace
from valuekit.overview import PERIODS, from_json, to_json
from valuekit.portfolio import portfolio
from valuekit.scorecard import ToDate
from valuekit.source import Registered
from valuekit.store import tables

CARDS = factories.scorecards()


@pytest.mark.parametrize("name", PERIODS)
def test_it_survives_the_store_and_is_the_portfolio(name):
    made = overview.overview(CARDS, name)
    assert from_json(to_json(made)) == made
    assert made.portfolio == portfolio(CARDS, name)
    for line, card in zip(made.lines, CARDS, strict=True):
        held = card.period(name)
        assert (line.model, line.title, line.action) == (
            card.model, card.title, card.verdict.action,
        )  # fmt: skip
        assert (line.net, line.low, line.high) == (
            (held.net.value, held.net.low, held.net.high) if held else (None, None, None)
        )
        assert line.roi == (held.roi.value if held else None)
        assert (line.estimate("EUR") is None) == (line.net is None)
    with pytest.raises(ValidationError):
        from_json(b'{"portfolio": {}}')


@settings(max_examples=60)
@given(st.lists(st.dictionaries(st.integers(0, 30), st.integers(-99, 99), max_size=8), max_size=4))
def test_cumulative_net_is_that_of_each_day(histories):
    """Day by day and card by card: the last known point carries on."""
    start = date(2026, 1, 1)
    cards = [
        replace(
            CARDS[0],
            to_date=tuple(
                ToDate(start + timedelta(days=day), net, net - 2.0, net + 3.0)
                for day, net in sorted(points.items())
            ),
        )
        for points in histories
    ]
    found = portfolio(cards, "all").to_date
    days = sorted({one.day for card in cards for one in card.to_date})
    assert [one.day for one in found] == days
    for one in found:
        last = [[p for p in card.to_date if p.day <= one.day] for card in cards]
        there = [points[-1] for points in last if points]
        net = sum(point.net for point in there)
        assert one.net == pytest.approx(net)
        assert one.low == pytest.approx(net - (4.0 * len(there)) ** 0.5)
        assert one.high == pytest.approx(net + (9.0 * len(there)) ** 0.5)


@pytest.fixture
def two(tmp_path, monkeypatch) -> Workspace:
    """Two models over one lake; their cards are given, their facts are real."""
    models = MODELS["label"] + MODELS["label"].replace("models.m", "models.n")
    space = workspace(tmp_path, models)
    World(tmp_path, 3, single=True).write()
    nets = {"m": 0, "n": 0}

    def assess(_workspace, model, _book):
        nets[model] += 1
        return replace(CARDS[nets[model] % 3], model=model, title=f"{model} {nets[model]}")

    monkeypatch.setattr(valuekit.refresh, "assess", assess)
    return space


def stored(space: Workspace, name: str) -> bytes | None:
    with space.store() as store:
        return store.overview(name)


@pytest.mark.parametrize("name", PERIODS)
def test_after_runs_of_all_and_of_some_models_it_is_that_of_the_cards_shown(two, name):
    two.refresh(now=NOW)
    two.refresh(["n"], now=NOW + timedelta(hours=1))
    cards = tuple(two.scorecards().values())
    assert [card.title for card in cards] == ["m 1", "n 2"]
    held = stored(two, name)
    assert held is not None
    assert from_json(held) == overview.overview(cards, name)
    shown = two.portfolio(name)
    assert replace(shown, holdouts=()) == portfolio(cards, name)
    assert shown.holdouts == two.holdouts.status()


def test_a_failed_run_and_a_registration_leave_it(two, monkeypatch):
    two.refresh(now=NOW)
    before = stored(two, "year")
    monkeypatch.setattr(valuekit.refresh, "assess", None)
    with pytest.raises(TypeError):
        two.refresh(full=True, now=NOW + timedelta(hours=1))
    with two.store() as store:
        one = Registered("m", "holdout", "spend", {"start": "2027-01-01"}, date(2026, 12, 1))
        store.register([one], {}, datetime.now(UTC))
    assert stored(two, "year") == before is not None


@pytest.mark.parametrize(
    "change",
    [
        sa.delete(tables.overviews),
        sa.update(tables.overviews).values(content=b"x\x9c\xab\xae\x05\x00\x01u\x00\xf9"),  # {}
        sa.update(tables.runs).values(valuekit_version="0.0.1"),
    ],
    ids=["an older store", "another shape", "another version"],
)
def test_without_a_fitting_one_the_cards_are_added_up(two, change):
    two.refresh(now=NOW)
    expected = two.overview("quarter")
    with two.store() as store, store._writing() as connection:
        connection.execute(change)
    assert two.overview("quarter") == expected
