"""Demand forecast for shops, judged in inventory money against last week's sales."""

from __future__ import annotations

import numpy as np

from sample_data.common import DAYS, Floats, Story, at, by_month, day_of, period, stream

HORIZON = 7
HISTORY = 28  # days of sales before the first forecast day
HOLDING, STOCKOUT = 1.1, 3.4
CITIES = (
    "Berlin", "Hamburg", "Köln", "München", "Leipzig", "Bremen", "Dresden", "Essen", "Bonn", "Ulm",
)  # fmt: skip
GROUPS = ("bakery", "dairy", "fruit", "drinks", "meals")
SERIES = [f"{city}-{group}" for city in CITIES for group in GROUPS]
WEEK = np.array([0.9, 0.88, 0.92, 1.0, 1.25, 1.4, 0.65])
QUANTILES = {"p10": -1.2816, "p50": 0.0, "p90": 1.2816}


def build() -> Story:
    """Fifty series, one forecast a day for the day a week ahead, with a planner's own figure."""
    rng = stream("demand")
    shape = (len(SERIES), DAYS + HISTORY)
    day = np.arange(-HISTORY, DAYS)
    level = rng.uniform(60, 260, (len(SERIES), 1))
    year = 1 + 0.12 * np.sin(2 * np.pi * (day + 200) / 365.25 + rng.uniform(0, 6, (len(SERIES), 1)))
    week = WEEK[(day + day_of(0).weekday()) % 7] ** rng.uniform(0.7, 1.3, (len(SERIES), 1))
    known = np.exp(0.1 * rng.standard_normal(shape))  # promotions and weather: the model sees them
    mean = level * year * week * known
    actual = np.round(mean * np.exp(0.11 * rng.standard_normal(shape)))
    model = mean * np.exp(0.05 * rng.standard_normal(shape)) * 1.04
    planner = level * year * week * np.exp(0.09 * rng.standard_normal(shape)) * 1.02
    days = np.tile(np.arange(DAYS), len(SERIES))
    order = np.argsort(days, kind="stable")
    forecast = np.round(model[:, HISTORY:]).ravel()
    spread = {name: np.round(forecast * np.exp(z * 0.13)) for name, z in QUANTILES.items()}
    names = np.repeat(np.array(SERIES), DAYS)
    columns = {
        "target_day": np.array([day_of(one) for one in range(DAYS)])[days],
        "series": names,
        "city": np.array([one.split("-")[0] for one in names.tolist()]),
        "forecast": forecast.astype(int),
        **{name: one.astype(int) for name, one in spread.items()},
        "planner": np.round(planner[:, HISTORY:]).ravel().astype(int),
    }
    tables = {
        "demand_forecasts": {
            "forecast_id": np.arange(1, len(days) + 1),
            "made_at": at((days - HORIZON)[order], np.full(len(days), 5 * 3600)),
            **{key: one[order] for key, one in columns.items()},
        },
        "demand_sales": {
            "series": np.tile(np.array(SERIES), shape[1]),
            "day": np.repeat(np.array([day_of(one) for one in day.tolist()]), len(SERIES)),
            "sold": actual.T.ravel().astype(int),
        },
    }
    sold = actual[:, HISTORY:]
    lagged = actual[:, HISTORY - 7 : -7]
    costs = {
        "model": _money(forecast.reshape(sold.shape), sold),
        "seasonal_naive": _money(lagged, sold),
        "planner": _money(np.round(planner[:, HISTORY:]), sold),
    }
    gain = (costs["seasonal_naive"] - costs["model"]).sum(axis=0)
    truth = {
        "story": "inventory money against last week",
        "design": "baseline_forecast",
        "rows": len(days),
        "periods": {"year": {**period(0, DAYS - 1), "gross_realised": round(float(gain.sum()), 2)}},
        "inventory_cost": {name: round(float(one.sum()), 2) for name, one in costs.items()},
        "wape": round(float(np.abs(forecast.reshape(sold.shape) - sold).sum() / sold.sum()), 6),
        "gross_realised_by_month": by_month(np.arange(DAYS), gain),
    }
    return Story(tables, truth, {"gain": gain, "sold": sold, "forecast": forecast})


def _money(forecast: Floats, sold: Floats) -> Floats:
    over, under = np.maximum(forecast - sold, 0), np.maximum(sold - forecast, 0)
    return HOLDING * over + STOCKOUT * under
