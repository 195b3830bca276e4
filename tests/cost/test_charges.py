from __future__ import annotations

from datetime import date
from decimal import Decimal

from tests.bookkeeping import days, rows, volume
from tests.workspaces import workspace
from valuekit.cost.charges import charges
from valuekit.cost.lines import total
from valuekit.estimate import Period
from valuekit.ledger.frame import empty
from valuekit.ledger.schema import FACTS

JAN, FEB_END = date(2026, 1, 1), date(2026, 2, 28)
NO_USAGE = empty(FACTS["usage"])


def made(costs, counts=(), usage=NO_USAGE, first=JAN, last=FEB_END, **model):
    declared = workspace({"m": {"costs": costs, **model}})
    served = volume(counts) if len(counts) else empty(FACTS["volume"])
    return charges(declared, "m", served, usage, first, last)


def test_per_prediction_is_price_times_count_by_version_and_day():
    served = rows(
        "volume",
        {"day": JAN, "version": "1", "predictions": 1000},
        {"day": JAN, "version": "2", "predictions": 3},
        {"day": JAN, "version": "2", "segment": "region=north", "predictions": 3},
    )
    declared = workspace({"m": {"costs": {"per_prediction": "0.000004"}}})
    cost = charges(declared, "m", served, NO_USAGE, JAN, JAN)
    assert dict(zip(cost["version"], cost["amount"], strict=True)) == {
        "1": Decimal("0.004"), "2": Decimal("0.000012"),
    }  # fmt: skip
    assert cost["costed"].tolist() == [1000, 3]
    assert set(cost["basis"]) == {"marginal"}


def test_monthly_adds_up_and_two_entries_of_one_category_are_one_line_a_day():
    entry = {"category": "people", "amount": "100.01", "from": JAN}
    cost = made({"monthly": [entry, entry]})
    assert total(cost) == 4 * Decimal("100.01")
    assert len(cost) == 59


def test_marginal_monthly_charges_end_with_the_model_and_shared_ones_go_on():
    entries = [
        {"category": "people", "amount": "310", "from": JAN},
        {"category": "licence", "amount": "310", "from": JAN, "basis": "shared"},
    ]
    cost = made({"monthly": entries}, last=date(2026, 1, 31), retired=date(2026, 1, 10))
    assert total(cost, "marginal") == 100
    assert total(cost, "shared") == 310


def test_a_build_is_sunk_and_kept_when_it_was_before_the_first_day():
    once = [
        {"category": "build", "amount": "50000", "on": date(2025, 6, 1)},
        {"category": "audit", "amount": "900", "on": date(2026, 2, 1), "basis": "shared"},
        {"category": "later", "amount": "1", "on": date(2027, 1, 1)},
    ]
    cost = made({"once": once})
    assert total(cost, "sunk") == 50000
    assert total(cost, "shared") == 900
    assert cost["day"].min().date() == date(2025, 6, 1)


PRICES = [
    {"token": "input", "provider_model": "large", "per_million": "10", "from": JAN},
    {"token": "input", "provider_model": "large", "per_million": "5", "from": date(2026, 1, 2)},
    {"token": "output", "per_million": "30", "from": JAN},
]


def usage(day, provider, token, quantity, attempts=100):
    return {
        "day": day, "provider_model": provider, "token": token, "quantity": quantity,
        "attempts": attempts,
    }  # fmt: skip


def test_tokens_cost_the_price_of_their_day_and_the_exact_model_goes_first():
    first, second = days(2)
    used = rows(
        "usage",
        usage(first, "large", "input", 2_000_000),
        usage(first, "large", "output", 100_000),
        usage(second, "large", "input", 2_000_000),
    )
    cost = made({"tokens": PRICES}, [100, 100], used, last=second)
    assert cost["amount"].tolist() == [Decimal("23.000000"), Decimal("10.000000")]
    assert cost["costed"].tolist() == [100, 100]


def test_a_token_without_a_price_is_uncosted_and_never_free():
    used = rows(
        "usage",
        usage(JAN, "large", "input", 1_000_000, 75),
        usage(JAN, "unheard", "input", 1_000_000, 25),
    )
    cost = made({"tokens": PRICES}, [1000], used, last=JAN)
    assert total(cost) == 10
    assert cost["costed"].sum() == 750


def test_predictions_without_any_usage_are_uncosted():
    cost = made({"tokens": PRICES}, [40], last=JAN)
    assert (total(cost), cost["costed"].sum()) == (0, 0)
    assert len(cost) == 1


def test_nothing_declared_is_an_empty_fact():
    assert made({}, [5, 5]).empty
    assert Period(JAN, JAN).days == 1
