from __future__ import annotations

import pytest

from tests.bookkeeping import FIRST, rows, volume
from tests.workspaces import workspace
from valuekit.cost.unit import costed_share, unit_costs
from valuekit.estimate import Period
from valuekit.ledger.frame import empty
from valuekit.ledger.schema import FACTS

DAY = Period(FIRST, FIRST)


def cost(*lines):
    return rows(
        "cost",
        *(
            {"day": FIRST, "category": category, "basis": basis, "amount": amount, "costed": costed}
            for category, basis, amount, costed in lines
        ),
    )


def declared(**costs):
    return workspace({"m": {"costs": costs}}).models["m"].costs


def figures(frame, served):
    found = unit_costs(declared(per_prediction="0.01"), frame, volume([served]), DAY, "EUR")
    return {one.key: one.estimate for one in found}


def test_marginal_and_attributed_cost_per_prediction_and_per_thousand():
    frame = cost(("serving", "marginal", "10", 1000), ("platform", "shared", "30", 0),
                 ("build", "sunk", "60", 0))  # fmt: skip
    found = figures(frame, 1000)
    assert found["cost.per_prediction_marginal"].value == pytest.approx(0.01)
    assert found["cost.per_prediction_attributed"].value == pytest.approx(0.1)
    assert found["cost.per_thousand_attributed"].value == pytest.approx(100)
    assert found["cost.per_thousand_attributed"].unit == "EUR/1000 predictions"
    assert found["cost.uncosted"].value == 0


def test_none_served_is_unknown_not_infinite():
    found = figures(cost(("serving", "marginal", "10", 0)), 0)
    assert found["cost.per_prediction_marginal"].reason == "no prediction was served"
    assert found["cost.uncosted"].value is None


def test_no_cost_at_all_is_unknown_not_zero():
    found = figures(empty(FACTS["cost"]), 100)
    assert all(one.value is None and "no costs" in one.reason for one in found.values())


def test_a_prediction_must_be_covered_by_every_price_per_use():
    both = declared(
        per_prediction="0.01",
        tokens=[{"token": "input", "per_million": "1", "from": FIRST}],
    )
    frame = cost(("serving", "marginal", "1", 100), ("tokens", "marginal", "1", 40))
    assert costed_share(both, frame, volume([100]), DAY).value == pytest.approx(0.4)


def test_with_charges_by_time_alone_the_days_they_cover_count():
    monthly = declared(monthly=[{"category": "people", "amount": "1", "from": FIRST}])
    frame = cost(("people", "marginal", "1", 0))
    two_days = volume([60, 40])
    share = costed_share(monthly, frame, two_days, Period(FIRST, two_days["day"].max().date()))
    assert share.value == pytest.approx(0.6)
