"""Pages say how old the oldest of their figures are, and of whom the last refresh failed."""

from __future__ import annotations

import datetime as dt

from streamlit.testing.v1 import AppTest

from tests.dashboard.conftest import text_of
from tests.factories import scorecards
from valuekit.scorecard import to_json
from valuekit.store import open_store
from valuekit.store.records import ModelOutcome, RunOutcome

CARDS = scorecards()[:2]


def titles(app: AppTest) -> str:
    return " ".join(one.proto.title for one in app.warning)


def test_a_run_of_one_model_makes_the_others_no_younger(fill, pages):
    now = dt.datetime.now(dt.UTC)
    path = fill(CARDS, at=now - dt.timedelta(days=5), fail="predictions: no such table")
    old, young = CARDS
    with open_store(f"sqlite:///{path.parent}/valuekit.db") as store:
        asked = {"models": [young.model]}
        run = store.begin("refresh", asked, now, workspace_hash="feed" * 16)
        part = ModelOutcome(young.model, {}, to_json(young))
        store.commit(run, RunOutcome(run, (part,), complete=False), now)
    shown = text_of(pages(path).app)
    assert f"refreshed 5 days ago ({old.title}) to just now" in shown
    assert f"The last refresh of {old.title} failed (run 2, 5 days ago): its figures" in shown
    # Every figure of a model names the run that made it, and so does a decision on it.
    for card, number in ((old, 1), (young, 3)):
        told = text_of(pages(path).open("model", model=card.model))
        assert f"**Run:** {number}" in told
        assert f"**Run:** {4 - number}" not in told
        behind = pages(path).open("model", model=card.model, section="Provenance").table[0]
        assert ("feedfeedfeed" in behind.value.to_string()) == (card is young)
    # The banner of old figures names their age as well, though the last run is new.
    assert "Some figures are 5 days old" in titles(pages(path).app)
    with open_store(f"sqlite:///{path.parent}/valuekit.db") as store:
        run = store.begin("refresh", {"models": [old.model]}, now)
        part = ModelOutcome(old.model, {}, to_json(old))
        store.commit(run, RunOutcome(run, (part,), complete=False), now)
    app = pages(path).app
    assert "refreshed just now" in text_of(app)
    assert "The last refresh" not in text_of(app)
    assert "5 days old" not in titles(app)
