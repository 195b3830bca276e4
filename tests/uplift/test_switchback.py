"""Switchback: strata by raw rows, coverage when blocks hang together, carry-over, hard cases."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.linalg import sqrtm
from scipy.signal import lfilter

from tests.panels import days, panel_frame
from valuekit.uplift.stretches import clustered
from valuekit.uplift.switchback import FEW, NOTHING, compared, faded, shifted, switchback


def rows_of(stretch=4, days_=40, effect=1.0, carried=0.0, seed=1, groups=("x", "y"), each=3):
    """Blocks of six hours; arms drawn by stretch of blocks; the old arm fades in the first."""
    rng = np.random.default_rng(seed)
    made = []
    for group in groups:
        arm = before = 0
        left = 0
        for day in days(days_):
            for block in (0, 6, 12, 18):
                if left == 0:
                    before, arm, left = arm, int(rng.integers(0, 2)), stretch
                on = carried * before + (1 - carried) * arm if left == stretch else arm
                left -= 1
                shock = rng.normal(0, 1)
                made += [
                    {"day": day, "group": group, "block": block, "arm": str(arm),
                     "y": 5 + block / 6 + shock + effect * on + rng.normal(0, 0.5)}
                    for _ in range(each)
                ]  # fmt: skip
    return pd.DataFrame(made)


def found_of(rows, **how):
    return switchback(panel_frame(rows), **how)


def total(found):
    return found.compared.total(np.ones(len(found.blocks), dtype=bool))


def test_without_carry_over_it_is_the_difference_within_group_and_time_of_day():
    rows = rows_of()
    found = found_of(rows, carry_over=0)
    keys = {"index": ["group", "block"], "columns": "arm", "values": "y"}
    cells = rows.pivot_table(aggfunc=["mean", "size"], **keys)
    on = cells["size", "1"]
    expected = (on * (cells["mean", "1"] - cells["mean", "0"])).sum()
    one = total(found)
    assert one.value == pytest.approx(expected)
    assert one.weight == on.sum()
    assert one.value + one.base == pytest.approx(rows.loc[rows["arm"] == "1", "y"].sum())


def test_the_error_is_that_of_blocks_not_of_rows():
    rows = rows_of(each=20)
    one = total(found_of(rows, carry_over=0))
    means = rows.groupby(["group", "day", "block", "arm"], as_index=False)["y"].mean()
    fit = smf.ols("y ~ arm + C(group):C(block)", means).fit()
    assert one.se / one.weight == pytest.approx(fit.bse["arm[T.1]"], rel=0.05)
    raw = smf.ols("y ~ arm + C(group):C(block)", rows).fit()
    assert one.se / one.weight > 3 * raw.bse["arm[T.1]"]


def test_carry_over_biases_unless_blocks_are_left_out():
    pairs = [
        [total(found_of(rows_of(carried=1.0, seed=seed, each=1), carry_over=n)) for n in (0, 1)]
        for seed in range(15)
    ]
    plain, clean = (np.mean([one[i].value / one[i].weight for one in pairs]) for i in (0, 1))
    assert plain < 0.93
    assert clean == pytest.approx(1.0, abs=0.06)


def test_carry_over_that_lasts_longer_is_seen():
    rows = rows_of(carried=1.0, effect=3.0, days_=80)
    assert faded(found_of(rows, carry_over=0)) < 0.01
    assert faded(found_of(rows, carry_over=1)) > 0.05


def test_switches_that_follow_the_outcome_are_seen():
    """The model is turned on where business is about to grow: the block before shows it."""
    assert shifted(found_of(rows_of(stretch=1, days_=60), carry_over=0)) > 0.05
    rows = rows_of(stretch=1, days_=60, seed=2)
    keys = ["group", "day", "block"]
    arms = rows.groupby(keys)["arm"].first()
    after = arms.groupby("group").shift(-1).map({"0": 0.0, "1": 1.5}).fillna(0)
    lift = after.reindex(pd.MultiIndex.from_frame(rows[keys])).to_numpy()
    assert shifted(found_of(rows.assign(y=rows["y"] + lift), carry_over=0)) < 0.01


def test_intervals_cover():
    hits = 0
    for seed in range(120):
        one = total(found_of(rows_of(stretch=2, days_=20, groups=("x",), seed=seed, each=1)))
        hits += abs(one.value / one.weight - 1) <= stats.t.ppf(0.975, one.df) * one.se / one.weight
    assert hits >= 107


def moving_together(seed, rho=0.8, n=240):
    """Blocks of one day's six turns with AR(1) noise; arms drawn by block, no effect."""
    rng = np.random.default_rng(seed)
    noise = lfilter([1.0], [1.0, -rho], rng.normal(size=n + 60))[60:]
    return pd.DataFrame(
        {"day": np.repeat(days(n // 6), 6), "group": "x",
         "block": np.tile(np.arange(6) * 4, n // 6),
         "arm": rng.integers(0, 2, n).astype(str), "y": 100 + noise}
    )  # fmt: skip


def test_intervals_cover_when_blocks_move_together_and_some_are_left_out():
    hits = plain = 0
    for seed in range(200):
        found = found_of(moving_together(seed)).compared
        every = np.ones(len(found.y), dtype=bool)
        one, alone = found.total(every), replace(found, wider=1.0, most=None).total(every)
        hits += abs(one.value) <= stats.t.ppf(0.975, one.df) * one.se
        plain += abs(alone.value) <= stats.t.ppf(0.975, alone.df) * alone.se
    assert hits >= 184
    assert plain <= 180


def test_the_variance_is_the_cluster_robust_one_of_least_squares():
    """CR2 and its degrees of freedom, from dense matrices over arms by time of day."""
    found = found_of(moving_together(3)).compared
    cells = 2 * found.stratum + found.treated
    x = np.eye(cells.max() + 1)[cells]
    hat = x @ np.linalg.pinv(x)
    rest = np.eye(len(x)) - hat
    m = np.bincount(found.stratum, found.treated * found.weight)
    n = np.bincount(cells).astype(float)
    share = np.where(found.treated, found.weight, -m[found.stratum] / n[2 * found.stratum])
    e, total_, columns = rest @ found.y, 0.0, []
    for one in np.unique(found.stretch):
        at = np.flatnonzero(found.stretch == one)
        half = np.linalg.pinv(np.real(sqrtm(rest[np.ix_(at, at)])), rcond=1e-6)
        total_ += float(share[at] @ half @ e[at]) ** 2
        columns.append(rest[:, at] @ half @ share[at])
    gram = np.array(columns) @ np.array(columns).T
    variance, df = clustered(share, e, cells, found.stretch)
    assert variance == pytest.approx(total_, rel=1e-6)
    assert df == pytest.approx(np.trace(gram) ** 2 / (gram**2).sum(), rel=1e-6)
    assert found.most == pytest.approx(df)


def test_too_few_stretches_give_no_interval():
    rng = np.random.default_rng(1)
    made = pd.DataFrame({"day": days(40), "group": "x", "arm": list("0" * 20 + "1" * 20)})
    one = total(found_of(made.assign(y=rng.normal(size=40)), carry_over=0))
    assert one.se is None
    assert one.reason == FEW


def test_the_shuffled_p_value_is_near_that_of_the_t():
    found = found_of(rows_of(effect=0.15, each=1))
    assert found.compared.shuffled_p() == pytest.approx(found.compared.p_value(), abs=0.05)
    assert found_of(rows_of(effect=2.0)).compared.shuffled_p() == 0.001


def test_switches_are_counted_and_blocks_after_them_dropped():
    rows = pd.DataFrame(
        {
            "day": days(12),
            "group": "all",
            "arm": list("000111000111"),
            "y": np.arange(12.0),
        }
    )
    found = found_of(rows, carry_over=1)
    assert found.switches == 3
    assert list(found.blocks["y"]) == [0, 1, 2, 4, 5, 7, 8, 10, 11]
    assert "3 blocks after switches left out" in found.notes[0]


def test_a_block_with_both_arms_is_left_out():
    rows = rows_of(days_=10)
    rows.loc[0, "arm"] = "1" if rows.loc[1, "arm"] == "0" else "0"
    assert "1 block left out: it was on and off" in found_of(rows).notes[0]


def test_whole_days_are_compared_by_weekday_where_there_are_enough():
    rng = np.random.default_rng(6)
    made = pd.DataFrame({"day": days(112), "group": "all", "arm": rng.integers(0, 2, 112)})
    made["arm"] = made["arm"].astype(str)
    made["y"] = pd.to_datetime(made["day"]).dt.day_of_week * 10.0 + rng.normal(size=112)
    found = found_of(made, carry_over=0)
    assert found.blocks["stratum"].nunique() == 7
    one = total(found)
    assert one.se / one.weight < 0.3


def test_counts_are_by_block():
    rows = rows_of(each=2)
    found = found_of(rows, counted=True)
    assert set(found.blocks["y"]) == {2.0}
    assert total(found).se is None


@pytest.mark.parametrize(
    ("change", "how", "why"),
    [
        ({"arm": "1"}, {}, "all blocks are of one arm"),
        ({"arm": ""}, {}, NOTHING),
        ({}, {"carry_over": 40}, "make the stretches longer"),
    ],
)
def test_what_cannot_be_compared_says_why(change, how, why):
    found = found_of(rows_of().assign(**change), **how)
    assert found.compared is None
    assert why in found.why
    assert compared(found.blocks) is None


def test_all_zero_has_no_interval():
    one = total(found_of(rows_of().assign(y=0.0)))
    assert (one.value, one.se) == (0.0, None)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 40), cut=st.integers(5, 35), shift=st.floats(-5, 5))
def test_spans_add_up_and_a_constant_effect_is_added(seed, cut, shift):
    rows = rows_of(seed=seed, each=1)
    found = found_of(rows)
    early = found.days < np.datetime64(days(cut)[-1])
    parts = [found.compared.total(one) for one in (early, ~early)]
    assert sum(one.value for one in parts if one is not None) == pytest.approx(total(found).value)
    moved = found_of(rows.assign(y=rows["y"] + shift * (rows["arm"] == "1")))
    assert total(moved).value == pytest.approx(total(found).value + shift * total(found).weight)
    assert total(moved).se == pytest.approx(total(found).se, rel=1e-6)
