"""Every lack of data is a designed scorecard: whole, JSON-ready, with the reason in words."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from tests.assess import cases
from tests.bookkeeping import FIRST, book
from tests.workspaces import workspace
from valuekit.assess import assess
from valuekit.scorecard import from_json, to_json


def card(declared, made):
    found = assess(declared, "m", made)
    assert from_json(to_json(found)) == found
    assert found.headline
    assert found.verdict.reasons
    return found


WORKSPACES = {
    "holdout": cases.holdout_workspace,
    "payoff": cases.payoff_workspace,
    "forecast": cases.forecast_workspace,
    "hours": cases.hours_workspace,
    "none": lambda **more: workspace({"m": {"costs": cases.COSTS} | more}),
}


@pytest.mark.parametrize("kind", WORKSPACES)
def test_an_empty_model_has_no_data_and_no_zeros(kind):
    declared = WORKSPACES[kind]()
    found = card(declared, cases.costed(declared, book({}, complete_through=None)))
    assert found.headline.endswith("has no data yet")
    assert found.periods == found.weeks == found.to_date == ()
    assert found.grade is None
    assert found.health.coverage.value is None
    assert found.verdict.action in {"not enough evidence", "measure first"}
    assert found.verdict.expected_keep is None
    assert all(one.money.value is None for one in found.evidence)


@pytest.mark.parametrize("kind", ["holdout", "payoff", "forecast"])
def test_nothing_mature_names_the_day_on_which_it_will_be(kind):
    young = cases.days(4)
    made = {
        "holdout": lambda d: cases.costed(
            d, book({"effect": cases.effect_frame(cases.units(200, 4)),
                     "volume": cases.volume([5] * 4)})
        ),
        "payoff": lambda d: _short(cases.payoff_book(d, cases.scored(200, 4)), 4),
        "forecast": lambda d: _short(cases.forecast_book(d, cases.forecasts(4)), 4),
    }[kind]  # fmt: skip
    declared = WORKSPACES[kind]()
    found = card(declared, made(declared))
    when = young[0] + timedelta(days=5 if kind == "forecast" else 10)
    assert f"the first outcomes mature on {when.day} Jan 2026" in found.headline
    assert found.verdict.action == "not enough evidence"
    assert f"{when.day} Jan 2026" in found.verdict.reasons[0]
    assert found.period("all").value.value is None
    assert found.period("all").cost_attributed.value > 0
    assert not any(week.mature for week in found.weeks)


def _short(made, length):
    last = FIRST + timedelta(days=length - 1)
    facts = {
        name: frame[frame["day"] <= str(last)].reset_index(drop=True)
        for name, frame in made.facts.items()
    }
    return type(made)(facts, made.registered, FIRST, last, last, last)


def test_a_one_armed_holdout_claims_nothing():
    declared = cases.holdout_workspace()
    table = cases.units()
    found = card(declared, cases.holdout_book(declared, table[table["arm"] == "offer"]))
    assert found.evidence[0].money.value is None
    assert "Only one side has data" in found.period("all").value.reason
    assert found.verdict.action == "not enough evidence"
    assert "has no known value" in found.headline


def test_no_cost_declared_is_unknown_cost_not_zero():
    declared = cases.holdout_workspace(costs={})
    found = card(declared, cases.holdout_book(declared, cases.units()))
    assert found.period("all").net.value is None
    assert "added €" in found.headline
    assert "before costs" in found.headline
    assert "No costs are declared" in found.verdict.reasons[0]


def test_a_cost_declared_as_zero_is_zero_and_roi_is_undefined():
    declared = cases.holdout_workspace(costs={"per_prediction": 0})
    found = card(declared, cases.holdout_book(declared, cases.units()))
    whole = found.period("all")
    assert whole.cost_attributed.value == 0
    assert whole.net.value == whole.value.value
    assert whole.roi.reason == "undefined: the cost is zero"
    assert found.verdict.action == "keep"


def test_no_evidence_declared_is_an_unknown_value_with_a_next_step():
    declared = cases.payoff_workspace(evidence=[])
    found = card(declared, cases.payoff_book(declared, cases.scored()))
    assert "no evidence is declared" in found.headline
    assert found.verdict.action == "measure first"
    assert found.accuracy.figures
    assert all(one.effect.value is None for one in found.segments)


def test_a_model_without_scores_or_labels_says_so():
    declared = cases.hours_workspace()
    found = card(
        declared, cases.costed(declared, book({"volume": cases.volume([9] * 60, acted=3)}))
    )
    assert found.accuracy.figures == ()
    assert "No label is declared" in found.accuracy.withheld
    assert found.degradation.performance_name == "Share accepted"
    assert found.degradation.drifts == ()


def test_low_coverage_withholds_the_verdict_and_the_money():
    declared = cases.payoff_workspace()
    made = cases.payoff_book(declared, cases.scored())
    served = made.facts["volume"].assign(predictions=lambda v: v["predictions"] * 2)
    thin = type(made)({**made.facts, "volume": served}, made.registered, made.first, made.last,
                      made.complete_through, made.as_of)  # fmt: skip
    found = card(declared, thin)
    assert found.health.coverage.value == pytest.approx(0.5)
    assert found.verdict.action == "not enough evidence"
    assert "50% of entries found their outcome, below the floor of 90%" in found.verdict.reasons[0]
    for money in (found.period("all").value, found.period("all").net, found.evidence[0].money):
        assert money.value is None
        assert "50% of entries found their outcome" in money.reason
    assert found.accuracy.figures  # what the labelled rows say stays


def test_uncosted_predictions_withhold_the_verdict():
    costs = cases.COSTS | {"tokens": [{"token": "input", "per_million": 1, "from": FIRST}]}
    declared = cases.payoff_workspace(costs=costs)
    found = card(declared, cases.payoff_book(declared, cases.scored()))
    assert found.health.costed.value == 0
    assert "have a cost" in found.verdict.reasons[0]
    whole = found.period("all")
    assert whole.value.known
    assert whole.net.value is None
    assert "have a cost" in whole.net.reason


def test_a_missing_row_that_counts_as_zero_has_no_coverage():
    declared = cases.holdout_workspace()
    found = card(declared, cases.holdout_book(declared, cases.units()))
    assert found.health.coverage.value is None
    assert "counts as zero" in found.health.coverage.reason


def test_a_retired_model_stays_with_its_figures():
    until = FIRST + timedelta(days=99)
    declared = cases.payoff_workspace(retired=until)
    made = cases.payoff_book(declared, cases.scored())
    later = type(made)(made.facts, made.registered, made.first, made.last,
                       until + timedelta(days=300), until + timedelta(days=300))  # fmt: skip
    found = card(declared, later)
    assert found.verdict.headline == "Fraud stop was retired on 10 Apr 2026"
    assert found.period("all").value.known
    assert found.period("month") is None


def test_facts_after_the_last_day_of_the_analysis_are_left_out():
    declared = cases.payoff_workspace()
    made = cases.payoff_book(declared, cases.scored())
    early = FIRST + timedelta(days=49)
    settings = declared.workspace.model_copy(update={"as_of": early})
    declared = declared.model_copy(update={"workspace": settings})
    found = card(declared, type(made)(made.facts, made.registered, made.first, made.last,
                                      made.complete_through, early))  # fmt: skip
    assert found.as_of == early
    assert found.health.mature_through == early - timedelta(days=10)
    assert max(week.start for week in found.weeks) <= early


def test_a_loss_before_undeclared_costs_is_called_a_loss():
    declared = cases.holdout_workspace(costs={})
    found = card(declared, cases.holdout_book(declared, cases.units(lift=-3.0)))
    assert found.period("all").value.value < 0
    assert " lost €" in found.headline


def test_what_would_settle_it_has_one_answer():
    declared = cases.holdout_workspace()
    found = card(declared, cases.holdout_book(declared, cases.units(lift=0.2)))
    assert found.settlement.units
    assert found.evidence[0].settle == found.settlement.text


def test_outcomes_after_the_last_prediction_complete_the_days_before():
    declared = cases.payoff_workspace()
    made = cases.payoff_book(declared, cases.scored())
    for more, through in ((0, 89), (4, 93), (10, 99), (300, 99)):
        seen = made.last + timedelta(days=more)
        found = card(declared, type(made)(made.facts, made.registered, made.first, made.last,
                                          seen, made.as_of))  # fmt: skip
        assert found.as_of == made.last
        assert found.health.mature_through == FIRST + timedelta(days=through)
        assert found.health.immature_days == 99 - through


def test_days_after_the_end_of_a_model_are_not_called_immature():
    declared = cases.payoff_workspace()
    made = cases.payoff_book(declared, cases.scored())
    later = made.last + timedelta(days=60)
    found = card(declared, type(made)(made.facts, made.registered, made.first, made.last,
                                      later, later))  # fmt: skip
    value = found.period("all").value
    assert value.known
    assert not any("not mature" in reason for reason in (value.reason, value.method))


def test_amounts_in_costs_stay_decimal():
    declared = cases.payoff_workspace()
    found = card(declared, cases.payoff_book(declared, cases.scored()))
    assert all(isinstance(one.amount, Decimal) for one in found.period("all").costs)
