"""The shipped connector, costs and assessment, through one run into the store."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pytest

from valuekit.ledger.schema import FACTS
from valuekit.refresh import refresh
from valuekit.scorecard import from_json
from valuekit.store import open_store
from valuekit.workspace.load import load

NOW = datetime(2026, 3, 1, tzinfo=UTC)

TOML = """
[workspace]
name = "Test"
currency = "EUR"
[sources.lake]
kind = "duckdb"
[models.churn]
title = "Churn"
owner = "a@example.com"
task = "classification"
[models.churn.predictions]
table = "predictions.csv"
id = "id"
time = "at"
score = "p"
segments = ["region"]
[models.churn.outcomes]
table = "outcomes.csv"
on = { id = "id" }
time = "seen"
window = "3d"
label = "kept"
[models.churn.costs]
per_prediction = "0.01"
"""


@pytest.fixture
def folder(tmp_path):
    rows = range(600)
    start = datetime(2026, 1, 1, 12, tzinfo=UTC)
    predictions = pd.DataFrame(
        {
            "id": [f"p{row}" for row in rows],
            "at": [(start + timedelta(days=row // 30)).isoformat() for row in rows],
            "p": [(row * 37 % 100) / 100 for row in rows],
            "region": [("north", "south")[row % 2] for row in rows],
        }
    )
    outcomes = pd.DataFrame(
        {
            "id": predictions["id"],
            "seen": [(start + timedelta(days=row // 30 + 1)).isoformat() for row in rows],
            "kept": [int(row * 53 % 100 < row * 37 % 100) for row in rows],
        }
    )
    predictions.to_csv(tmp_path / "predictions.csv", index=False)
    outcomes.to_csv(tmp_path / "outcomes.csv", index=False)
    (tmp_path / "valuekit.toml").write_text(TOML)
    return tmp_path


def test_files_become_facts_and_a_scorecard_and_a_rerun_changes_nothing(folder):
    loaded = load(folder)
    with open_store(loaded.store_url, create=True) as store:
        outcome = refresh(loaded, store, now=NOW)
        assert outcome.rows_read == 1200
        volume = store.facts("churn", "volume")
        assert volume["predictions"].sum() == volume["labelled"].sum() == 600
        score = store.facts("churn", "score")
        assert sum(vector.sum() for vector in score["n"]) == 600
        by_region = store.facts("churn", "volume", segment="region=north")
        assert by_region["predictions"].sum() == 300
        (layout,) = (one for one in store.registrations("churn") if one.name == "score")
        assert len(layout.content["edges"]) == len(score["n"][0])
        card = from_json(store.scorecards()["churn"])
        assert card.as_of == date(2026, 1, 20)
        assert sum(one.rows for one in card.health.intake) == 1200
        names = ("volume", "score", "cost")
        before = {name: store.facts("churn", name, segment=None) for name in names}
        refresh(loaded, store, now=NOW)
        assert len(store.registrations("churn")) == len(outcome.parts[0].registered)
        for name, frame in before.items():
            again = store.facts("churn", name, segment=None)
            vectors = [one.name for one in FACTS[name].vectors]
            pd.testing.assert_frame_equal(again.drop(columns=vectors), frame.drop(columns=vectors))
            assert all(
                (left == right).all()
                for column in vectors
                for left, right in zip(again[column], frame[column], strict=True)
            )
