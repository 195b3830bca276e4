"""Real tables made elsewhere: totals recomputed with pandas, published means reproduced."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest


@pytest.fixture(scope="module")
def car_loan(shared, pulled_from):
    model = {
        "task": "classification",
        "predictions": {
            "table": "predictions.parquet",
            "id": "id",
            "time": "timestamp",
            "score": "y_pred_proba",
            "predicted": "y_pred",
            "segments": ["period"],
        },
        "outcomes": {"table": "outcomes.parquet", "on": {"id": "id"}, "label": "repaid"},
    }
    return pulled_from(shared / "data" / "car_loan", model)


@pytest.fixture(scope="module")
def car_loan_rows(shared):
    folder = shared / "data" / "car_loan"
    rows = pd.read_parquet(folder / "predictions.parquet")
    return rows.merge(pd.read_parquet(folder / "outcomes.parquet"), on="id")


def test_car_loan_counts_equal_the_rows(car_loan, car_loan_rows):
    volume = car_loan.facts["volume"].query("segment == 'all'")
    by_day = car_loan_rows.groupby(car_loan_rows["timestamp"].dt.normalize())
    counted = volume.set_index("day")
    assert counted["predictions"].to_dict() == by_day.size().to_dict()
    assert counted["outcome_value"].to_dict() == by_day["repaid"].sum().to_dict()
    assert volume["labelled"].sum() == 100_000


def test_car_loan_confusion_equals_a_crosstab(car_loan, car_loan_rows):
    found = car_loan.facts["confusion"].query("segment == 'period=analysis'")
    cells = found.groupby(["predicted", "label"])["n"].sum()
    rows = car_loan_rows.query("period == 'analysis'")
    for (predicted, label), n in rows.groupby(["y_pred", "repaid"]).size().items():
        assert cells[str(predicted), str(label)] == n


def test_car_loan_scores_are_exact_values_and_scores_are_proper(car_loan, car_loan_rows):
    layout = next(one for one in car_loan.registered if one.name == "score").content
    assert layout["exact"]
    score = car_loan.facts["score"].query("segment == 'all'")
    n = pd.DataFrame({"label": score["label"], "n": score["n"]})
    for label in (0, 1):
        rows = car_loan_rows.query("repaid == @label")["y_pred_proba"]
        counts = np.sum(n.loc[n["label"] == str(label), "n"].to_list(), axis=0)
        assert counts.tolist() == [int((rows == edge).sum()) for edge in layout["edges"]]
    p, y = car_loan_rows["y_pred_proba"], car_loan_rows["repaid"]
    assert score["brier"].sum() == pytest.approx(((p - y) ** 2).sum(), rel=1e-12)


def test_used_cars_errors_equal_the_rows(shared, pulled_from):
    folder = shared / "data" / "used_cars"
    model = {
        "task": "regression",
        "predictions": {
            "table": "predictions.parquet",
            "id": "id",
            "time": "timestamp",
            "predicted": "y_pred",
        },
        "outcomes": {"table": "outcomes.parquet", "on": {"id": "id"}, "label": "y_true"},
    }
    error = pulled_from(folder, model).facts["error"]
    rows = pd.read_parquet(folder / "predictions.parquet").merge(
        pd.read_parquet(folder / "outcomes.parquet"), on="id"
    )
    e = rows["y_true"] - rows["y_pred"]
    assert error["n"].sum() == 120_000
    assert error["sum_e"].sum() == pytest.approx(e.sum())
    assert error["sum_abs"].sum() == pytest.approx(e.abs().sum())
    assert error["sum_sq"].sum() == pytest.approx((e**2).sum())
    assert sum(hist.sum() for hist in error["hist"]) == 120_000


def test_email_test_means_are_the_published_ones(shared, pulled_from):
    """MineThatData e-mail challenge (Hillstrom 2008): visit, conversion, spend by arm."""
    model = {
        "task": "ranking",
        "assignments": {
            "table": "assignments.parquet",
            "unit": "customer_id",
            "arm": "arm",
            "date": "2008-03-20",
            "covariates": {"spend": "history"},
        },
        "outcomes": {"table": "outcomes.parquet", "on": {"customer_id": "customer_id"}},
        "metrics": {
            "visit": {"column": "visit"},
            "conversion": {"column": "conversion"},
            "spend": {"column": "spend", "primary": True, "already_money": True},
        },
    }
    made = pulled_from(shared / "data" / "email_test", model)
    effect = made.facts["effect"].set_index(["metric", "arm"])
    published = {
        "visit": (0.1828, 0.1514, 0.1062),
        "conversion": (0.0125, 0.0088, 0.0057),
        "spend": (1.42, 1.08, 0.65),
    }
    for metric, means in published.items():
        place = 2 if metric == "spend" else 4
        for arm, mean in zip(("Mens E-Mail", "Womens E-Mail", "No E-Mail"), means, strict=True):
            assert round(effect.loc[(metric, arm), "mean_y"], place) == mean
    assert effect.loc["spend", "units"].to_dict() == {
        "Mens E-Mail": 21_307,
        "No E-Mail": 21_306,
        "Womens E-Mail": 21_387,
    }
    assert made.rows_read == 128_000


def test_game_gate_reads_arms_and_truth_values_from_one_table(shared, pulled_from):
    """Cookie Cats: 1-day retention 44.8% and 44.2% (gate_30, gate_40)."""
    table = "assignments_and_retention.parquet"
    model = {
        "task": "ranking",
        "assignments": {
            "table": table,
            "unit": "userid",
            "arm": "test_version",
            "date": "2016-01-01",
        },
        "outcomes": {"table": table, "on": {"userid": "userid"}},
        "metrics": {"kept": {"column": "retention_1", "primary": True, "kind": "proportion"}},
    }
    effect = pulled_from(shared / "data" / "game_gate", model).facts["effect"].set_index("arm")
    assert effect["units"].to_dict() == {"gate_30": 44_700, "gate_40": 45_489}
    assert effect["mean_y"].round(3).to_dict() == {"gate_30": 0.448, "gate_40": 0.442}
