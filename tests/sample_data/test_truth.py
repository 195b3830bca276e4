"""The whole path on the sample: every estimate's interval holds the truth that was planted."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests import once
from valuekit.api import Workspace
from valuekit.estimate import Estimate
from valuekit.scorecard import Scorecard

SAMPLE = Path(__file__).parents[2] / "sample_data"
TRUTH: dict[str, Any] = json.loads((SAMPLE / "truth.json").read_text(encoding="utf-8"))["models"]


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return Workspace.load(once.sample(tmp_path_factory))


@pytest.fixture(scope="module")
def cards(held: Workspace) -> dict[str, Scorecard]:
    return held.scorecards()


def _holds(estimate: Estimate, truth: float) -> bool:
    assert estimate.low is not None
    assert estimate.high is not None
    return estimate.low <= truth <= estimate.high


@pytest.mark.parametrize("model", ["churn", "sendtime"])
def test_holdouts_recover_the_effect(cards: dict[str, Scorecard], model: str) -> None:
    truth = TRUTH[model]["periods"]["mature"]
    report = cards[model].evidence[0]
    assert _holds(report.money, truth["gross"])
    assert _holds(report.effect, truth["per_unit"])
    assert _holds(report.relative, truth["relative"])
    assert report.money.grade == "A"
    treated = sum(arm.units for arm in report.arms if arm.role == "treated")
    assert treated == truth["treated"]


@pytest.mark.parametrize("model", ["fraud", "leads", "reco"])
def test_payoffs_recover_the_planted_value(cards: dict[str, Scorecard], model: str) -> None:
    truth = TRUTH[model]["periods"]["mature"]
    money = cards[model].evidence[0].money
    assert money.value == pytest.approx(truth["gross_realised"], rel=1e-6)
    assert _holds(money, truth["gross_expected"])
    assert money.grade == "D"


def test_the_break_is_dated_and_priced(cards: dict[str, Scorecard]) -> None:
    broke = date.fromisoformat(TRUTH["leads"]["break_date"])
    change = next(one for one in cards["leads"].degradation.changes if one.series == "performance")
    week = timedelta(days=7)
    assert change.low - week <= broke <= change.high + week
    assert abs(change.day - broke) <= timedelta(days=3)
    assert change.lost.value is not None
    assert change.lost.value > 0


def test_the_young_model_is_not_judged(cards: dict[str, Scorecard]) -> None:
    card = cards["winback"]
    assert card.verdict.action == "not enough evidence"
    year = card.period("year")
    assert year is None or year.value.value is None
    assert "mature" in card.headline


@pytest.mark.parametrize(
    ("model", "allowed"),
    [
        ("fraud", {"keep"}),
        ("churn", {"keep", "watch"}),
        ("leads", {"retrain"}),
        ("reco", {"watch", "retrain"}),
        ("sendtime", {"retire"}),
        ("winback", {"not enough evidence"}),
        ("assistant", {"keep", "watch", "measure first"}),
        ("demand", {"keep"}),
    ],
)
def test_verdicts_tell_the_story(
    cards: dict[str, Scorecard], model: str, allowed: set[str]
) -> None:
    assert cards[model].verdict.action in allowed


def test_every_source_row_is_accounted_for(held: Workspace) -> None:
    with held.store() as store:
        for model in TRUTH:
            intake = store.facts(model, "intake")
            by_fate = intake.groupby("fate")["rows"].sum()
            assert by_fate.sum() == intake["rows"].sum() > 0
            assert set(by_fate.index) <= {
                "accepted",
                "quarantined",
                "deduplicated",
                "out_of_window",
            }


def test_the_duplicates_are_found_to_the_row(held: Workspace) -> None:
    with held.store() as store:
        intake = store.facts("fraud", "intake")
    found = intake[(intake["source"] == "predictions") & (intake["fate"] == "deduplicated")]
    assert found["rows"].sum() == TRUTH["fraud"]["blemishes"]["duplicate_predictions"]
