"""AUC, average precision and calibration from bins, against scikit-learn on raw rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics

from tests.facts_from_rows import exact_edges, mass_edges, score_frame
from valuekit.accuracy.calibration import brier, calibration_bins, ece, log_loss
from valuekit.accuracy.precision import average_precision
from valuekit.accuracy.roc import auc_bound, gini, ks, roc_auc, roc_points
from valuekit.accuracy.score_bins import ScoreBins, score_table


def scored(seed: int = 1, n: int = 3000, places: int | None = None, skill: float = 1.0):
    rng = np.random.default_rng(seed)
    z = rng.normal(size=n)
    p = 1 / (1 + np.exp(-(skill * z - 0.5)))
    label = (rng.random(n) < 1 / (1 + np.exp(-(z - 0.5)))).astype(int).astype(str)
    return pd.DataFrame({"p": p if places is None else p.round(places), "label": label})


def delong(y: np.ndarray, p: np.ndarray) -> float:
    """DeLong's standard error by mid-ranks (Sun & Xu 2014), from raw rows."""
    one, nil = p[y == 1], p[y == 0]
    ranks = stats.rankdata(np.concatenate([one, nil]))
    v10 = (ranks[: len(one)] - stats.rankdata(one)) / len(nil)
    v01 = 1 - (ranks[len(one) :] - stats.rankdata(nil)) / len(one)
    return float(np.sqrt(v10.var(ddof=1) / len(one) + v01.var(ddof=1) / len(nil)))


def test_an_exact_layout_gives_exact_figures():
    rows = scored(places=2)
    y, p = rows["label"].astype(int).to_numpy(), rows["p"].to_numpy()
    bins = score_table(
        score_frame(rows, exact_edges(rows["p"])), exact_edges(rows["p"]), exact=True
    )
    found = roc_auc(bins)
    assert found.value == pytest.approx(metrics.roc_auc_score(y, p), abs=1e-12)
    assert found.se == pytest.approx(delong(y, p), rel=1e-9)
    assert found.low < found.value < found.high
    assert found.notes == ()
    assert auc_bound(bins) == 0.0
    assert average_precision(bins).value == pytest.approx(
        metrics.average_precision_score(y, p), abs=1e-12
    )
    assert gini(bins).value == pytest.approx(2 * found.value - 1)
    assert gini(bins).low == pytest.approx(2 * found.low - 1)
    oracle = stats.ks_2samp(p[y == 1], p[y == 0])
    assert ks(bins).value == pytest.approx(oracle.statistic)


@settings(max_examples=30)
@given(st.integers(0, 1000), st.sampled_from([2, 10, 50, 200]))
def test_binning_stays_within_its_bound(seed, size):
    rows = scored(seed, n=400)
    edges = mass_edges(rows["p"], size)
    bins = score_table(score_frame(rows, edges), edges)
    oracle = metrics.roc_auc_score(rows["label"].astype(int), rows["p"])
    assert abs(roc_auc(bins).value - oracle) <= auc_bound(bins) + 1e-12


def test_bins_of_a_layout_that_stopped_being_exact_are_not_trusted():
    rows = scored(places=2)
    edges = exact_edges(rows["p"])
    later = pd.DataFrame({"p": [0.505, 0.507], "label": ["1", "0"]})
    both = score_frame(pd.concat([rows, later]), edges)
    bins = score_table(both, edges, exact=True)
    assert (~bins.exact).sum() == 1
    assert 0 < auc_bound(bins) < 1e-3
    assert "Binning moves it" in roc_auc(bins).notes[0]


@settings(max_examples=15)
@given(st.integers(0, 100), st.integers(1, 6))
def test_splitting_days_changes_nothing(seed, days):
    rows = scored(seed, n=200)
    edges = mass_edges(rows["p"], 20)
    split = rows.assign(day=[f"2026-01-{1 + i % days:02d}" for i in range(len(rows))])
    one, two = (score_table(score_frame(part, edges), edges) for part in (rows, split))
    assert roc_auc(one).value == roc_auc(two).value
    assert average_precision(one).value == average_precision(two).value


def test_turning_the_score_round_mirrors_auc():
    rows = scored(places=2)
    turned = rows.assign(p=(1 - rows["p"]).round(2))
    found = [
        roc_auc(score_table(score_frame(one, edges := exact_edges(one["p"])), edges, exact=True))
        for one in (rows, turned)
    ]
    assert found[0].value == pytest.approx(1 - found[1].value)
    assert found[0].low == pytest.approx(1 - found[1].high)


def test_auc_interval_covers():
    big = scored(999, n=400_000)
    truth = metrics.roc_auc_score(big["label"].astype(int), big["p"])
    rng, hits = np.random.default_rng(0), 0
    for _ in range(400):
        part = big.iloc[rng.integers(0, len(big), 250)]
        edges = np.arange(0, 1, 0.01)
        place = (part["p"] * 100).astype(int)
        n1, n0 = (np.bincount(place[part["label"] == one], minlength=100) for one in ("1", "0"))
        zero = np.zeros(100)
        bins = ScoreBins(edges, n1, n0, zero, zero, zero, zero, n1 * 0, zero.astype(bool))
        found = roc_auc(bins)
        hits += found.low <= truth <= found.high
    assert 0.925 <= hits / 400 <= 0.975


