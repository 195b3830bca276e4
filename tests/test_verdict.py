from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from valuekit.decision.case import Case, Drop
from valuekit.estimate import Estimate, unknown
from valuekit.verdict import decide

CASE = Case(
    title="Churn rescue",
    currency="EUR",
    value=Estimate(value=400_000.0, unit="EUR", se=30_000.0, grade="A"),
    days=365,
    base=4_000_000.0,
    comparison=True,
    control_share=0.1,
    cost=80_000.0,
    horizon=365,
)
DROP = Drop(
    day=date(2026, 7, 14),
    text="ROC AUC went from 0.86 to 0.66 on 14 Jul 2026; €212k lost since.",
    before=1600.0,
    after=-1200.0,
    sudden=True,
    of_performance=True,
    resolved=True,
)


def money(value, se, grade="A"):
    return Estimate(value=value, unit="EUR", se=se, grade=grade)


def assumed(value, se=1000.0, base=100_000.0, **more):
    return replace(
        CASE, value=money(value, se, "D"), base=base, comparison=False, control_share=None, **more
    )


def test_a_clear_earner_is_kept_and_the_reasons_carry_figures():
    found = decide(CASE)
    assert found.action == "keep"
    assert found.p_loss < 0.01
    assert "€80.0k of running cost" in found.reasons[0]
    assert "below 1%" in found.reasons[1]
    assert "grade A" in found.reasons[2]
    assert found.next_step


def test_a_star_on_an_assumption_is_kept():
    found = decide(assumed(1_000_000.0, cost=100_000.0))
    assert found.action == "keep"
    assert found.expected_keep == pytest.approx(900_000.0)


def test_a_measured_loser_is_retired():
    found = decide(replace(CASE, value=money(5_000.0, 10_000.0), base=2e6, cost=300_000.0))
    assert found.action == "retire"
    assert found.p_loss > 0.99
    assert found.expected_loss_retire < found.expected_loss_keep


@pytest.mark.parametrize("value", [-500_000.0, -1_000.0, 0.0, 10_000.0])
def test_an_assumption_alone_never_retires(value):
    found = decide(assumed(value, cost=300_000.0))
    assert found.action == "measure first"


def test_a_close_call_is_measured_first():
    found = decide(replace(CASE, value=money(150_000.0, 60_000.0), base=2e6))
    assert found.action == "measure first"
    assert found.value_of_information > found.holdout_cost
    assert "holdout of" in found.reasons[-1]
    assert "control group" in found.next_step


def test_a_verdict_that_another_allowance_would_change_is_measured_first():
    flipping = [
        found
        for value in range(60_000, 400_000, 2_000)
        if (found := decide(replace(CASE, value=money(float(value), 8_000.0, "C")))).flips
    ]
    assert flipping
    assert {one.action for one in flipping} == {"measure first"}


def test_a_model_that_broke_is_retrained_when_it_was_worth_it_before():
    broken = assumed(-91_000.0, 9_000.0, 300_000.0, days=76, drop=DROP, cost=88_000.0)
    assert decide(broken).action == "retrain"
    assert DROP.text in decide(broken).reasons


@pytest.mark.parametrize(
    "change",
    [
        {"of_performance": False},
        {"sudden": False},
        {"resolved": False},
        {"before": 100.0},  # was not worth its cost before either
    ],
)
def test_retraining_needs_a_sudden_resolved_drop_of_a_model_worth_it(change):
    broken = assumed(-91_000.0, 9_000.0, 300_000.0, days=76, drop=replace(DROP, **change),
                     cost=88_000.0)  # fmt: skip
    assert decide(broken).action != "retrain"


def test_a_small_drop_is_watched_not_retrained():
    small = replace(DROP, before=1200.0, after=1100.0)
    assert decide(replace(CASE, drop=small)).action == "watch"


def test_a_slow_decline_of_an_earner_is_watched():
    found = decide(replace(CASE, decay="Its performance has been getting worse, week by week."))
    assert found.action == "watch"
    assert "declining" in found.headline


def test_nothing_mature_names_the_day():
    found = decide(
        replace(CASE, value=unknown("no outcome", "EUR"), days=0, maturing=date(2026, 12, 19))
    )
    assert found.action == "not enough evidence"
    assert "19 Dec 2026" in found.reasons[0]
    assert found.p_loss is None


def test_a_missing_cost_does_not_hide_that_the_value_is_unknown():
    blocked = unknown("the declared split was not kept, which blocks the claim", "EUR")
    found = decide(replace(CASE, value=blocked, withheld="no costs are declared for this model"))
    assert found.action == "not enough evidence"
    assert found.reasons == (
        "The declared split was not kept, which blocks the claim.",
        "No costs are declared for this model.",
    )


def test_withheld_says_why_and_gives_no_numbers():
    found = decide(replace(CASE, withheld="only 71% of predictions found their outcome"))
    assert found.action == "not enough evidence"
    assert found.reasons == ("Only 71% of predictions found their outcome.",)
    assert found.expected_keep is None


def test_without_evidence_it_must_be_measured():
    found = decide(replace(CASE, value=unknown("none", "EUR"), days=0, no_evidence=True))
    assert found.action == "measure first"
    assert "No evidence is declared" in found.reasons[0]


def test_a_retired_model_stays_retired():
    found = decide(replace(CASE, retired=date(2026, 3, 1)))
    assert (found.action, found.headline) == ("retire", "Churn rescue was retired on 1 Mar 2026")


def test_a_single_day_says_nothing_about_a_year():
    found = decide(replace(CASE, days=1))
    assert found.action == "not enough evidence"
    assert "Only 1 mature day is" in found.reasons[0]


def test_a_comparison_without_an_interval_is_no_evidence():
    found = decide(replace(CASE, value=Estimate(value=1e6, unit="EUR", reason="few days")))
    assert found.action == "not enough evidence"


def test_no_cost_at_all_still_decides():
    assert decide(replace(CASE, cost=0.0)).action == "keep"
    assert decide(assumed(0.0, 0.0, 0.0, cost=0.0)).action == "keep"
