"""Used-car prices: a regression's errors against the raw rows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics

from valuekit.accuracy.errors import error_days, mae, r2, rmse
from valuekit.api import Workspace


@pytest.mark.parametrize("period", ["reference", "analysis"])
def test_errors_equal_the_raw_rows(
    refreshed: Callable[[str], Workspace], shared: Path, period: str
) -> None:
    folder = shared / "data" / "used_cars"
    rows = pd.read_parquet(folder / "predictions.parquet").merge(
        pd.read_parquet(folder / "outcomes.parquet"), on="id"
    )
    rows = rows[rows["period"] == period]
    with refreshed("used_cars").store() as store:
        errors = store.facts("used_cars", "error", segment=f"period={period}")
    days = error_days(errors)
    found = mae(days, unit="EUR").value, rmse(days, unit="EUR").value, r2(days).value
    expected = (
        metrics.mean_absolute_error(rows["y_true"], rows["y_pred"]),
        np.sqrt(metrics.mean_squared_error(rows["y_true"], rows["y_pred"])),
        metrics.r2_score(rows["y_true"], rows["y_pred"]),
    )
    assert found == pytest.approx(expected, rel=1e-9)


def test_without_evidence_the_value_is_unknown(refreshed: Callable[[str], Workspace]) -> None:
    card = refreshed("used_cars").scorecard("used_cars")
    year = card.period("year")
    assert year is not None
    assert year.value.value is None
    assert year.value.reason
    assert card.verdict.action in {"measure first", "not enough evidence"}
