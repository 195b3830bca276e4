"""Money of every design against raw rows, and the fast path against the plain estimator."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from scipy import stats

from tests.assess import cases
from tests.bookkeeping import FIRST
from valuekit.accuracy.inventory import inventory_money
from valuekit.accuracy.payoff import payoff_value
from valuekit.assess import assess
from valuekit.assess.designs import build
from valuekit.assess.scene import scene
from valuekit.estimate import Period
from valuekit.uplift.holdout import holdout
from valuekit.uplift.sequence import multiplier, widened

WEEK = Period(FIRST + timedelta(days=20), FIRST + timedelta(days=33))
MATURE = Period(FIRST, FIRST + timedelta(days=89))


def same(one, other, *, grade):
    assert one.value == pytest.approx(other.value, rel=1e-9)
    assert one.se == pytest.approx(other.se, rel=1e-9)
    assert (one.low, one.high) == (pytest.approx(other.low), pytest.approx(other.high))
    assert one.n == other.n
    assert one.grade == grade


def lead(declared, made):
    here = scene(declared, "m", made)
    return build(here, here.model.evidence[0]), here


@pytest.fixture(scope="module")
def trial():
    declared, table = cases.holdout_workspace(), cases.units()
    return declared, table, cases.holdout_book(declared, table)


def test_holdout_money_is_welch_on_the_units_of_mature_days(trial):
    declared, table, made = trial
    card = assess(declared, "m", made)
    rows = table[table["day"] <= MATURE.last]
    t, c = (rows.loc[rows["arm"] == arm, "y"] for arm in ("offer", "control"))
    test = stats.ttest_ind(t, c, equal_var=False)
    interval = test.confidence_interval()
    value = card.period("all").value
    assert value.value == pytest.approx(len(t) * (t.mean() - c.mean()))
    reading = card.evidence[0].reading
    assert (reading.fixed_money.low, reading.fixed_money.high) == (
        pytest.approx(len(t) * interval.low), pytest.approx(len(t) * interval.high)
    )  # fmt: skip
    # 40 units a day, so a year holds 14,600; the sequence is tightest at half their information.
    final = 14_600 / (t.var() / 0.7 + c.var() / 0.3)
    half = multiplier(1 / (t.var() / len(t) + c.var() / len(c)), final / 2) * value.se
    assert (value.low, value.high) == (
        pytest.approx(value.value - half), pytest.approx(value.value + half)
    )  # fmt: skip
    assert "confidence sequence" in value.method
    assert (value.grade, card.grade) == ("A", "A")
    assert card.evidence[0].base_money == pytest.approx(len(t) * c.mean())
    assert "10 days of 100" in value.notes[-1]


def test_holdout_fast_path_is_the_estimator(trial):
    design, here = lead(*trial[::2])
    for period in (WEEK, MATURE):
        plain = holdout(here.fact("effect", period), "control", unit="EUR", period=period).money
        found = design.worth(period)
        # A fortnight in the middle is read at the width of a sequence planned for it.
        times = multiplier(2, 1) if period == WEEK else (found.high - found.value) / found.se
        same(found, widened(plain, times), grade="A")
    assert times == pytest.approx(3.09, abs=0.02)
    ended = [{"design": "holdout", "control": "control", "registered": FIRST,
              "allocation": [{"from": FIRST, "control": 0.3}], "until": MATURE.last}]  # fmt: skip
    declared = cases.holdout_workspace(evidence=ended)
    design, here = lead(declared, trial[2])
    for period in (WEEK, MATURE):
        plain = holdout(here.fact("effect", period), "control", unit="EUR", period=period).money
        same(design.worth(period), plain, grade="A")
    assert design.control_share == pytest.approx(0.3, abs=0.03)


def test_payoff_is_the_sum_over_rows_less_the_better_constant():
    declared, table = cases.payoff_workspace(), cases.scored()
    made = cases.payoff_book(declared, table)
    design, here = lead(declared, made)
    pay = {("1", "1"): 50, ("1", "0"): -10, ("0", "1"): -50, ("0", "0"): 5}
    rows = table[table["day"] <= MATURE.last]
    model = [pay[pair] for pair in zip(rows["predicted"], rows["label"], strict=True)]
    constant = {decision: sum(pay[decision, label] for label in rows["label"]) for decision in "01"}
    found = design.worth(MATURE)
    assert found.value == pytest.approx(sum(model) - max(constant.values()))
    assert design.base_in(MATURE) == pytest.approx(max(constant.values()))
    assert assess(declared, "m", made).period("all").value.value == pytest.approx(found.value)
    for period in (WEEK, MATURE):
        plain = payoff_value(
            here.fact("confusion", period), here.model.evidence[0].payoff,
            unit="EUR", without_model="act_on_all", period=period,
        ).gain_total  # fmt: skip
        same(design.worth(period), plain, grade="D")


def test_payoff_that_varies_by_row_takes_its_interval_from_days():
    table = cases.scored().assign(v=lambda t: t["p"] * 100)
    evidence = [{"design": "payoff", "payoff": {"tp": {"rate": 1}, "fp": -9, "fn": 0, "tn": 0}}]
    declared = cases.payoff_workspace(evidence=evidence)
    design, here = lead(declared, cases.payoff_book(declared, table))
    plain = payoff_value(
        here.fact("confusion", WEEK), here.model.evidence[0].payoff,
        unit="EUR", without_model="act_on_all", period=WEEK,
    ).gain_total  # fmt: skip
    same(design.worth(WEEK), plain, grade="D")


def test_the_constant_is_settled_once_so_that_weeks_add_up():
    declared = cases.payoff_workspace()
    card = assess(declared, "m", cases.payoff_book(declared, cases.scored()))
    whole = card.period("all").value.value
    last = max(i for i, week in enumerate(card.weeks) if week.mature)
    weeks = sum(week.value for week in card.weeks[: last + 1])
    rest = card.to_date[-1].net - card.to_date[-2].net if card.to_date else 0.0
    open_days = MATURE.last - (card.weeks[last].start + timedelta(days=6))
    assert open_days.days < 7
    assert weeks == pytest.approx(whole, rel=0.15)
    assert np.isfinite(rest)


def test_forecast_money_is_the_sum_over_rows():
    declared, table = cases.forecast_workspace(), cases.forecasts()
    design, here = lead(declared, cases.forecast_book(declared, table))
    until = Period(FIRST, FIRST + timedelta(days=94))
    rows = table[table["day"] <= until.last]
    e = rows["y"] - rows["f"]
    cost = np.where(e > 0, 3.4 * e, -1.1 * e)
    per = {name: cost[rows["forecaster"] == name].sum() for name in ("model", "seasonal_naive")}
    assert design.worth(until).value == pytest.approx(per["seasonal_naive"] - per["model"])
    assert design.base_in(until) == pytest.approx(-per["seasonal_naive"])
    plain = inventory_money(
        here.fact("error", WEEK), "seasonal_naive", 1.1, 3.4, unit="EUR", period=WEEK
    ).money
    same(design.worth(WEEK), plain, grade="D")


def test_hours_count_accepted_answers_or_all_when_none_says():
    declared = cases.hours_workspace()
    made = cases.costed(declared, cases.book({"volume": cases.volume([60] * 50, acted=30)}))
    card = assess(declared, "m", made)
    assert card.period("all").value.value == pytest.approx(50 * 30 * 4 / 60 * 30)
    assert card.grade == "D"
    unsaid = cases.hours_workspace(predictions={"table": "p", "id": "id", "time": "at"})
    assert assess(unsaid, "m", made).period("all").value.value == pytest.approx(50 * 60 * 2)


def test_a_declared_price_makes_the_money_an_assumption(trial):
    _, table, _ = trial
    declared = cases.holdout_workspace(metrics={"y": {"column": "y", "money": "2.5"}})
    card = assess(declared, "m", cases.holdout_book(declared, table))
    report = card.evidence[0]
    assert (report.grade, report.effect_grade) == ("D", "A")
    plain = assess(*_args(trial)).period("all").value.value
    assert card.period("all").value.value == pytest.approx(2.5 * plain)


def _args(trial):
    return trial[0], "m", trial[2]


def test_lower_is_better_turns_the_sign(trial):
    declared = cases.holdout_workspace(
        metrics={"y": {"column": "y", "already_money": True, "higher_is_better": False}}
    )
    card = assess(declared, "m", cases.holdout_book(declared, trial[1]))
    plain = assess(*_args(trial)).period("all").value.value
    assert card.period("all").value.value == pytest.approx(-plain)


def test_a_metric_without_a_price_has_an_effect_but_no_money(trial):
    declared = cases.holdout_workspace(metrics={"y": {"column": "y"}})
    card = assess(declared, "m", cases.holdout_book(declared, trial[1]))
    assert card.evidence[0].effect.known
    assert card.period("all").value.reason == "metric 'y' has no declared money value"
    assert card.verdict.action == "not enough evidence"


def test_net_return_and_bridge_hang_together(trial):
    card = assess(*_args(trial))
    whole = card.period("all")
    mature_cost = 90 * 50 * 0.01 + 3 * 3000
    assert whole.cost_attributed.value == pytest.approx(mature_cost, rel=0.01)
    assert whole.net.value == pytest.approx(whole.value.value - whole.cost_attributed.value)
    assert whole.roi.value == pytest.approx(whole.net.value / whole.cost_attributed.value)
    assert whole.bridge[-1].amount == pytest.approx(whole.net.value)
    assert card.to_date[-1].net == pytest.approx(whole.net.value)
    assert float(sum(line.amount for line in whole.costs)) == pytest.approx(
        whole.cost_attributed.value
    )


def test_a_build_before_the_first_day_counts_in_all_time_and_not_in_the_year():
    built = cases.COSTS | {
        "once": [{"category": "build", "amount": "700", "on": FIRST - timedelta(days=400)}]
    }
    declared = cases.holdout_workspace(costs=built)
    card = assess(declared, "m", cases.holdout_book(declared, cases.units()))
    whole, year = card.period("all"), card.period("year")
    assert whole.cost_attributed.value - year.cost_attributed.value == pytest.approx(700)
    assert whole.cost_marginal.value == pytest.approx(year.cost_marginal.value)
