from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.factories import scorecards
from valuekit.estimate import Period, unknown
from valuekit.missing import missing
from valuekit.portfolio import portfolio
from valuekit.text import money

CARDS = scorecards()
PERIODS = ["all", "year", "quarter", "prior_quarter", "month"]


def known(name):
    return [one.period(name) for one in CARDS if one.period(name).value.known]


def changed(card, **figures):
    periods = tuple(replace(one, **figures) for one in card.periods)
    return replace(card, periods=periods)


@pytest.mark.parametrize("name", PERIODS)
def test_values_and_variances_add_and_what_is_unknown_is_named(name):
    found = portfolio(CARDS, name)
    assert found.value.value == pytest.approx(sum(one.value.value for one in known(name)))
    assert found.value.se == pytest.approx(math.sqrt(sum(one.value.se**2 for one in known(name))))
    assert found.cost.value == pytest.approx(
        sum(one.period(name).cost_attributed.value for one in CARDS)
    )
    assert found.net.value == pytest.approx(found.value.value - found.cost.value)
    assert found.unknown == ("Win-back timing",)
    assert found.predictions == sum(one.period(name).predictions for one in CARDS)


@pytest.mark.parametrize("name", PERIODS)
def test_grades_add_up_to_the_value_and_the_bridge_to_net(name):
    found = portfolio(CARDS, name)
    graded = [one for one in found.by_grade if one.grade]
    assert sum(one.value.value for one in graded) == pytest.approx(found.value.value)
    assert sum(one.models for one in found.by_grade) == len(CARDS)
    assert found.by_grade[-1].grade is None
    assert sum(one.amount for one in found.bridge[:-1]) == pytest.approx(found.bridge[-1].amount)
    assert found.bridge[-1].amount == pytest.approx(found.net.value)


def test_measured_money_is_split_by_whether_it_is_told_from_zero():
    open_ended = replace(CARDS[0].period("year").value, low=-1.0)
    cards = [changed(CARDS[0], value=open_ended), *CARDS[1:]]
    found = portfolio(cards, "year")
    values = [one.period("year").value for one in cards]
    measured = [one for one in values if one.known and one.grade in {"A", "B"}]
    resolved = sum(one.value for one in measured if one.resolved)
    rest = sum(one.value for one in measured if not one.resolved)
    assert rest
    assert found.measured_resolved.value == pytest.approx(resolved)
    assert found.measured_unresolved.value == pytest.approx(rest)


def test_the_headline_branches_on_the_numbers():
    whole = portfolio(CARDS, "year").headline
    assert whole.startswith("Your 8 models earned €")
    assert whole.endswith("after costs; the value of 1 is not known")
    rich = [one for one in CARDS if one.model != "winback"]
    assert portfolio(rich, "year").headline.startswith("Your 7 models earned €")
    losing = [one for one in CARDS if one.model == "leads"]
    assert "more than they earned" in portfolio(losing, "year").headline
    young = [one for one in CARDS if one.model == "winback"]
    assert portfolio(young, "year").headline.startswith("Too early to say")
    assert portfolio([], "year").headline == "No model has been measured yet"


def test_a_sum_that_may_be_nothing_is_only_probably_earned():
    held = CARDS[0].period("year")
    wide = replace(held.net, se=held.net.value, low=-held.net.value, high=3 * held.net.value)
    assert (
        "Your 1 model probably earned €"
        in portfolio([changed(CARDS[0], net=wide)], "year").headline
    )


def test_the_cost_of_a_model_of_unknown_value_is_in_net_and_said():
    """What stands beside the rows of the table explains why they do not add up to the sum."""
    (young,) = [one for one in CARDS if one.model == "winback"]
    found = portfolio(CARDS, "year")
    rows = sum(one.period("year").net.value for one in CARDS if one is not young)
    cost = young.period("year").cost_attributed.value
    assert found.unvalued_cost == pytest.approx(cost)
    assert found.net.value == pytest.approx(rows - cost)
    assert missing(found) == (
        "The value of 1 model is unknown and not in these sums; "
        f"its cost of {money(cost, 'EUR')} is: {young.title}."
    )


