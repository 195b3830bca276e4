"""Payoffs and thresholds against money added up row by row."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.facts_from_rows import confusion_frame, mass_edges, score_frame
from valuekit.accuracy.blocks import ratio_of_sums
from valuekit.accuracy.confusion import confusion_table
from valuekit.accuracy.payoff import Amounts, cells, constant_decision, payoff_by_day, payoff_value
from valuekit.accuracy.score_bins import score_table
from valuekit.accuracy.threshold import best_threshold, threshold_gain, value_curve
from valuekit.critical import critical
from valuekit.workspace.declare import Matrix

FIXED = Matrix.model_validate({"tp": 50, "fp": -10, "fn": -50, "tn": 5})
RATED = Matrix.model_validate(
    {
        "tp": {"fixed": -2, "rate": 1}, "fp": {"fixed": -2, "rate": 0},
        "fn": {"fixed": 0, "rate": -1}, "tn": 0,
    }
)  # fmt: skip


def rows(seed: int = 1, n: int = 2000, days: int = 40) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    z = rng.normal(size=n)
    p = 1 / (1 + np.exp(-z))
    label = rng.random(n) < p * 0.7
    day = pd.Timestamp("2026-01-05") + pd.to_timedelta(rng.integers(0, days, n), unit="D")
    return pd.DataFrame(
        {
            "day": day.strftime("%Y-%m-%d"), "p": p, "v": rng.gamma(2, 30, n),
            "predicted": np.where(p >= 0.5, "1", "0"), "label": np.where(label, "1", "0"),
        }
    )  # fmt: skip


def money(table: pd.DataFrame, matrix: Matrix, predicted: pd.Series | str) -> pd.Series:
    """Money row by row, cell by cell, as one would write it first."""
    predicted = pd.Series(predicted, index=table.index)
    made = pd.Series(0.0, index=table.index)
    for decision, label, cell in (
        ("1", "1", matrix.tp), ("1", "0", matrix.fp), ("0", "1", matrix.fn), ("0", "0", matrix.tn),
    ):  # fmt: skip
        at = (predicted == decision) & (table["label"] == label)
        made[at] = float(cell.fixed) + float(cell.rate) * table.loc[at, "v"]
    return made


@pytest.mark.parametrize("matrix", [FIXED, RATED])
@pytest.mark.parametrize("without", ["best_constant", "act_on_none", "act_on_all"])
def test_payoff_equals_the_rows(matrix, without):
    table = rows()
    found = payoff_value(confusion_frame(table), matrix, unit="EUR", without_model=without)
    own = money(table, matrix, table["predicted"])
    constant = {name: money(table, matrix, name) for name in "01"}
    best = max("01", key=lambda name: constant[name].sum())
    chosen = {"best_constant": best, "act_on_none": "0", "act_on_all": "1"}[without]
    assert found.per_row.value == pytest.approx(own.mean())
    assert found.total.value == pytest.approx(own.sum())
    assert found.total.unit == "EUR"
    assert found.per_row.unit == "EUR/prediction"
    assert found.gain_total.value == pytest.approx((own - constant[chosen]).sum())
    assert found.alternative == ("act on all" if chosen == "1" else "act on none")
    assert found.alternative_total == pytest.approx(constant[chosen].sum())
    if matrix is FIXED:
        assert found.per_row.se == pytest.approx(own.std() / np.sqrt(len(own)))
        gain = own - constant[chosen]
        assert found.gain_per_row.se == pytest.approx(gain.std() / np.sqrt(len(gain)))


def test_amounts_by_row_have_daily_intervals_that_cover():
    hits, truth = 0, money(big := rows(0, 400_000), RATED, big["predicted"]).mean()
    rng = np.random.default_rng(1)
    frame = big.assign(money=money(big, RATED, big["predicted"]))
    for _ in range(200):
        part = frame.iloc[rng.integers(0, len(frame), 600)]
        summed = part.groupby("day").agg(money=("money", "sum"), n=("money", "size"))
        found = ratio_of_sums(summed["money"], summed["n"])
        hits += abs(found.value - truth) <= critical(0.95, found.df) * found.se
    assert 0.91 <= hits / 200 <= 0.99


def test_by_day_adds_up_to_the_total():
    table = rows()
    frame = confusion_frame(table)
    found = payoff_value(frame, RATED, unit="EUR", without_model="act_on_none")
    by_day = payoff_by_day(frame, RATED, 0)
    assert by_day.sum() == pytest.approx(found.gain_total.value)
    assert payoff_by_day(frame, RATED).sum() == pytest.approx(found.total.value)
    assert by_day.index.is_monotonic_increasing


def test_cells_carry_their_money():
    table = rows()
    counts = confusion_table(confusion_frame(table))
    found = {(one.predicted, one.label): one for one in cells(counts, FIXED)}
    assert found["1", "1"].value == 50 * found["1", "1"].n
    assert sum(one.value for one in found.values()) == pytest.approx(
        money(table, FIXED, table["predicted"]).sum()
    )
    assert sum(one.value for one in cells(counts)) == pytest.approx(table["v"].sum())


def test_few_days_and_no_labels():
    table = rows(days=3)
    found = payoff_value(confusion_frame(table), RATED, unit="EUR")
    assert found.per_row.low is None
    assert "at least 8 days" in found.per_row.reason
    nothing = payoff_value(confusion_frame(table.assign(label="")), FIXED, unit="EUR")
    assert nothing.total.reason == "No prediction has an outcome yet."
    other = payoff_value(confusion_frame(table.assign(label="cat")), FIXED, unit="EUR")
    assert "two classes" in other.total.reason


def test_constant_decision_is_the_better_one():
    counts = confusion_table(confusion_frame(rows()))
    assert constant_decision(counts, Amounts.of(FIXED), "best_constant") == 1
    dear = Matrix.model_validate({"tp": 1, "fp": -100, "fn": -1, "tn": 0})
    assert constant_decision(counts, Amounts.of(dear), "best_constant") == 0


@pytest.mark.parametrize("matrix", [FIXED, RATED])
def test_value_curve_equals_the_rows(matrix):
    table = rows()
    edges = sorted({*mass_edges(table["p"], 60), 0.5})
    bins = score_table(score_frame(table, edges), edges)
    curve = value_curve(bins, matrix)
    for point in curve:
        at = np.where(table["p"] >= point.x, "1", "0")
        if point.x == edges[0]:
            at = np.full(len(table), "1")
        assert point.y == pytest.approx(money(table, matrix, pd.Series(at)).mean()), point
    best = best_threshold(bins, matrix)
    assert max(curve, key=lambda one: one.y).x == best


@settings(max_examples=20)
@given(st.integers(0, 100), st.sampled_from([FIXED, RATED]))
def test_threshold_gain_is_the_difference_on_the_judged_period(seed, matrix):
    early, late = rows(seed, 300), rows(seed + 1000, 300)
    edges = sorted({*mass_edges(early["p"], 30), 0.5})
    choose, judge = (score_table(score_frame(one, edges), edges) for one in (early, late))
    found = threshold_gain(choose, judge, matrix, 0.5, unit="EUR")
    first = found.best == edges[0]
    decided = np.where((late["p"] >= found.best) | first, "1", "0")
    today = np.where(late["p"] >= 0.5, "1", "0")
    gain = money(late, matrix, pd.Series(decided)) - money(late, matrix, pd.Series(today))
    assert found.total.value == pytest.approx(gain.sum(), abs=1e-6)
    if found.per_row.se:
        assert found.per_row.se == pytest.approx(gain.std() / np.sqrt(len(gain)))


def test_no_labels_no_threshold():
    table = rows(n=50).assign(label="")
    bins = score_table(score_frame(table, [0.0, 0.5]), [0.0, 0.5])
    assert best_threshold(bins, FIXED) is None
    assert value_curve(bins, FIXED) == ()
    assert threshold_gain(bins, bins, FIXED, 0.5, unit="EUR") is None


def test_todays_threshold_may_be_the_best():
    table = rows()
    edges = sorted({*mass_edges(table["p"], 60), 0.5})
    bins = score_table(score_frame(table, edges), edges)
    best = best_threshold(bins, FIXED)
    found = threshold_gain(bins, bins, FIXED, best, unit="EUR")
    assert (found.total.value, found.total.low) == (0.0, None)
    assert "no decision would change" in found.total.reason
