"""Errors of the model and of naive forecasters against a loop over the raw rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

START = pd.Timestamp("2025-01-06")  # a Monday
LEVELS = {"0.9": "hi", "0.1": "lo"}


def _model(frequency="day", season=7, **outcomes):
    return {
        "task": "forecast",
        "predictions": {
            "table": "p", "id": "id", "time": "issued", "target_time": "target",
            "series": "store", "predicted": "f", "quantiles": LEVELS, "baselines": {"human": "h"},
            "frequency": frequency, "season": season, "segments": ["region"],
        },
        "outcomes": {"table": "o", "on": {"store": "store"}, "time": "day", "label": "sold",
                     **outcomes},
    }  # fmt: skip


def _tables(days, step=1, seed=4, horizons=(1, 3, 9), from_period=60):
    """Stores a and b with gaps in their actuals; forecasts issued every ``step`` days."""
    rng = np.random.default_rng(seed)
    actuals = [
        (store, day, float(rng.poisson(20 + 5 * (i % 7))))
        for store in "ab"
        for i, day in enumerate(days)
        if rng.random() > 0.08
    ]
    rows = []
    for store in "ab":
        for i in range(from_period, len(days), step):
            for h in horizons:
                if i + h < len(days):
                    f = rng.normal(35, 8)
                    human = None if rng.random() < 0.3 else rng.normal(33, 9)
                    rows.append((store, days[i], days[i + h], f, human, f - 9, f + 9))
    p = pd.DataFrame(rows, columns=["store", "issued", "target", "f", "h", "lo", "hi"])
    p["id"], p["region"] = np.arange(len(p)), np.where(p["store"] == "a", "north", "south")
    p["issued"] += pd.Timedelta(hours=9)
    return p, pd.DataFrame(actuals, columns=["store", "day", "sold"])


def _period(days, frequency):
    days = pd.to_datetime(days)
    if frequency == "day":
        return (days - pd.Timestamp("1970-01-01")).dt.days
    if frequency == "week":
        return (days - pd.Timestamp("1969-12-29")).dt.days // 7
    months = days.dt.year * 12 + days.dt.month - 1
    return months if frequency == "month" else months // 3


def _compared(p, o, frequency, season):
    """Forecasts with actual, naive and seasonal naive, one row at a time."""
    o = o.assign(period=_period(o["day"], frequency))
    known = {(r.store, r.period): r.sold for r in o.itertuples()}
    periods = {s: sorted(part["period"]) for s, part in o.groupby("store")}
    p = p.assign(
        at=_period(p["issued"].dt.normalize(), frequency), to=_period(p["target"], frequency)
    )
    rows = []
    for r in p.itertuples():
        y = known.get((r.store, r.to))
        if y is None:
            continue
        last = max((one for one in periods[r.store] if one < r.at), default=None)
        seasonal = None
        if last is not None and r.to > last:
            lags = -(-(r.to - last) // season)
            seasonal = known.get((r.store, r.to - lags * season))
        naive = known.get((r.store, last))
        rows.append((r.target, r.to - r.at, r.store, y, r.f, naive, seasonal, r.h, r.lo, r.hi))
    names = ["day", "horizon", "store", "y", "model", "naive", "seasonal_naive", "human", "lo"]
    made = pd.DataFrame(rows, columns=[*names, "hi"])
    made["day"] = pd.to_datetime(made["day"]).astype("datetime64[s]")
    scale = {}
    for store, part in o.groupby("store"):
        history = {r.period: r.sold for r in part.itertuples()}
        first = p.loc[p["store"] == store, "at"].min()
        steps = [
            abs(y - history[t - season])
            for t, y in history.items()
            if t < first and t - season in history
        ]
        scale[store] = np.mean(steps)
    return made.assign(scale=made["store"].map(scale)), scale


@pytest.fixture(scope="module")
def daily():
    return _tables(list(pd.date_range(START, periods=120)))


@pytest.fixture(scope="module")
def made(pulled, daily):
    return pulled({"p": daily[0], "o": daily[1]}, _model())


@pytest.mark.parametrize("name", ["model", "naive", "seasonal_naive", "human"])
@pytest.mark.parametrize("segment", ["all", "region=south"])
def test_sums_by_target_day_and_horizon(made, daily, name, segment):
    rows, _ = _compared(*daily, "day", 7)
    rows = rows if segment == "all" else rows[rows["store"] == "b"]
    rows = rows.dropna(subset=[name])
    error = made.facts["error"].query("segment == @segment and forecaster == @name")
    found = error.set_index(["day", "horizon"])
    groups = rows.groupby(["day", "horizon"])
    assert len(found) == groups.ngroups
    layout = next(one.content for one in made.registered if one.name == "error")
    for key, part in groups:
        row = found.loc[key]
        y, f = part["y"].to_numpy(), part[name].to_numpy(dtype=float)
        e, em, scale = y - f, y - part["model"].to_numpy(), part["scale"].to_numpy()
        expected = {
            "n": len(part), "sum_e": e.sum(), "sum_abs": abs(e).sum(), "sum_sq": (e**2).sum(),
            "sum_y": y.sum(), "sum_abs_y": abs(y).sum(), "sum_f": f.sum(), "mean_y": y.mean(),
            "c_yy": ((y - y.mean()) ** 2).sum(), "sum_ape": (abs(e) / y)[y != 0].sum(),
            "zeros": (y == 0).sum(), "sum_sape": (2 * abs(e) / (abs(y) + abs(f))).sum(),
            "scaled_n": len(part), "sum_scaled": (abs(e) / scale).sum(),
            "sum_scaled_sq": (e**2 / scale**2).sum(), "over": np.maximum(f - y, 0).sum(),
            "under": np.maximum(y - f, 0).sum(), "cross_abs": (abs(e) * abs(em)).sum(),
            "cross_sq": (e**2 * em**2).sum(),
        }  # fmt: skip
        for column, value in expected.items():
            assert row[column] == pytest.approx(value, rel=1e-9, abs=1e-9), column
        edges = np.array(layout["edges"])
        place = np.maximum(np.searchsorted(edges, e, side="right") - 1, 0)
        assert row["hist"].tolist() == np.bincount(place, minlength=len(edges)).tolist()
        if name == "model":
            losses = [
                (2 * t * np.maximum(y - q, 0) + 2 * (1 - t) * np.maximum(q - y, 0)).sum()
                for t, q in ((0.1, part["lo"]), (0.9, part["hi"]))
            ]
            np.testing.assert_allclose(row["pinball"], losses)
            assert row["covered"].tolist() == [(y <= part[c]).sum() for c in ("lo", "hi")]


@pytest.mark.parametrize(
    ("frequency", "season", "rule"),
    [("week", 4, "W-MON"), ("month", 12, "MS"), ("quarter", 4, "QS")],
)
def test_longer_periods(pulled, frequency, season, rule):
    days = list(pd.date_range("2018-01-01", periods=90, freq=rule))
    p, o = _tables(days, from_period=40, horizons=(1, 5))
    made = pulled({"p": p, "o": o}, _model(frequency, season))
    rows, scale = _compared(p, o, frequency, season)
    error = made.facts["error"].query("segment == 'all'")
    for name in ("model", "naive", "seasonal_naive"):
        known = rows.dropna(subset=[name])
        found = error[error["forecaster"] == name]
        assert (
            found.groupby("horizon")["n"].sum().to_dict()
            == known.groupby("horizon").size().to_dict()
        )
        assert found["sum_abs"].sum() == pytest.approx((known["y"] - known[name]).abs().sum())
    registered = next(one.content for one in made.registered if one.kind == "scale")
    assert registered["season"] == season
    assert registered["scales"] == pytest.approx(scale)


def test_scales_stay_as_registered(made, pulled, daily):
    p, o = daily
    doubled = o.assign(sold=o["sold"] * 2)
    again = pulled({"p": p, "o": doubled}, _model(), registered=made.registered)
    assert again.registered == ()
    naive = again.facts["error"].query("segment == 'all' and forecaster == 'naive'")
    before = made.facts["error"].query("segment == 'all' and forecaster == 'naive'")
    assert naive["sum_scaled"].sum() == pytest.approx(2 * before["sum_scaled"].sum())


def test_actuals_of_forecast_days_are_credited_and_history_is_not(made, daily):
    p, o = daily
    intake = made.facts["intake"].query("source == 'outcomes'").groupby("rule")[["rows", "value"]]
    found = intake.sum()
    aimed = o.merge(
        p[["store", "target"]].drop_duplicates(),
        left_on=["store", "day"],
        right_on=["store", "target"],
    )
    assert found.loc["credited", "rows"] == len(aimed)
    assert found.loc["credited", "value"] == pytest.approx(aimed["sold"].sum())
    assert found["value"].sum() == pytest.approx(o["sold"].sum())


def test_several_rows_a_period_are_picked_or_added(pulled, daily):
    p, o = daily
    twice = pd.concat([o, o.assign(sold=100.0, day=o["day"] + pd.Timedelta(hours=5))])
    rows, _ = _compared(p, o, "day", 7)
    for pick, extra in (("first", 0), ("sum", 100)):
        made = pulled({"p": p, "o": twice}, _model(pick=pick))
        error = made.facts["error"].query("segment == 'all' and forecaster == 'model'")
        assert error["n"].sum() == len(rows)
        assert error["sum_y"].sum() == pytest.approx((rows["y"] + extra).sum())
        values = made.facts["intake"].query("source == 'outcomes'")["value"]
        assert values.sum() == pytest.approx(twice["sold"].sum())


def test_an_engine_without_tables_of_its_own_gives_the_same(made, pulled, daily, without_tables):
    again = pulled({"p": daily[0], "o": daily[1]}, _model(), engine=without_tables)
    for name, frame in made.facts.items():
        pd.testing.assert_frame_equal(frame, again.facts[name], rtol=1e-9)


def test_one_series_matched_by_its_day_alone(pulled):
    days = pd.date_range(START, periods=30)
    o = pd.DataFrame({"day": days, "sold": np.arange(30.0)})
    p = pd.DataFrame({"id": range(10), "issued": days[15:25], "target": days[16:26], "f": 1.0})
    model = {
        "task": "forecast",
        "predictions": {"table": "p", "id": "id", "time": "issued", "target_time": "target",
                        "predicted": "f"},
        "outcomes": {"table": "o", "on": {"target": "day"}, "label": "sold"},
    }  # fmt: skip
    error = pulled({"p": p, "o": o}, model).facts["error"]
    naive = error.query("forecaster == 'naive'")
    assert naive["n"].sum() == 10
    assert (naive["sum_e"] == 2.0).all()  # issued before the day's own actual is known


def test_regression_has_no_horizon_and_a_human_beside_it(pulled):
    rng = np.random.default_rng(5)
    p = pd.DataFrame({"id": range(500), "t": START, "f": rng.normal(10, 2, 500)})
    p["h"] = rng.normal(10, 4, 500)
    o = pd.DataFrame({"id": range(400), "y": rng.normal(10, 1, 400)})
    model = {
        "task": "regression",
        "predictions": {"table": "p", "id": "id", "time": "t", "predicted": "f",
                        "baselines": {"human": "h"}},
        "outcomes": {"table": "o", "on": {"id": "id"}, "label": "y"},
    }  # fmt: skip
    made = pulled({"p": p, "o": o}, model)
    error = made.facts["error"].set_index("forecaster")
    rows = p.merge(o, on="id")
    assert error["n"].to_dict() == {"human": 400, "model": 400}
    assert set(error["horizon"]) == {0}
    assert set(error["scaled_n"]) == {0}
    cross = ((rows["y"] - rows["f"]).abs() * (rows["y"] - rows["h"]).abs()).sum()
    assert error.loc["human", "cross_abs"] == pytest.approx(cross)
    layout = next(one.content for one in made.registered if one.name == "error")
    assert len(layout["edges"]) == 40
    assert layout["counts"] == error.loc["model", "hist"].tolist()
