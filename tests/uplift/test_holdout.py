"""The stratified holdout against raw rows, its laws, and its honest silences."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tests.facts_from_rows import effect_frame
from valuekit.critical import critical
from valuekit.moments import Moments
from valuekit.uplift.arms import ArmFacts, Epochs, arm_facts, arm_rows
from valuekit.uplift.holdout import by_arm, holdout
from valuekit.uplift.stratified import freedom, stratify_epochs, total, variance
from valuekit.uplift.timeline import timeline
from valuekit.uplift.welch import p_value, welch

EPOCHS = ("2026-01-05", "2026-05-01")


def trial(seed: int = 1, n: int = 900, effect: float = 1.0) -> pd.DataFrame:
    """Two epochs, 50% and then 90% treated, with cohorts that differ."""
    rng = np.random.default_rng(seed)
    late = rng.random(n) < 0.5
    treated = rng.random(n) < np.where(late, 0.9, 0.5)
    y = rng.gamma(2, 2, n) + 5 * late + effect * treated
    return pd.DataFrame(
        {
            "epoch": np.where(late, EPOCHS[1], EPOCHS[0]),
            "day": np.where(late, "2026-05-03", "2026-01-06"),
            "arm": np.where(treated, "offer", "control"),
            "y": y,
        }
    )


def test_one_epoch_is_welch_times_the_treated_units():
    rows = trial()[lambda t: t["epoch"] == EPOCHS[0]]
    treated, control = (rows.loc[rows["arm"] == arm, "y"] for arm in ("offer", "control"))
    oracle = stats.ttest_ind(treated, control, equal_var=False)
    interval = oracle.confidence_interval(0.95)
    found = holdout(effect_frame(rows), "control", unit="EUR", per="customer")
    assert found.effect.value == pytest.approx(treated.mean() - control.mean())
    assert (found.effect.low, found.effect.high) == pytest.approx((interval.low, interval.high))
    assert found.effect.df == pytest.approx(oracle.df)
    assert p_value(found.effect) == pytest.approx(oracle.pvalue)
    assert found.money.value == pytest.approx(len(treated) * (treated.mean() - control.mean()))
    assert found.money.unit == "EUR"
    assert found.effect.unit == "EUR/customer"
    assert found.base == pytest.approx(len(treated) * control.mean())
    assert found.money.grade is None


def test_money_is_the_sum_over_epochs():
    rows = trial()
    value = spread = 0.0
    for _, part in rows.groupby("epoch"):
        treated, control = (part.loc[part["arm"] == arm, "y"] for arm in ("offer", "control"))
        n = len(treated)
        value += n * (treated.mean() - control.mean())
        spread += n**2 * (treated.var() / n + control.var() / len(control))
    found = holdout(effect_frame(rows), "control", unit="EUR", value=2.0)
    assert found.money.value == pytest.approx(2 * value)
    assert found.money.se == pytest.approx(2 * np.sqrt(spread))
    assert found.effect.value == pytest.approx(found.money.value / found.units)
    assert "2 allocation epochs" in found.money.method


def test_pooling_across_a_change_of_allocation_would_be_biased():
    rows = trial(n=6000, effect=1.0)
    by_epoch = holdout(effect_frame(rows), "control", unit="EUR").effect
    pooled = holdout(effect_frame(rows.assign(epoch="all")), "control", unit="EUR").effect
    assert by_epoch.low < 1.0 < by_epoch.high
    assert pooled.low > 1.5  # the later, richer cohort is mostly treated


def test_several_treated_arms_share_one_control():
    rng = np.random.default_rng(4)
    rows = pd.DataFrame(
        {"arm": rng.choice(["control", "a", "b"], 3000), "y": rng.normal(5, 2, 3000)}
    )
    found = holdout(effect_frame(rows), "control", unit="EUR")
    y = {arm: rows.loc[rows["arm"] == arm, "y"] for arm in ("control", "a", "b")}
    na, nb, base = len(y["a"]), len(y["b"]), y["control"]
    money = na * (y["a"].mean() - base.mean()) + nb * (y["b"].mean() - base.mean())
    spread = na * y["a"].var() + nb * y["b"].var() + (na + nb) ** 2 * base.var() / len(base)
    assert found.money.value == pytest.approx(money)
    assert found.money.se == pytest.approx(np.sqrt(spread))
    assert found.units == na + nb
    assert found.control_units == len(base)
    each = by_arm(effect_frame(rows), "control", unit="EUR")
    assert list(each) == ["a", "b"]
    assert sum(one.money.value for one in each.values()) == pytest.approx(money)
    some = holdout(effect_frame(rows), "control", ["a"], unit="EUR")
    assert some.money.value == pytest.approx(each["a"].money.value)


def test_an_epoch_without_control_is_left_out_and_named():
    rows = trial()
    rows = rows[(rows["epoch"] == EPOCHS[0]) | (rows["arm"] == "offer")]
    found = holdout(effect_frame(rows), "control", unit="EUR")
    first = holdout(effect_frame(rows[rows["epoch"] == EPOCHS[0]]), "control", unit="EUR")
    assert found.money.value == pytest.approx(first.money.value)
    assert found.units == first.units
    (said,) = found.excluded
    assert EPOCHS[1] in said
    assert "control arm has 0 units" in said
    assert said in found.money.notes


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (pd.DataFrame({"arm": ["offer"] * 3, "y": [1.0, 2, 3]}), "no units in the control arm"),
        (pd.DataFrame({"arm": ["control"] * 3, "y": [1.0, 2, 3]}), "no units in any other arm"),
        (pd.DataFrame({"arm": ["control", "offer"], "y": [1.0, 2]}), "at least two units"),
    ],
)
def test_unknown_with_a_reason(rows, reason):
    found = holdout(effect_frame(rows), "control", unit="EUR")
    assert not found.money.known
    assert not found.effect.known
    assert found.base is None
    assert reason in found.money.reason


def test_arms_without_variance_are_a_point_without_an_interval():
    rows = pd.DataFrame({"arm": ["control", "offer"] * 3, "y": [1.0, 2] * 3})
    found = holdout(effect_frame(rows), "control", unit="EUR", value=5.0)
    for figure, value in ((found.money, 15.0), (found.effect, 5.0)):
        assert figure.value == pytest.approx(value)
        assert (figure.low, figure.high, figure.se) == (None, None, None)
        assert not figure.resolved
        assert "same outcome" in figure.notes[0]
    assert found.base == pytest.approx(15.0)


def test_no_units_at_all():
    found = holdout(effect_frame(trial()).iloc[:0], "control", unit="EUR")
    assert "No units" in found.money.reason
    assert timeline(effect_frame(trial()).iloc[:0], "control") == ()


def test_units_without_an_outcome_are_left_out_and_counted():
    rows = trial()
    rows.loc[::10, "y"] = np.nan
    found = holdout(effect_frame(rows), "control", unit="EUR")
    known = holdout(effect_frame(rows.dropna()), "control", unit="EUR")
    assert found.money.value == pytest.approx(known.money.value)
    assert found.money.notes == ("90 units without a known outcome are left out.",)


def test_capped_difference():
    rows = trial()
    clipped = rows.assign(y=rows["y"].clip(upper=6))
    found = holdout(effect_frame(rows, cap=6), "control", unit="EUR", capped=True)
    oracle = holdout(effect_frame(clipped), "control", unit="EUR")
    assert found.money.value == pytest.approx(oracle.money.value)
    assert found.money.se == pytest.approx(oracle.money.se)
    assert found.money.method.startswith("capped")


@settings(max_examples=25)
@given(st.integers(0, 50), st.floats(-1e6, 1e6), st.floats(0.01, 100))
def test_shift_moves_nothing_and_scale_scales(seed, shift, scale):
    rows = trial(seed, n=80)
    plain = holdout(effect_frame(rows), "control", unit="EUR").effect
    moved = holdout(effect_frame(rows.assign(y=shift + scale * rows["y"])), "control", unit="EUR")
    assert moved.effect.value == pytest.approx(scale * plain.value, rel=1e-4, abs=1e-6)
    assert moved.effect.se == pytest.approx(scale * plain.se, rel=1e-4)


@settings(max_examples=25)
@given(st.integers(0, 50), st.integers(1, 9))
def test_splitting_days_changes_nothing(seed, days):
    rows = trial(seed, n=90)
    split = rows.assign(day=[f"2026-01-{1 + i % days:02d}" for i in range(len(rows))])
    whole, parts = (holdout(effect_frame(one), "control", unit="EUR") for one in (rows, split))
    assert parts.money.value == pytest.approx(whole.money.value, rel=1e-9)
    assert parts.money.se == pytest.approx(whole.money.se, rel=1e-9)
    assert parts.money.df == pytest.approx(whole.money.df, rel=1e-9)


def test_rows_of_two_metrics_are_refused():
    frame = effect_frame(trial())
    both = pd.concat([frame, frame.assign(metric="z")])
    with pytest.raises(ValueError, match="several metrics"):
        holdout(both, "control", unit="EUR")


def quick(rows: pd.DataFrame) -> Epochs:
    """The cells of a trial straight from rows, for simulations."""
    epochs: Epochs = {}
    for (epoch, arm), part in rows.groupby(["epoch", "arm"]):
        moments = Moments.from_rows({"y": part["y"]})
        n = moments.n
        epochs.setdefault(str(epoch), {})[str(arm)] = ArmFacts(moments, moments, n, n, 0, 0, n)
    return epochs


def test_interval_covers():
    hits = 0
    for seed in range(500):
        strata = stratify_epochs(quick(trial(seed, n=300)), "control")
        effect = total(strata.terms) / strata.units
        half = critical(0.95, freedom(strata.terms)) * math.sqrt(variance(strata.terms))
        hits += abs(effect - 1.0) <= half / strata.units
    assert 0.925 <= hits / 500 <= 0.975


def test_timeline_ends_at_the_effect():
    rng = np.random.default_rng(3)
    rows = trial(n=2000)
    days = pd.Timestamp("2026-01-05") + pd.to_timedelta(rng.integers(0, 100, len(rows)), unit="D")
    frame = effect_frame(rows.assign(day=days.strftime("%Y-%m-%d")))
    steps = timeline(frame, "control", value=2.0)
    whole = holdout(frame, "control", unit="EUR", value=2.0).effect
    assert (steps[-1].value, steps[-1].low, steps[-1].high) == pytest.approx(
        (whole.value, whole.low, whole.high)
    )
    assert [step.day for step in steps] == sorted({step.day for step in steps})
    assert all(step.day.weekday() == 6 for step in steps[:-1])
    third = frame[frame["day"] <= pd.Timestamp(steps[2].day)]
    assert steps[2].value == pytest.approx(
        holdout(third, "control", unit="EUR", value=2.0).effect.value
    )


def test_arms_as_listed():
    rows = trial()
    extra = pd.DataFrame({"epoch": EPOCHS[0], "day": "2026-01-06", "arm": "aside", "y": [1.0]})
    frame = effect_frame(pd.concat([rows, extra]))
    listed = arm_rows(frame, "control", "offer")
    assert [(one.name, one.role) for one in listed] == [
        ("control", "control"), ("offer", "treated"), ("aside", "other"),
    ]  # fmt: skip
    assert listed[1].mean == pytest.approx(rows.loc[rows["arm"] == "offer", "y"].mean())
    assert listed[1].sd == pytest.approx(rows.loc[rows["arm"] == "offer", "y"].std())
    assert listed[2].sd is None
    assert arm_facts(frame)["offer"].units == listed[1].units


def test_welch_is_honest_about_little():
    one, two = Moments.from_rows({"y": [1.0]}), Moments.from_rows({"y": [2.0, 2.0]})
    assert "1 unit;" in welch(one, two, unit="EUR").reason
    assert "same outcome" in welch(two, two, unit="EUR").reason
    assert p_value(welch(one, two, unit="EUR")) is None
