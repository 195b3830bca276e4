"""Scorecards of old runs are given up, but none that somebody may come back to."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pytest
import sqlalchemy as sa

from tests.store.made import NOW, part
from valuekit.scorecard import Decision
from valuekit.store import RunOutcome, Store, tables

KEEP = 20
MODELS = ("churn", "fraud", "leads")


def _run(store: Store, at: datetime, models: tuple[str, ...]) -> int:
    number = store.begin("refresh", {}, at, workspace_hash="abc")
    parts = tuple(
        part(one, facts={}, registered=(), scorecard=f"{one} of {number}") for one in models
    )
    complete = set(models) == set(MODELS)
    store.commit(number, RunOutcome(number, parts, complete, 1.0, keep_days=KEEP), at)
    return number


def _decide(store: Store, run: int, model: str, at: datetime) -> None:
    store.decide(
        Decision(
            model=model, action="keep", reason="it earns", person="Ada", at=at, run=run,
            verdict="keep", net=1.0,
        )
    )  # fmt: skip


def _rows(url: str, table: sa.Table) -> list[tuple[int, str]]:
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        found = connection.execute(sa.select(table.c.run, table.c.model)).all()
    engine.dispose()
    return sorted((run, model) for run, model in found)


@pytest.mark.parametrize("seed", range(3))
def test_what_may_be_asked_for_again_is_there_and_nothing_else(store, url, seed):
    rng = np.random.default_rng(seed)
    at, shown, when = NOW, {}, {}
    decided, reported = [], []
    for turn in range(45):
        at += timedelta(days=float(rng.choice([0.5, 1.0, 2.0, 4.0])))
        every = turn == 0 or rng.random() < 0.6
        some = tuple(one for one in MODELS if every or rng.random() < 0.5) or MODELS[:1]
        run = _run(store, at, some)
        shown[run], when[run] = store.scorecards(), at
        if rng.random() < 0.15:
            decided.append((run, str(rng.choice(MODELS))))
            _decide(store, *decided[-1], at)
        if rng.random() < 0.1:
            reported.append(run)
            store.note_report("all", "portfolio", "csv", run, b"x", at=at)
    recent = [run for run in when if when[run] >= at - timedelta(days=KEEP)]
    for run in [*recent, *reported]:
        assert store.scorecards(run) == shown[run]
    for run, model in decided:
        assert store.scorecards(run)[model] == shown[run][model]
    wanted = {card for run in [*recent, *reported] for card in shown[run].values()}
    wanted |= {shown[run][model] for run, model in decided}
    made = {f"{one} of {run}": (one, run) for run in when for one in MODELS}
    known = {card for cards in shown.values() for card in cards.values()}
    months = {}
    for card in sorted(known, key=lambda text: made[text][1]):
        model, run = made[card]
        months[model, when[run].year, when[run].month] = card
    wanted |= set(months.values())
    kept, asked = (_rows(url, one) for one in (tables.scorecards, tables.statements))
    assert {f"{model} of {run}" for run, model in kept} == wanted
    assert kept == asked
    assert len(wanted) < len(known)  # some were given up
    for run in when:  # as of an old run there is what was shown, or nothing
        assert store.scorecards(run).items() <= shown[run].items()


def test_without_a_declared_time_nothing_is_given_up(store):
    at = NOW
    for turn in range(5):
        at += timedelta(days=40 * turn)
        number = store.begin("refresh", {}, at, workspace_hash="abc")
        store.commit(number, RunOutcome(number, (part(facts={}),), True, 1.0), at)
    assert all(store.scorecards(run) and store.queries(run, "churn") for run in range(1, 6))
