from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from scipy import stats

from valuekit.estimate import Estimate, Period, unknown
from valuekit.value.money import added, net, p_loss
from valuekit.value.roi import roi

MAY = Period(date(2026, 5, 1), date(2026, 5, 31))
VALUE = Estimate(value=100.0, unit="EUR", low=60.0, high=140.0, se=20.0, grade="A", period=MAY)


def cost(amount):
    return Estimate(value=amount, unit="EUR", period=MAY)


def test_cost_is_subtracted_and_shifts_the_interval():
    found = net(VALUE, cost(30.0))
    assert (found.value, found.low, found.high, found.se) == (70.0, 30.0, 110.0, 20.0)
    assert found.grade == "A"


def test_a_credit_is_a_negative_cost_and_adds():
    assert net(VALUE, cost(-5.0)).value == 105.0


@pytest.mark.parametrize(
    ("value", "paid"),
    [(unknown("too early", "EUR"), cost(1.0)), (VALUE, unknown("no bill", "EUR"))],
)
def test_net_is_unknown_for_the_reason_of_its_part(value, paid):
    found = net(value, paid)
    assert found.value is None
    assert found.reason in {"too early", "no bill"}


def test_chance_of_a_loss_is_the_normal_one():
    assert p_loss(net(VALUE, cost(130.0))) == pytest.approx(stats.norm.cdf(30 / 20))
    assert p_loss(Estimate(value=1.0, unit="EUR")) is None


def test_roi_divides_by_cost():
    found = roi(net(VALUE, cost(50.0)), cost(50.0))
    assert (found.value, found.low, found.high) == (1.0, pytest.approx(0.2), pytest.approx(1.8))


@pytest.mark.parametrize(("paid", "word"), [(0.0, "zero"), (-10.0, "negative")])
def test_roi_of_nothing_spent_is_undefined(paid, word):
    found = roi(net(VALUE, cost(paid)), cost(paid))
    assert found.value is None
    assert found.reason == f"undefined: the cost is {word}"


def test_sums_add_variances():
    parts = [VALUE, Estimate(value=-10.0, unit="EUR", se=15.0), unknown("late", "EUR")]
    found = added(parts, "EUR", MAY, "sum")
    assert found.value == 90.0
    assert found.se == pytest.approx(25.0)
    assert found.high == pytest.approx(90 + stats.norm.ppf(0.975) * 25)


def test_a_part_without_an_interval_is_said():
    found = added([VALUE, cost(3.0)], "EUR", MAY, "sum")
    assert found.notes == ("1 of 2 parts have no interval.",)
    assert added([cost(1.0), cost(2.0)], "EUR", MAY, "sum").low is None


def test_the_sum_covers_as_often_as_it_says():
    rng = np.random.default_rng(7)
    se = np.array([3.0, 40.0, 11.0])
    hits = 0
    for draw in rng.normal(0, 1, (400, 3)) * se:
        pieces = [Estimate(value=v, unit="EUR", se=s) for v, s in zip(draw, se, strict=True)]
        total = added(pieces, "EUR", MAY, "sum")
        hits += total.low < 0 < total.high
    assert 0.92 < hits / 400 < 0.98
