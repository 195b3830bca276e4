"""Car loans: realised metrics and value as published for the set in the nannyml 0.13.1 wheel."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from valuekit.accuracy.confusion import (
    accuracy,
    confusion_table,
    f1,
    precision,
    recall,
    specificity,
)
from valuekit.accuracy.payoff import payoff_value
from valuekit.accuracy.precision import average_precision
from valuekit.accuracy.roc import roc_auc
from valuekit.accuracy.score_bins import score_table
from valuekit.api import Workspace

TOLERANCE = 6e-6


@pytest.fixture(scope="module")
def held(refreshed: Callable[[str], Workspace]) -> Workspace:
    return refreshed("car_loan")


@pytest.mark.parametrize("chunk", range(10))
def test_realised_metrics_of_a_chunk(held: Workspace, shared: Path, chunk: int) -> None:
    published = pd.read_csv(shared / "truth" / "data" / "car_loan_published.csv").loc[chunk]
    segment = f"chunk=chunk {chunk}"
    with held.store() as store:
        confusion = store.facts("car_loan", "confusion", segment=segment)
        score = store.facts("car_loan", "score", segment=segment)
        layouts = {
            one.content["id"]: one.content
            for one in store.registrations("car_loan")
            if one.kind == "layout"
        }
    layout = layouts[score["layout"].iloc[0]]
    table = confusion_table(confusion)
    bins = score_table(score, layout["edges"], exact=bool(layout["exact"]))
    found = {
        "accuracy": accuracy(table),
        "precision": precision(table),
        "recall": recall(table),
        "specificity": specificity(table),
        "f1": f1(table),
        "roc_auc": roc_auc(bins),
        "average_precision": average_precision(bins),
    }
    for name, estimate in found.items():
        assert estimate.value == pytest.approx(published[name], abs=TOLERANCE), name


def test_value_per_prediction_of_the_first_chunk(held: Workspace) -> None:
    matrix = held.loaded.workspace.models["car_loan"].evidence[0].payoff
    assert matrix is not None
    with held.store() as store:
        confusion = store.facts("car_loan", "confusion", segment="chunk=chunk 0")
    value = payoff_value(confusion, matrix, unit="EUR")
    assert value.rows == 5000
    assert value.per_row.value == pytest.approx(24.347, abs=5e-7)
    assert value.total.value == pytest.approx(24.347 * 5000, abs=1e-6)


def test_a_payoff_is_no_measurement(held: Workspace) -> None:
    card = held.scorecard("car_loan")
    year = card.period("year")
    assert year is not None
    assert year.value.grade == "D"
    assert year.net.value is not None


def test_the_break_of_march_2019_is_found(held: Workspace) -> None:
    changes = held.scorecard("car_loan").degradation.changes
    assert any(
        change.series == "performance"
        and (change.day.year, change.day.month) in {(2019, 3), (2019, 4)}
        and change.after < change.before
        for change in changes
    )


def test_every_row_is_accounted_for(held: Workspace) -> None:
    with held.store() as store:
        intake = store.facts("car_loan", "intake")
    assert intake.groupby("source")["rows"].sum().to_dict() == {
        "outcomes": 100_000,
        "predictions": 100_000,
    }
    assert set(intake["fate"]) == {"accepted"}