def test_what_is_missing_is_named_by_its_kind():
    none = unknown("no costs are declared", "EUR")
    free = changed(CARDS[0], cost_attributed=none, net=none, costs=())
    absent = replace(CARDS[1], periods=())
    said = missing(portfolio([free, absent, *CARDS[2:]], "year"))
    assert f"The cost of 1 model is unknown, so net leaves it out: {free.title}." in said
    assert said.endswith(f"No data in this period: {absent.title}.")
    assert missing(portfolio(CARDS[:1], "year")) == ""


def test_without_models_nothing_is_zero():
    found = portfolio([], "year")
    assert (found.value.value, found.cost.value, found.net.value) == (None, None, None)
    assert found.period is None


def test_a_model_without_known_costs_is_left_out_of_net_and_said():
    why = unknown("no costs are declared", "EUR")
    cards = [changed(CARDS[0], cost_attributed=why, net=why, costs=()), *CARDS[1:]]
    found = portfolio(cards, "year")
    assert found.net.value == pytest.approx(portfolio(CARDS[1:], "year").net.value)
    assert "1 model without known costs left out." in found.net.notes
    assert sum(one.amount for one in found.bridge[:-1]) == pytest.approx(found.net.value)


def test_a_loss_before_undeclared_costs_is_called_a_loss():
    none = unknown("no costs are declared", "EUR")
    loss = CARDS[0].period("year").value.scaled(-1, "EUR")
    cards = [changed(CARDS[0], value=loss, net=none, cost_attributed=none)]
    assert portfolio(cards, "year").headline.startswith("Your 1 model lost €")


def test_several_currencies_are_refused():
    with pytest.raises(ValueError, match="EUR and USD"):
        portfolio([CARDS[0], replace(CARDS[1], currency="USD")], "year")


def test_only_a_quarter_is_compared_with_the_one_before():
    assert portfolio(CARDS, "quarter").net_before.value == pytest.approx(
        portfolio(CARDS, "prior_quarter").net.value
    )
    assert portfolio(CARDS, "year").net_before.value is None


def stub(card, days):
    """The card of a model with only some days of the quarter before."""
    last = card.period("prior_quarter").period.last
    cut = Period(last - timedelta(days=days - 1), last)
    periods = tuple(
        replace(one, period=cut) if one.name == "prior_quarter" else one for one in card.periods
    )
    return replace(card, periods=periods)


def test_a_few_days_are_no_quarter_to_compare_with():
    young = [stub(card, 4) for card in CARDS]
    assert [card.quarter_before() for card in young] == [None] * len(CARDS)
    found = portfolio(young, "quarter").net_before
    assert (found.value, found.reason) == (None, "no model has data for the whole quarter before")


def test_a_model_that_began_in_the_quarter_before_counts_beside_one_that_was_there():
    mixed = [CARDS[0], *(stub(card, 4) for card in CARDS[1:])]
    assert portfolio(mixed, "quarter").net_before.value == pytest.approx(
        portfolio(mixed, "prior_quarter").net.value
    )


def test_weeks_are_sums_of_what_is_known_and_open_while_one_is():
    found = portfolio(CARDS, "all").weeks
    week = found[5]
    same = [one for card in CARDS for one in card.weeks if one.start == week.start]
    assert week.value == pytest.approx(sum(one.value for one in same if one.value is not None))
    assert week.cost == pytest.approx(sum(one.cost for one in same))
    assert found[-1].value is None


def test_net_to_date_adds_nets_and_squares_of_half_widths():
    points = portfolio(CARDS, "all").to_date
    last = [card.to_date[-1] for card in CARDS if card.to_date]
    assert points[-1].net == pytest.approx(sum(one.net for one in last))
    half = math.sqrt(sum((one.high - one.net) ** 2 for one in last))
    assert points[-1].high - points[-1].net == pytest.approx(half)


def test_decisions_are_listed_with_the_largest_loss_first():
    found = portfolio(CARDS, "year").attention
    assert {one.action for one in found} <= {"retire", "retrain", "measure first", "watch"}
    nets = [one.net.value for one in found]
    assert nets == sorted(nets)
    assert portfolio(CARDS, "year").losing == tuple(
        card.model for card in CARDS
        if card.period("year").net.known and card.period("year").net.value < 0
    )  # fmt: skip