def test_one_label_or_perfect_scores():
    rows = pd.DataFrame({"p": [0.1, 0.9, 0.8], "label": ["1", "1", "1"]})
    edges = [0.0, 0.5]
    bins = score_table(score_frame(rows, edges), edges)
    assert "no negative labels" in roc_auc(bins).reason
    assert "no negative labels" in average_precision(bins).reason
    assert not gini(bins).known
    assert not ks(bins).known
    assert roc_points(bins) == ()
    nothing = score_table(score_frame(rows.assign(label=""), edges), edges)
    assert nothing.unlabelled.sum() == 3
    assert not average_precision(nothing).known
    assert not ece(nothing).known
    assert calibration_bins(nothing) == ()
    perfect = pd.DataFrame({"p": [0.1, 0.9], "label": ["0", "1"]})
    bins = score_table(score_frame(perfect, edges), edges)
    assert roc_auc(bins).value == 1.0
    assert "perfectly separated" in roc_auc(bins).reason
    assert average_precision(bins).value == 1.0


@pytest.mark.parametrize("positives", [232, 369, 100_003])
def test_a_sum_that_rounds_to_nearly_one_has_bounds(positives):
    """Shares of 232 positives add up to 1 - 2e-16: the logit of that is no number to go by."""
    p = np.linspace(0.3, 0.9, positives)
    rows = pd.DataFrame({"p": [*p, 0.1], "label": ["1"] * positives + ["0"]})
    edges = exact_edges(rows["p"])
    bins = score_table(score_frame(rows, edges), edges)
    for found in (average_precision(bins), roc_auc(bins)):
        assert found.value == pytest.approx(1.0, abs=1e-12)
        assert (found.low, found.high) == (None, None)
        assert found.reason
    one_wrong = pd.DataFrame({"p": [*p, 0.95], "label": ["1"] * positives + ["0"]})
    edges = exact_edges(one_wrong["p"])
    found = average_precision(score_table(score_frame(one_wrong, edges), edges))
    assert 0 <= found.low <= found.value <= found.high <= 1


def test_roc_points_are_the_curve():
    rows = scored(places=2)
    edges = exact_edges(rows["p"])
    bins = score_table(score_frame(rows, edges), edges, exact=True)
    points = roc_points(bins)
    assert (points[0].x, points[0].y, points[-1].x, points[-1].y) == (0, 0, 1, 1)
    area = np.trapezoid([one.y for one in points], [one.x for one in points])
    assert area == pytest.approx(roc_auc(bins).value)
    assert len(roc_points(bins, 20)) <= 20


def test_vectors_must_fit_the_layout():
    rows = scored(n=20)
    frame = score_frame(rows, [0.0, 0.5])
    with pytest.raises(ValueError, match="do not fit"):
        score_table(frame, [0.0, 0.3, 0.6])
    with pytest.raises(ValueError, match="several layouts"):
        score_table(pd.concat([frame, frame.assign(layout="other")]), [0.0, 0.5])


def test_brier_and_log_loss_are_exact_and_have_day_intervals():
    rows = scored(n=4000)
    rows["day"] = [f"2026-01-{1 + i % 28:02d}" for i in range(4000)]
    frame = score_frame(rows, [0.0, 0.5])
    y = rows["label"].astype(int)
    for found, oracle in (
        (brier(frame), metrics.brier_score_loss(y, rows["p"])),
        (log_loss(frame), metrics.log_loss(y, rows["p"])),
    ):
        assert found.value == pytest.approx(oracle)
        assert found.low < oracle < found.high
    one_day = brier(score_frame(rows.assign(day="2026-01-01"), [0.0, 0.5]))
    assert one_day.low is None
    assert "at least 8 days" in one_day.reason
    assert not brier(frame[frame["label"] == "x"]).known


def test_debiasing_takes_off_what_chance_adds_to_a_calibrated_model():
    plain, debiased = [], []
    for seed in range(30):
        rows = scored(seed, n=1500)
        edges = mass_edges(rows["p"])
        bins = score_table(score_frame(rows, edges), edges)
        debiased.append(ece(bins).value)
        plain.append(
            sum(one.n * abs(one.predicted - one.observed) for one in calibration_bins(bins)) / 1500
        )
    assert np.mean(plain) > 0.025
    assert np.mean(debiased) < 0.65 * np.mean(plain)


def test_calibration_error_of_a_bold_model_is_found():
    rows = scored(n=40_000, skill=2.0)
    truth = np.abs(rows["p"] - 1 / (1 + np.exp(-(np.log(rows["p"] / (1 - rows["p"])) - 0.5) / 2)))
    edges = mass_edges(rows["p"])
    bins = score_table(score_frame(rows, edges), edges)
    found = calibration_bins(bins)
    assert len(found) == 15
    assert sum(one.n for one in found) == 40_000
    assert ece(bins).value > 0.05
    assert truth.mean() > 0
