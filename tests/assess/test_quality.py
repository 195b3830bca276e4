from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from tests.assess import cases
from tests.bookkeeping import FIRST
from valuekit.assess import assess

MATURE_LAST = FIRST + timedelta(days=89)
FEEDBACK = {
    "outcomes": {"table": "o", "on": {"u": "u"}, "time": "t", "window": "10d", "label": "left"},
    "metrics": {"y": {"column": "y", "already_money": True}},
    "evidence": [{"design": "holdout", "control": "control"}],
    "predictions": {"table": "p", "id": "id", "time": "at", "unit": "u", "score": "p",
                    "acted": "called"},
}  # fmt: skip


def with_keys(made, **keys):
    facts = dict(made.facts)
    for name in ("score", "confusion"):
        parts = [facts[name].assign(**{k: v for k, v in one.items() if k in facts[name].columns})
                 for one in keys["rows"]]  # fmt: skip
        facts[name] = pd.concat(parts, ignore_index=True)
    return type(made)(facts, made.registered, made.first, made.last, made.complete_through,
                      made.as_of)  # fmt: skip


@pytest.fixture(scope="module")
def table():
    return cases.scored()


def auc(rows):
    rows = rows[rows["day"] <= MATURE_LAST]
    return roc_auc_score(rows["label"] == "1", rows["p"])


def leading(card):
    return next(one for one in card.accuracy.figures if one.key == card.accuracy.headline)


def test_a_classifier_is_judged_on_all_mature_labelled_rows(table):
    declared = cases.payoff_workspace()
    card = assess(declared, "m", cases.payoff_book(declared, table))
    assert leading(card).estimate.value == pytest.approx(auc(table))
    assert card.accuracy.threshold_today == 0.5
    assert card.accuracy.threshold_best < 0.5  # missing a case costs 50, a false alarm 10
    assert card.accuracy.withheld == ""
    assert sum(cell.n for cell in card.accuracy.confusion) == (table["day"] <= MATURE_LAST).sum()


def test_under_feedback_only_the_control_group_is_judged(table):
    declared = cases.payoff_workspace(**FEEDBACK)
    made = with_keys(
        cases.payoff_book(declared, table), rows=[{"arm": "control"}, {"arm": "offer"}]
    )
    spoiled = made.facts["score"]["arm"] == "offer"
    made.facts["score"].loc[spoiled, "label"] = "0"
    card = assess(declared, "m", made)
    assert leading(card).estimate.value == pytest.approx(auc(table))
    assert "Only the control group" in card.accuracy.withheld


def test_without_control_rows_idle_ones_are_judged_but_not_followed(table):
    declared = cases.payoff_workspace(**FEEDBACK)
    made = with_keys(cases.payoff_book(declared, table), rows=[{"acted": "0"}, {"acted": "1"}][:1])
    card = assess(declared, "m", made)
    assert leading(card).estimate.value == pytest.approx(auc(table))
    assert "not a random part" in card.accuracy.withheld
    assert all(week.performance is None for week in card.weeks)


def test_when_every_row_was_acted_on_accuracy_is_withheld(table):
    declared = cases.payoff_workspace(**FEEDBACK)
    made = with_keys(cases.payoff_book(declared, table), rows=[{"acted": "1"}])
    card = assess(declared, "m", made)
    assert card.accuracy.figures == ()
    assert card.accuracy.withheld.startswith("Withheld")


def test_a_forecast_leads_with_wape_and_its_value_added():
    declared, table = cases.forecast_workspace(), cases.forecasts()
    card = assess(declared, "m", cases.forecast_book(declared, table))
    rows = table[(table["forecaster"] == "model") & (table["day"] <= FIRST + timedelta(days=94))]
    wape = (rows["y"] - rows["f"]).abs().sum() / rows["y"].sum()
    assert leading(card).estimate.value == pytest.approx(wape)
    assert any(one.key == "accuracy.fva.seasonal_naive" for one in card.accuracy.figures)
    assert card.accuracy.by_horizon


def test_a_break_is_dated_priced_and_leads_to_retraining():
    rng = np.random.default_rng(5)
    table = cases.scored(40_000)
    broken = table["day"] >= FIRST + timedelta(days=60)
    noise = rng.permutation(table.loc[broken, "label"].to_numpy())
    table.loc[broken, "label"] = noise
    even = {"tp": 10, "fp": -10, "fn": -10, "tn": 10}
    declared = cases.payoff_workspace(evidence=[{"design": "payoff", "payoff": even}])
    card = assess(declared, "m", cases.payoff_book(declared, table))
    change = next(one for one in card.degradation.changes if one.series == "performance")
    assert change.low <= FIRST + timedelta(days=60) <= change.high
    assert change.lost.low > 0
    assert card.verdict.action == "retrain"


def test_drift_compares_recent_days_with_the_reference_alone(table):
    declared = cases.payoff_workspace()
    moved = table.copy()
    recent = moved["day"] >= FIRST + timedelta(days=72)
    moved.loc[recent, "p"] = 0.9
    made = cases.payoff_book(declared, moved)
    reference = table[table["day"] < FIRST + timedelta(days=28)]
    counts = reference.groupby("p").size()
    made.registered[0].content["counts"] = [
        int(counts.get(edge, 0)) for edge in made.registered[0].content["edges"]
    ]
    (found,) = assess(declared, "m", made).degradation.drifts
    assert found.alert
    assert found.n_current == int(recent.sum())
    assert found.n_reference == len(reference)


def test_segments_are_exploratory_and_versions_are_listed(table):
    declared = cases.payoff_workspace()
    made = cases.payoff_book(declared, table)
    facts = {}
    for name, frame in made.facts.items():
        if name == "cost":
            facts[name] = frame
            continue
        late = frame["day"] >= "2026-02-20"
        whole = frame.assign(version=np.where(late, "2.0", "1.0"))
        facts[name] = pd.concat([whole, whole.assign(segment="region=north")], ignore_index=True)
    card = assess(
        declared, "m",
        type(made)(facts, made.registered, made.first, made.last, made.complete_through,
                   made.as_of),
    )  # fmt: skip
    (north,) = card.segments
    assert north.predictions == len(table)
    assert "exploratory" in north.effect.notes[-1]
    assert north.performance.value == pytest.approx(auc(table))
    assert [one.version for one in card.versions] == ["1.0", "2.0"]
    assert sum(one.predictions for one in card.versions) == len(table)
