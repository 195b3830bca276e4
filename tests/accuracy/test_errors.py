"""Errors, value added, inventory money and quantiles against raw rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics

from tests.facts_from_rows import error_frame
from valuekit.accuracy import errors
from valuekit.accuracy.blocks import long_run, ratio_of_sums, total_of_days
from valuekit.accuracy.errors import error_days
from valuekit.accuracy.figures import error_figures, horizon_figures
from valuekit.accuracy.inventory import critical_ratio, inventory_money
from valuekit.accuracy.quantiles import coverage, pinball
from valuekit.accuracy.value_added import (
    diebold_mariano,
    dm_check,
    forecast_value_added,
    paired,
)
from valuekit.critical import critical


def forecasts(seed: int = 1, days: int = 60, per_day: int = 8) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    n = days * per_day
    y = rng.gamma(5, 8, n).round(1)
    day = pd.date_range("2026-01-05", periods=days).repeat(per_day).strftime("%Y-%m-%d")
    made = pd.DataFrame({"day": day, "y": y, "horizon": np.tile([1, 2], n // 2), "scale": 9.0})
    model = made.assign(forecaster="model", f=y + rng.normal(1, 5, n))
    other = made.assign(forecaster="naive", f=y + rng.normal(0, 9, n))
    return pd.concat([model, other], ignore_index=True)


def test_errors_equal_the_rows():
    rows = forecasts()
    own = rows[rows["forecaster"] == "model"]
    y, f = own["y"], own["f"]
    days = error_days(error_frame(rows))
    assert errors.mae(days, unit="t").value == pytest.approx(metrics.mean_absolute_error(y, f))
    assert errors.rmse(days, unit="t").value == pytest.approx(metrics.root_mean_squared_error(y, f))
    assert errors.mape(days).value == pytest.approx(metrics.mean_absolute_percentage_error(y, f))
    assert errors.wape(days).value == pytest.approx(np.abs(y - f).sum() / y.sum())
    assert errors.smape(days).value == pytest.approx(
        (2 * np.abs(y - f) / (np.abs(y) + np.abs(f))).mean()
    )
    assert errors.mase(days).value == pytest.approx(np.abs(y - f).mean() / 9)
    assert errors.rmsse(days).value == pytest.approx(np.sqrt(((y - f) ** 2).mean()) / 9)
    assert errors.r2(days).value == pytest.approx(metrics.r2_score(y, f))
    for found in error_figures(error_frame(rows), unit="t", baselines=["naive"]):
        estimate = found.estimate
        assert estimate.low < estimate.value < estimate.high, found.key
        assert found.facts


def test_bias_is_positive_when_forecasts_are_too_high():
    rows = forecasts().query("forecaster == 'model'")
    high = errors.bias(error_days(error_frame(rows.assign(f=rows["y"] * 1.1))))
    assert high.value == pytest.approx(0.1)
    low = errors.bias(error_days(error_frame(rows.assign(f=rows["y"] * 0.9))))
    assert low.value == pytest.approx(-0.1)


@settings(max_examples=15)
@given(st.floats(0.01, 1e4))
def test_scaling_the_target_scales_what_has_a_unit(scale):
    rows = forecasts(days=10)
    bigger = rows.assign(y=rows["y"] * scale, f=rows["f"] * scale)
    plain, moved = (error_days(error_frame(one)) for one in (rows, bigger))
    assert errors.mae(moved, unit="t").high == pytest.approx(
        scale * errors.mae(plain, unit="t").high
    )
    assert errors.rmse(moved, unit="t").high == pytest.approx(
        scale * errors.rmse(plain, unit="t").high
    )
    for measure in (errors.bias, errors.wape, errors.mape, errors.smape, errors.r2):
        assert measure(moved).low == pytest.approx(measure(plain).low, rel=1e-6, abs=1e-9)


def test_r2_survives_a_large_mean():
    rows = forecasts().query("forecaster == 'model'")
    moved = rows.assign(y=rows["y"] + 1e8, f=rows["f"] + 1e8)
    found = [errors.r2(error_days(error_frame(one))).value for one in (rows, moved)]
    assert found[1] == pytest.approx(found[0], rel=1e-6)


def test_versions_of_a_day_merge():
    rows = forecasts().query("forecaster == 'model'")
    parts = [error_frame(part) for _, part in rows.groupby(np.arange(len(rows)) % 3)]
    split = pd.concat([one.assign(version=str(i)) for i, one in enumerate(parts)])
    found, whole = (errors.r2(error_days(one)) for one in (split, error_frame(rows)))
    assert (found.value, found.low) == pytest.approx((whole.value, whole.low))


def test_zeros_and_nothing():
    rows = forecasts().query("forecaster == 'model'").copy()
    rows.iloc[:4, rows.columns.get_loc("y")] = 0.0
    found = errors.mape(error_days(error_frame(rows)))
    assert "4 rows with an actual of 0" in found.notes[0]
    rows.iloc[:40, rows.columns.get_loc("y")] = 0.0
    assert "where MAPE is undefined" in errors.mape(error_days(error_frame(rows))).reason
    empty = error_days(error_frame(rows), "nobody")
    for measure in (errors.bias, errors.wape, errors.mape, errors.smape, errors.mase, errors.r2):
        assert not measure(empty).known
    assert not errors.mae(empty, unit="t").known
    same = error_days(error_frame(rows.assign(y=3.0)))
    assert "nothing to explain" in errors.r2(same).reason
    few = errors.mae(error_days(error_frame(forecasts(days=4))), unit="t")
    assert few.known
    assert "at least 8 days" in few.reason


def test_two_hierarchy_levels_are_refused_unless_one_is_chosen():
    frame = error_frame(forecasts())
    both = pd.concat([frame, frame.assign(level="total")])
    with pytest.raises(ValueError, match="several levels"):
        error_days(both)
    assert error_days(both, level="total")["n"].sum() == 480


def test_horizons():
    found = horizon_figures(error_frame(forecasts()), unit="t")
    assert [one.key for one in found] == ["accuracy.horizon.1", "accuracy.horizon.2"]
    own = forecasts().query("forecaster == 'model' and horizon == 2")
    wape = np.abs(own["y"] - own["f"]).sum() / own["y"].sum()
    assert found[1].estimate.value == pytest.approx(wape)


def test_value_added_and_money_on_identical_rows():
    rows = forecasts()
    frame = error_frame(rows)
    own, other = (rows[rows["forecaster"] == name] for name in ("model", "naive"))
    loss = [np.abs(one["y"] - one["f"]).to_numpy() for one in (own, other)]
    found = forecast_value_added(frame, "naive")
    assert found.value == pytest.approx(1 - loss[0].sum() / loss[1].sum())
    assert found.low > 0
    saved = inventory_money(frame, "naive", 2.0, 5.0, unit="EUR")
    over, under = (
        [np.maximum(sign * (one["f"] - one["y"]), 0).to_numpy() for one in (own, other)]
        for sign in (1, -1)
    )
    cost = [2 * over[i] + 5 * under[i] for i in (0, 1)]
    assert saved.money.value == pytest.approx(cost[1].sum() - cost[0].sum())
    assert saved.model_cost == pytest.approx(cost[0].sum())
    assert saved.per_row.value == pytest.approx(saved.money.value / len(own))
    assert saved.by_day.sum() == pytest.approx(saved.money.value)
    assert saved.rows == len(own)
    turned = rows["forecaster"].map({"model": "naive", "naive": "model"})
    other_way = error_frame(rows.assign(forecaster=turned))
    back = inventory_money(other_way, "naive", 2.0, 5.0, unit="EUR")
    assert back.money.value == pytest.approx(-saved.money.value)
    assert back.money.high == pytest.approx(-saved.money.low)


def test_rows_that_the_other_lacks_are_left_out():
    rows = forecasts()
    lost = (rows["forecaster"] == "naive") & (rows["day"] == "2026-01-05") & (rows["horizon"] == 1)
    fewer = error_frame(rows.drop(rows[lost].index[:1]))
    found = forecast_value_added(fewer, "naive")
    kept = rows[~((rows["day"] == "2026-01-05") & (rows["horizon"] == 1))]
    assert found.value == pytest.approx(forecast_value_added(error_frame(kept), "naive").value)
    assert found.notes == ("4 rows without an identical row of naive are left out.",)
    nothing = forecast_value_added(fewer, "human")
    assert "No rows have both" in nothing.reason
    assert not inventory_money(fewer, "human", 1, 1, unit="EUR").money.known
    assert dm_check(fewer, "human").status == "not run"


def test_a_perfect_baseline_leaves_nothing_to_add():
    rows = forecasts()
    rows.loc[rows["forecaster"] == "naive", "f"] = rows["y"]
    assert "no error at all" in forecast_value_added(error_frame(rows), "naive").reason


def test_diebold_mariano_at_one_step_is_a_t_test():
    rng = np.random.default_rng(1)
    other, model = rng.gamma(2, 2, 40), rng.gamma(2, 1.5, 40)
    found = diebold_mariano(other, model)
    oracle = stats.ttest_rel(other, model)
    assert found.statistic == pytest.approx(oracle.statistic)
    assert found.p_value == pytest.approx(oracle.pvalue)


def test_diebold_mariano_by_hand_at_three_steps():
    rng = np.random.default_rng(2)
    d = np.convolve(rng.normal(0.3, 1, 52), [1, 0.7, 0.4], mode="valid")
    T, h, u = len(d), 3, d - d.mean()
    spread = sum(u * u) / T + 2 * (sum(u[1:] * u[:-1]) / T + sum(u[2:] * u[:-2]) / T)
    statistic = d.mean() / np.sqrt(spread / T) * np.sqrt((T + 1 - 2 * h + h * (h - 1) / T) / T)
    found = diebold_mariano(d, np.zeros(T), h)
    assert found.statistic == pytest.approx(statistic)
    assert found.p_value == pytest.approx(2 * stats.t.sf(abs(statistic), T - 1))


def test_diebold_mariano_keeps_its_silence():
    assert "too few" in diebold_mariano([1, 2], [0, 0]).reason
    assert "not estimable" in diebold_mariano([1.0] * 9, [0.0] * 9).reason
    wave = np.tile([1.0, -1.0], 10)
    assert diebold_mariano(wave, np.zeros(20), 2).statistic is None


def test_dm_check_in_words():
    frame = error_frame(forecasts())
    assert dm_check(frame, "naive").status == "passed"
    turned = frame.assign(forecaster=frame["forecaster"].map({"model": "naive", "naive": "model"}))
    assert dm_check(turned, "naive").status == "failed"
    same = error_frame(forecasts().query("forecaster == 'model'"))
    twin = pd.concat([same, same.assign(forecaster="naive")])
    assert dm_check(twin, "naive").status == "not run"
    assert paired(frame, "naive").horizon == 2


@pytest.mark.parametrize(("rho", "days"), [(0.0, 30), (0.0, 365), (0.5, 60), (0.5, 365)])
def test_day_block_intervals_cover(rho, days):
    rng, runs, hits = np.random.default_rng(3), 600, 0
    noise = rng.normal(size=(runs, days + 50))
    for t in range(1, days + 50):
        noise[:, t] += rho * noise[:, t - 1]
    for u in 5 + noise[:, 50:]:
        spread, df = long_run(u)
        hits += abs(u.sum() - 5 * days) <= critical(0.95, df) * np.sqrt(spread)
    assert 0.92 <= hits / runs <= 0.975


def test_a_weekly_pattern_does_not_widen_the_interval():
    rng = np.random.default_rng(4)
    noise = rng.normal(size=364)
    wave = np.tile([5.0, 0, 0, 0, 0, -2, -3], 52)
    found = total_of_days(noise + wave).se
    assert found == pytest.approx(total_of_days(noise).se, rel=0.2)
    assert found < 0.5 * np.sqrt(364) * (noise + wave).std()  # as if days were independent


def test_sums_that_cannot_be_divided():
    assert ratio_of_sums([1.0, 2.0], [0.0, 0.0]) is None
    assert ratio_of_sums([1.0, 2.0], [1.0, 1.0]).se is None
    constant = errors.mae(error_days(error_frame(
        forecasts().query("forecaster == 'model'").assign(y=4.0, f=5.0)
    )), unit="t")  # fmt: skip
    assert constant.value == 1.0
    assert "Every day is the same" in constant.reason


def test_quantiles_equal_scikit_learn():
    rows = forecasts().query("forecaster == 'model'").copy()
    rows["p10"], rows["p90"] = rows["f"] - 7, rows["f"] + 7
    frame = error_frame(rows, {0.1: "p10", 0.9: "p90"})
    found = pinball(frame, [0.1, 0.9], unit="t")
    for one, (tau, column) in zip(found, [(0.1, "p10"), (0.9, "p90")], strict=True):
        oracle = metrics.mean_pinball_loss(rows["y"], rows[column], alpha=tau)
        assert one.value == pytest.approx(2 * oracle)  # theirs has no factor 2
        assert one.low < one.value < one.high
    shares = coverage(frame, [0.1, 0.9])
    assert shares[1].value == pytest.approx((rows["y"] <= rows["p90"]).mean())
    assert not pinball(error_frame(rows), [0.5], unit="t")[0].known


def test_critical_ratio():
    assert critical_ratio(1, 3) == 0.75
