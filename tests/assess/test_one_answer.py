"""What would settle it reads the same wherever it stands, and says what it costs."""

from __future__ import annotations

import pytest

from tests.assess import cases
from tests.bookkeeping import FIRST
from valuekit.assess import assess
from valuekit.planning import described, plan
from valuekit.uplift.cheapest import Basis, Traffic

ENTRY = {
    "design": "holdout", "control": "control", "registered": FIRST,
    "allocation": [{"from": FIRST, "control": 0.3}],
}  # fmt: skip


def card(table, cost="3000"):
    costs = {"monthly": [{"category": "people", "amount": cost, "from": FIRST}]}
    declared = cases.holdout_workspace(evidence=[ENTRY], costs=costs)
    return assess(declared, "m", cases.holdout_book(declared, table))


def noisy(lift):
    """Units whose outcomes vary so much that no year of them tells the effect."""
    table = cases.units(lift=lift)
    return table.assign(y=table["y"] * 40)


@pytest.mark.parametrize(
    "made",
    [lambda: card(cases.units()), lambda: card(cases.units(lift=-2.0)), lambda: card(noisy(0.02))],
    ids=["settled", "loses", "out of reach"],
)
def test_the_evidence_and_the_settlement_give_one_answer(made):
    found = made()
    assert found.evidence[0].settle == found.settlement.text


def test_a_way_out_of_reach_is_no_number_of_units_elsewhere():
    found = card(noisy(0.3))
    assert found.settlement.units is None
    assert "out of reach" in found.evidence[0].settle
    assert "units in all" not in found.evidence[0].settle
    asks = found.verdict.action == "measure first"
    assert ("the verdict names" in found.settlement.text) == (
        asks and found.verdict.value_of_information > found.verdict.holdout_cost
    )
    assert asks
    assert any("need not settle" in one for one in found.verdict.reasons)


def test_a_rough_answer_that_costs_more_than_it_is_worth_is_not_bought():
    """Expected to lose 122,000 a year: a trial would go on losing 6,000 to learn for 800."""
    verdict = card(noisy(0.02)).verdict
    assert verdict.action == "retire"
    assert verdict.value_of_information < verdict.holdout_cost


def test_what_a_holdout_forgoes_is_the_effect_times_its_control_units():
    wins, loses = (card(cases.units(lift=lift), cost="300") for lift in (3.0, -2.0))
    for found in (wins, loses):
        way, effect = found.settlement, found.evidence[0].effect.value
        assert way.cost.value == pytest.approx(effect * way.share * way.units)
    assert "forgoes about" in wins.settlement.text
    assert "saves about" in loses.settlement.text


@pytest.mark.parametrize(
    ("worth", "said"), [(None, "unknown"), (2.0, "€"), (-2.0, "none: as the model loses")]
)
def test_a_plan_says_what_it_costs_or_why_nobody_knows(worth, said):
    basis = Basis(Traffic(80.0, 80.0, 100.0), worth, 1.5, "unit", "what was given")
    made = plan("m", basis, currency="EUR", metric="y", start=FIRST)
    assert made.cost == (None if worth is None else pytest.approx(worth * made.control_units))
    assert dict(described(made))["Opportunity cost"].startswith(said)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda t: t.assign(y=7.0), "every unit of an arm has the same outcome"),
        (lambda t: t.assign(y=0.0), "every unit of an arm has the same outcome"),
        (lambda t: t.groupby("arm").head(1), "no arm has two units"),
    ],
    ids=["zero variance", "all zero", "two units"],
)
def test_a_declared_money_metric_is_not_asked_for_again(change, why):
    found = card(change(cases.units()))
    assert why in found.settlement.text
    assert "declare" not in found.settlement.text
