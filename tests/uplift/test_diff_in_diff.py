"""Difference in differences: raw-row regressions, laws, few groups, gaps, what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tests.panels import grouped_rows, panel_frame
from valuekit.uplift.balanced import balanced
from valuekit.uplift.cells import clustered, four_cells, unequal_cells
from valuekit.uplift.diff_in_diff import diff_in_diff, pre_slopes
from valuekit.uplift.few_groups import exact_p, interval_of, splits
from valuekit.uplift.fixed_effects import fixed_effects
from valuekit.uplift.gaps import Gaps
from valuekit.uplift.panel import Panel, buckets, panel_of
from valuekit.uplift.since_launch import since_launch


def made(rows, **how):
    return balanced(panel_of(panel_frame(rows), **how))


def gaps(rows, **how) -> Gaps:
    found = diff_in_diff(made(rows), **how)
    assert isinstance(found, Gaps)
    return found


def changes(rows):
    means = rows.pivot_table(index=["group", "t"], columns="p", values="y")
    return (means[1] - means[0]).reset_index(name="change")


def test_it_is_welch_on_the_changes_of_groups():
    rows = grouped_rows()
    found = gaps(rows).everything()
    change = changes(rows)
    on, off = (change.loc[change["t"] == side, "change"] for side in (1, 0))
    assert found is not None
    assert found.value / found.weight == pytest.approx(on.mean() - off.mean(), rel=1e-12)
    se = np.sqrt(on.var() / len(on) + off.var() / len(off))
    assert found.se / found.weight == pytest.approx(se, rel=1e-12)
    assert (found.df, found.groups) == (10, 12)


def test_two_way_fixed_effects_give_the_same_figure():
    rows = grouped_rows(seed=3)
    model = smf.ols("y ~ on + C(group) + C(day)", rows.assign(day=rows["day"].astype(str))).fit()
    found = gaps(rows).everything()
    assert found.value / found.weight == pytest.approx(model.params["on"], rel=1e-9)


def test_cells_are_the_regression_of_rows():
    rows = grouped_rows(groups=2, treated=1, periods=2, launch=1, each=40)
    model = smf.ols("y ~ t * p", rows).fit()
    found = four_cells(made(rows), unit="1")
    assert found.value == pytest.approx(model.params["t:p"], rel=1e-9)
    assert found.se == pytest.approx(model.bse["t:p"], rel=1e-9)
    assert (found.low, found.high) == pytest.approx(tuple(model.conf_int().loc["t:p"]), rel=1e-9)
    loose = unequal_cells(made(rows), unit="1")
    parts = [part["y"].var() / len(part) for _, part in rows.groupby(["t", "p"])]
    assert loose.se == pytest.approx(np.sqrt(sum(parts)), rel=1e-9)


@pytest.mark.parametrize("treated", [1, 5])
def test_clustering_by_group_is_the_regression_of_rows(treated):
    rows = grouped_rows(treated=treated, each=3, seed=5).sample(frac=0.9, random_state=1)
    codes = pd.factorize(rows["group"])[0]
    model = smf.ols("y ~ t * p", rows).fit(cov_type="cluster", cov_kwds={"groups": codes})
    found = clustered(panel_of(panel_frame(rows)), unit="1")
    assert found.value == pytest.approx(model.params["t:p"], rel=1e-9)
    assert found.se == pytest.approx(model.bse["t:p"], rel=1e-9)


def test_shocks_by_period_widen_what_two_groups_say():
    """Rows by the thousand, but days move the groups apart: rows alone are far too sure."""
    covered = narrow = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        rows = grouped_rows(2, 1, 60, 30, effect=0.0, each=20, seed=seed)
        shock = dict(zip(rows["day"].unique(), rng.normal(0, 1, 60), strict=True))
        rows["y"] += rows["t"] * rows["day"].map(shock)
        found = four_cells(made(rows), unit="1")
        covered += found.low <= 0 <= found.high
        plain = smf.ols("y ~ t * p", rows).fit().conf_int().loc["t:p"]
        narrow += plain[0] <= 0 <= plain[1]
    assert covered >= 53
    assert narrow <= 50


def test_a_single_treated_group_takes_the_spread_of_the_others():
    rows = grouped_rows(treated=1)
    change = changes(rows)
    off = change.loc[change["t"] == 0, "change"]
    found = gaps(rows).everything()
    assert found.se / found.weight == pytest.approx(np.sqrt(off.var() * (1 + 1 / len(off))))


def test_few_groups_have_a_value_and_no_interval():
    found = interval_of(gaps(grouped_rows(groups=4, treated=2)).everything())
    assert found.value != 0
    assert found.se is None
    assert "4 groups are too few" in found.reason
    assert splits(4, 2) == 6


def test_the_exact_p_value_is_that_of_all_splits():
    rng = np.random.default_rng(2)
    change, treated = rng.normal(size=9), np.arange(9) < 4
    found = exact_p(change, treated)
    result = stats.permutation_test(
        (change[treated], change[~treated]),
        lambda a, b, axis: np.abs(a.mean(axis=axis) - b.mean(axis=axis)),
        alternative="greater", n_resamples=np.inf, vectorized=True,
    )  # fmt: skip
    assert found == pytest.approx(result.pvalue, abs=1e-12)


def test_where_splits_are_too_many_they_are_drawn():
    rng = np.random.default_rng(4)
    change, treated = rng.normal(size=40), np.arange(40) < 20
    drawn = exact_p(change, treated)
    near = stats.ttest_ind(change[treated], change[~treated]).pvalue
    assert drawn == pytest.approx(near, abs=0.03)
    assert drawn == exact_p(change, treated)


def test_slopes_before_the_launch_are_least_squares():
    rows = grouped_rows()
    found = pre_slopes(made(rows))
    first = rows[(rows["group"] == "g00") & (rows["p"] == 0)]["y"]
    assert found[0] == pytest.approx(np.polyfit(np.arange(18), first, 1)[0])


def test_anticipation_leaves_periods_out():
    rows = grouped_rows()
    early = rows["day"].map(lambda day: (day - rows["day"].min()).days)
    keep = rows[(early < 15) | (early >= 18)]
    assert gaps(rows, anticipation=3).everything().value == pytest.approx(
        gaps(keep).everything().value
    )


def test_a_gap_is_filled_where_few_and_left_out_where_many():
    rows = grouped_rows(each=1)
    first = rows["day"].min()
    some = rows[~((rows["group"] == "g01") & (rows["day"] == first))]
    one = made(some)
    assert np.isfinite(one.y).all()
    assert one.weight[1, 0] == 0
    assert "1 gap of 360 values filled" in one.notes[-1]
    full = gaps(rows).everything()
    assert gaps(some).everything().value == pytest.approx(full.value, rel=0.05)
    gone = made(rows[~((rows["group"] == "g01") & (rows["p"] == 1))])
    assert "g01" not in gone.groups
    assert "g01 left out for gaps" in gone.notes


def test_filled_values_are_the_least_squares_fit():
    rows = grouped_rows(groups=6, treated=2, periods=10, launch=6)
    hole = (rows["group"] == "g03") & (rows["day"] == rows["day"].unique()[2])
    one = made(rows[~hole])
    block = rows["group"] + rows["on"].astype(str)
    whole = rows.assign(block=block, day=rows["day"].astype(str))
    fit = smf.ols("y ~ C(block) + C(day)", whole[~hole]).fit()
    assert one.y[3, 2] == pytest.approx(fit.predict(whole[hole]).item(), rel=1e-6)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"treated": 0}, "no group is treated"),
        ({"treated": 12}, "no untreated group"),
        ({"launch": 0}, "no group is treated"),
        ({"launch": 30}, "no group is treated"),
    ],
)
def test_what_cannot_be_compared_says_why(change, why):
    assert why in str(diff_in_diff(made(grouped_rows(**change))))


def test_nothing_at_all_is_no_panel():
    empty = panel_of(panel_frame(grouped_rows()).head(0))
    assert empty.size == (0, 0)
    assert diff_in_diff(empty) == "no group is treated within the data"


@pytest.mark.parametrize("value", [0.0, 1e8])
def test_without_variance_there_is_no_interval(value):
    found = gaps(grouped_rows().assign(y=value)).everything()
    assert found.value == pytest.approx(0, abs=1e-3)
    assert found.se is None
    assert "alike" in found.reason


def test_a_large_mean_keeps_its_variance():
    rows = grouped_rows()
    plain, far = (gaps(rows.assign(y=rows["y"] + shift)).everything() for shift in (0, 1e8))
    assert far.se == pytest.approx(plain.se, rel=1e-5)


def test_counts_and_rates():
    rows = grouped_rows(each=2)
    counted = panel_of(panel_frame(rows), counted=True)
    assert set(counted.y.ravel()) == {2.0}
    frame = panel_frame(rows.assign(offset=4.0))
    rate = panel_of(frame, rate=True)
    mean = rows[(rows["group"] == "g00")].groupby("day")["y"].mean().iloc[0]
    assert rate.y[0, 0] == pytest.approx(mean / 4)
    assert rate.weight[0, 0] == 8


@pytest.mark.parametrize(
    ("frequency", "day", "start"),
    [
        ("week", "2026-01-01", "2025-12-29"), ("month", "2026-02-17", "2026-02-01"),
        ("quarter", "2026-08-09", "2026-07-01"), ("year", "2026-08-09", "2026-01-01"),
        ("day", "2026-08-09", "2026-08-09"),
    ],
)  # fmt: skip
def test_periods_begin_where_the_calendar_has_them(frequency, day, start):
    assert str(buckets(np.array([day], dtype="datetime64[D]"), frequency)[0]) == start


def test_stretches_add_up_to_the_effect():
    rows = grouped_rows()
    one: Panel = made(rows)
    time = np.where(np.arange(30) < 18, 1 / 18, 0)
    found = since_launch(one, np.full(7, 1 / 7), time)
    late = [part for part in found if part.first >= 0]
    size = [part.last - part.first + 1 for part in late]
    whole = gaps(rows).everything()
    mean = np.average([part.value for part in late], weights=size)
    assert mean == pytest.approx(whole.value / whole.weight, rel=1e-9)
    assert [part.first for part in found] == sorted(part.first for part in found)
    assert all(part.band > stats.t.ppf(0.975, 10) for part in found)
    single = next(part for part in found if part.first == 0)
    y = one.y - one.y[:, :18].mean(axis=1)[:, None]
    on, off = y[:5, 18 : 18 + size[0]].mean(axis=1), y[5:, 18 : 18 + size[0]].mean(axis=1)
    assert single.se == pytest.approx(np.sqrt(on.var(ddof=1) / 5 + off.var(ddof=1) / 7))


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    shift=st.floats(-50, 50),
    scale=st.floats(0.1, 20),
)
def test_levels_and_shared_shocks_do_not_matter(seed, shift, scale):
    rows = grouped_rows(8, 3, 10, 6, seed=seed % 50)
    rng = np.random.default_rng(seed)
    levels = dict(zip(sorted(set(rows["group"])), rng.normal(0, 5, 8), strict=True))
    shocks = dict(zip(sorted(set(rows["day"])), rng.normal(0, 5, 10), strict=True))
    moved = rows["y"] + rows["group"].map(levels) + rows["day"].map(shocks) + shift * rows["on"]
    plain, other = gaps(rows).everything(), gaps(rows.assign(y=moved * scale)).everything()
    assert other.value == pytest.approx(scale * (plain.value + shift * plain.weight), abs=1e-6)
    assert other.se == pytest.approx(scale * plain.se, rel=1e-6)


@settings(max_examples=15, deadline=None)
@given(cut=st.integers(19, 29), seed=st.integers(0, 30))
def test_totals_of_spans_add_up(cut, seed):
    rows = grouped_rows(seed=seed)
    found = gaps(rows)
    first = np.arange(12) < cut - 18
    parts = [found.total(first).value, found.total(~first).value]
    assert sum(parts) == pytest.approx(found.everything().value, abs=1e-9)


@pytest.mark.parametrize("thin", [1.0, 0.6])
def test_fixed_effects_are_the_regression_of_rows(thin):
    """Groups of unlike size that come and go; statsmodels counts their effects, we do not."""
    rows = grouped_rows(treated=5, each=4, seed=8).sample(frac=thin, random_state=2)
    rows["day"] = rows["day"].astype(str)
    codes = pd.factorize(rows["group"])[0]
    model = smf.ols("y ~ on + C(group) + C(day)", rows)
    fit = model.fit(cov_type="cluster", cov_kwds={"groups": codes})
    found = fixed_effects(panel_of(panel_frame(rows)), unit="1")
    assert found.value == pytest.approx(fit.params["on"], rel=1e-9)
    n, groups = len(rows), rows["group"].nunique()
    counted = n - groups - rows["day"].nunique()
    nested = n - rows["day"].nunique() - 1
    assert found.se == pytest.approx(fit.bse["on"] * np.sqrt(counted / nested), rel=1e-9)
    assert (found.n, found.df) == (groups, groups - 1)


def test_fixed_effects_equal_the_cells_only_where_rows_are_balanced():
    rows = grouped_rows(treated=5, each=4, seed=8)
    whole, part = (
        panel_of(panel_frame(one)) for one in (rows, rows.sample(frac=0.6, random_state=2))
    )
    assert fixed_effects(whole, unit="1").value == pytest.approx(
        clustered(whole, unit="1").value, rel=1e-9
    )
    assert abs(fixed_effects(part, unit="1").value - clustered(part, unit="1").value) > 1e-3


def test_fixed_effects_without_noise_or_without_others_are_unknown():
    rows = grouped_rows(treated=5)
    flat = rows.assign(y=rows["on"] * 2.0)
    assert "alike" in fixed_effects(panel_of(panel_frame(flat)), unit="1").reason
    alone = rows[rows["t"] == 1]
    assert "nothing of the launch" in fixed_effects(panel_of(panel_frame(alone)), unit="1").reason
