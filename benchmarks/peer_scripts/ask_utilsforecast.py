"""MAE, RMSE and MASE of daily forecasts with utilsforecast."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
from timed import timed
from utilsforecast.losses import mae, mase, rmse


def ask(folder: Path) -> dict[str, object]:
    """Join actuals, then errors over all series; scales from the days before the forecasts."""
    forecasts = pd.read_parquet(folder / "forecasts.parquet")
    sales = pd.read_parquet(folder / "sales.parquet")
    names = {"series": "unique_id", "day": "ds"}
    both = forecasts.merge(sales, on=["series", "day"]).rename(columns=names)
    rows = both[["unique_id", "ds", "y", "forecast"]]
    history = sales[sales["day"] < forecasts["issued"].min()].rename(columns=names)
    history = history.sort_values(["unique_id", "ds"])
    models = ["forecast"]
    squares = rmse(rows, models)["forecast"] ** 2
    return {
        "mae": float(mae(rows, models)["forecast"].mean()),
        "rmse": math.sqrt(float(squares.mean())),
        "mase": float(mase(rows, models, seasonality=7, train_df=history)["forecast"].mean()),
    }


if __name__ == "__main__":
    timed(ask)
