"""A roll-out in steps: 2x2 regressions of raw rows, aggregates, totals, pre-trends, hard cases."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tests.panels import FIRST, days, panel_frame
from valuekit.uplift import staggered as cs
from valuekit.uplift.balanced import balanced
from valuekit.uplift.bands import all_zero, at_once, wald
from valuekit.uplift.panel import panel_of
from valuekit.uplift.staggered_before import coarser, placebo
from valuekit.uplift.staggered_total import Rollout, rollout

LAUNCHES = {3: 5, 6: 4, 8: 3}  # first treated period -> groups


def rows_of(launches=None, never=6, periods=12, effect=1.0, growth=0.5, seed=1, each=1):
    """Effect ``effect + growth x (time since launch)``, in groups of several launches."""
    rng = np.random.default_rng(seed)
    starts = [cut for cut, n in (launches or LAUNCHES).items() for _ in range(n)]
    starts += [None] * never
    common, made = rng.normal(0, 2, periods), []
    for group, cut in enumerate(starts):
        level = rng.normal(20, 4)
        for step, day in enumerate(days(periods)):
            since = step - cut if cut is not None else -1
            y = level + common[step] + (effect + growth * since) * (since >= 0)
            begins = "" if cut is None else (FIRST + timedelta(days=cut)).isoformat()
            made += [
                {"day": day, "step": step, "group": f"g{group:02}", "treated_from": begins,
                 "cut": -1 if cut is None else cut, "y": y + one, "since": since}
                for one in rng.normal(0, 1, each)
            ]  # fmt: skip
    return pd.DataFrame(made)


def panel(rows):
    return balanced(panel_of(panel_frame(rows)))


@pytest.mark.parametrize("comparison", ["never", "not_yet"])
def test_every_effect_is_a_two_by_two_regression(comparison):
    rows = rows_of()
    found = cs.staggered(panel(rows), comparison)
    assert not isinstance(found, str)
    assert len(found.cells) == 3 * 11
    for cell in found.cells[::4]:
        base = cell.cohort - 1 if cell.after else cell.time - 1
        inside = rows["cut"] == cell.cohort
        beside = rows["cut"] == -1
        if comparison == "not_yet":
            beside |= (rows["cut"] > max(cell.time, base)) & ~inside
        part = rows[(inside | beside) & rows["step"].isin([base, cell.time])]
        part = part.assign(t=(part["cut"] == cell.cohort) * 1, p=(part["step"] == cell.time) * 1)
        wide = part.pivot_table(index=["group", "t"], columns="p", values="y").reset_index()
        fit = smf.ols("d ~ t", wide.assign(d=wide[1] - wide[0])).fit(cov_type="HC0")
        assert cell.value == pytest.approx(fit.params["t"], rel=1e-9)
        assert np.sqrt(cell.influence @ cell.influence) == pytest.approx(fit.bse["t"], rel=1e-9)


def test_aggregates_weight_as_the_paper_does():
    rows = rows_of()
    found = cs.staggered(panel(rows))
    at = {(one.cohort, one.time): one.value for one in found.after}
    size = LAUNCHES
    total = sum(size[g] for g, _ in at)
    simple = sum(size[g] * v for (g, _), v in at.items()) / total
    assert cs.simple(found, unit="1").value == pytest.approx(simple)
    by_cohort = {g: np.mean([v for (h, _), v in at.items() if h == g]) for g in size}
    for g, one in cs.by_cohort(found, unit="1").items():
        assert one.value == pytest.approx(by_cohort[g])
    group = sum(size[g] * v for g, v in by_cohort.items()) / sum(size.values())
    assert cs.aggregate(found, "group", unit="1").value == pytest.approx(group)
    for kind, key in (("dynamic", lambda g, t: t - g), ("calendar", lambda _g, t: t)):
        means = {}
        for (g, t), v in at.items():
            means.setdefault(key(g, t), []).append((size[g], v))
        each = [np.average([v for _, v in one], weights=[w for w, _ in one])
                for one in means.values()]  # fmt: skip
        assert cs.aggregate(found, kind, unit="1").value == pytest.approx(np.mean(each))
    assert cs.by_length(found, unit="1")[2].value == pytest.approx(
        sum(size[g] * at[g, g + 2] for g in size) / sum(size.values())
    )


def test_growing_effects_are_found_where_fixed_effects_turn_them_negative():
    """Late against early launches: the pooled regression is far off, group-time effects are not."""
    rows = rows_of({3: 10, 8: 10}, never=2, effect=0.0, growth=2.0, periods=14, seed=4)
    truth = 2.0 * rows.loc[rows["since"] >= 0, "since"].mean()
    pooled = smf.ols(
        "y ~ on + C(group) + C(step)", rows.assign(on=(rows["since"] >= 0) * 1)
    ).fit()  # fmt: skip
    found = cs.simple(cs.staggered(panel(rows), "not_yet"), unit="1")
    assert abs(pooled.params["on"] - truth) > 2
    assert found.value == pytest.approx(truth, abs=1)


def test_standard_errors_are_those_of_many_draws():
    """Cohorts drawn anew each time, as the influence of their shares has it."""
    found, errors = [], []
    for seed in range(150):
        rng = np.random.default_rng(seed)
        cuts = rng.choice([2, 3, -1], 60, p=[0.3, 0.3, 0.4])
        table = {cut: int((cuts == cut).sum()) for cut in (2, 3)}
        rows = rows_of(table, never=int((cuts == -1).sum()), periods=5, growth=3.0, seed=seed)
        one = cs.simple(cs.staggered(panel(rows)), unit="1")
        found.append(one.value)
        errors.append(one.se)
    assert np.mean(errors) == pytest.approx(np.std(found), rel=0.15)


def whole(found: Rollout):
    return found.total(np.ones(len(found.panel.days), dtype=bool))


@pytest.mark.parametrize("comparison", ["never", "not_yet"])
def test_the_total_is_the_sum_of_effects_by_rows(comparison):
    rows = rows_of(each=2)
    made = panel(rows)
    found = rollout(made, comparison)
    total = whole(found)
    cells = cs.staggered(made, comparison)
    assert total.value == pytest.approx(
        sum(one.value * 2 * LAUNCHES[one.cohort] for one in cells.after)
    )
    assert total.weight == (rows["since"] >= 0).sum()
    simple = cs.simple(cells, unit="1")
    assert total.value / total.weight == pytest.approx(simple.value)
    assert total.se / total.weight == pytest.approx(simple.se, rel=0.15)
    seen = rows.loc[rows["since"] >= 0, "y"].sum()
    assert total.base == pytest.approx(seen - total.value)


def test_one_launch_is_a_difference_in_differences_from_the_last_period_before():
    rows = rows_of({6: 8}, never=9)
    total = whole(rollout(panel(rows)))
    wide = rows.pivot_table(index=["group", "cut"], columns="step", values="y")
    change = wide.loc[:, 6:].sub(wide[5], axis=0).mean(axis=1)
    side = change.index.get_level_values("cut") > 0
    assert total.value / total.weight == pytest.approx(change[side].mean() - change[~side].mean())
    welch = stats.ttest_ind(change[side], change[~side], equal_var=False)
    assert total.value / total.se == pytest.approx(welch.statistic)
    assert total.df == pytest.approx(welch.df)


@pytest.mark.parametrize("launches", [{5: 1}, {3: 1, 5: 1, 7: 1, 9: 1}])
def test_launches_of_single_groups_have_an_interval_that_covers(launches):
    hits = 0
    for seed in range(80):
        total = whole(rollout(panel(rows_of(launches, never=12, growth=0.0, seed=seed))))
        half = stats.t.ppf(0.975, total.df) * total.se / total.weight
        hits += abs(total.value / total.weight - 1.0) <= half
    assert hits >= 70


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1_000), comparison=st.sampled_from(["never", "not_yet"]))
def test_levels_and_shared_shocks_do_not_matter(seed, comparison):
    rows = rows_of(periods=10, seed=seed % 20)
    rng = np.random.default_rng(seed)
    levels = dict(zip(sorted(set(rows["group"])), rng.normal(0, 9, 18), strict=True))
    shocks = dict(zip(sorted(set(rows["day"])), rng.normal(0, 9, 10), strict=True))
    moved = rows.assign(y=rows["y"] + rows["group"].map(levels) + rows["day"].map(shocks))
    plain, other = (whole(rollout(panel(one), comparison)) for one in (rows, moved))
    assert other.value == pytest.approx(plain.value, abs=1e-7)
    assert other.se == pytest.approx(plain.se, rel=1e-6)


def test_spans_add_up():
    found = rollout(panel(rows_of()), "not_yet")
    first = np.arange(12) < 7
    parts = [found.total(first).value, found.total(~first).value]
    assert sum(parts) == pytest.approx(whole(found).value)
    assert found.total(np.arange(12) < 3) is None


def pre(found):
    values = np.array([one.value for one in found.before])
    return values, np.stack([one.influence for one in found.before], axis=1)


def test_pre_trends_are_tested_all_at_once():
    flat = cs.staggered(panel(rows_of({6: 25}, never=25, seed=8)))
    values, influence = pre(flat)
    assert all_zero(values, influence, 48)[1] > 0.05
    assert wald(values, influence)[1] > 0.01
    rows = rows_of({6: 25}, never=25, seed=8)
    rows["y"] += 0.9 * rows["step"] * (rows["cut"] > 0)
    values, influence = pre(cs.staggered(panel(rows)))
    assert all_zero(values, influence, 48)[1] < 0.05
    assert wald(values, influence)[1] < 0.01
    assert placebo(panel(rows)).resolved


def test_false_alarms_of_the_pre_test_are_few():
    alarms = 0
    for seed in range(200):
        found = cs.staggered(panel(rows_of({5: 10}, never=10, periods=6, seed=seed)))
        alarms += all_zero(*pre(found), cs.freedom(found.panel))[1] < 0.05
    assert alarms <= 22


def test_bands_are_between_one_interval_and_bonferroni():
    rng = np.random.default_rng(3)
    independent = np.eye(5)
    assert at_once(independent, None) == pytest.approx(stats.norm.ppf(1 - 0.0102 / 2), abs=0.03)
    same = np.repeat(rng.normal(size=(40, 1)), 5, axis=1)
    assert at_once(same, None) == pytest.approx(1.96, abs=0.04)
    assert at_once(same, 8) == pytest.approx(stats.t.ppf(0.975, 8), abs=0.06)
    assert wald(np.ones(5), same) is None


def test_the_placebo_reads_only_what_was_before_the_launches():
    rows = rows_of(effect=50.0)
    other = rows.assign(y=rows["y"] + 1_000 * (rows["since"] >= 0))
    found = [placebo(panel(one)) for one in (rows, other)]
    assert found[0].value == pytest.approx(found[1].value)
    assert not found[0].resolved


def test_anticipation_moves_the_base_back():
    rows = rows_of({6: 5}, never=6)
    total = whole(rollout(panel(rows), "never", 2))
    wide = rows.pivot_table(index=["group", "cut"], columns="step", values="y")
    change = wide.loc[:, 6:].sub(wide[3], axis=0).mean(axis=1)
    side = change.index.get_level_values("cut") > 0
    assert total.value / total.weight == pytest.approx(change[side].mean() - change[~side].mean())


def test_coarser_keeps_sums_and_counts_a_launch_inside_as_treated():
    made = panel(rows_of())
    small = coarser(made, 5)
    assert small.size == (18, 3)
    assert small.y[:, 0] == pytest.approx(made.y[:, :5].mean(axis=1))
    assert small.y[:, 2] == pytest.approx(made.y[:, 10:].mean(axis=1))
    assert set(small.first.tolist()) == {0, 1, 3}
    assert coarser(made, 1) is made


@pytest.mark.parametrize(
    ("how", "comparison", "why"),
    [
        ({"never": 0}, "never", 'comparison = "not_yet"'),
        ({"launches": {6: 5}, "never": 0}, "not_yet", "no launch has both"),
        ({"launches": {}, "never": 6}, "never", "no group is treated"),
        ({"launches": {20: 5}}, "never", "no group is treated"),
    ],
)
def test_what_cannot_be_compared_says_why(how, comparison, why):
    rows = rows_of(**how) if how.get("launches") != {} else rows_of({20: 1}, never=6)
    for found in (cs.staggered(panel(rows), comparison), rollout(panel(rows), comparison)):
        assert why in str(found)


def test_a_group_treated_from_the_first_period_on_is_left_out():
    rows = rows_of({0: 2, 6: 5})
    made = panel(rows)
    assert made.size[0] == 11
    assert "g00 and g01 left out: treated in every period" in made.notes[0]


def test_all_zero_has_no_interval():
    made = panel(rows_of().assign(y=0.0))
    total = whole(rollout(made))
    assert (total.value, total.se) == (0.0, None)
    assert cs.simple(cs.staggered(made), unit="1").value is None
