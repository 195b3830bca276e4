from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tests.bookkeeping import FIRST, rows
from valuekit.scorecard import CostLine
from valuekit.value.bridge import bridge, cost_lines

AMOUNTS = st.decimals(-1_000_000, 1_000_000, places=2)
LINES = st.builds(CostLine, st.sampled_from(["people", "build", "x"]), st.just("marginal"), AMOUNTS)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=2), st.lists(LINES, max_size=6))
def test_the_floating_steps_lead_from_the_first_bar_to_the_last(values, lines):
    steps = bridge([(f"v{i}", v) for i, v in enumerate(values)], lines)
    assert steps[0].kind == steps[-1].kind == "total"
    assert abs(sum(one.amount for one in steps[:-1]) - steps[-1].amount) < 1e-6
    assert all((one.kind == "plus") == (one.amount >= 0) for one in steps[1:-1])


def test_costs_go_down_credits_up_and_bases_are_named():
    lines = [
        CostLine("people", "marginal", Decimal(10)),
        CostLine("platform", "shared", Decimal(3)),
        CostLine("build", "sunk", Decimal(5)),
        CostLine("refund", "marginal", Decimal(-2)),
    ]
    steps = bridge([("Measured value", 40.0)], lines)
    assert [one.label for one in steps] == [
        "Measured value", "People", "Platform (shared)", "Build (one-off)", "Refund", "Net value"
    ]  # fmt: skip
    assert [one.amount for one in steps] == [40.0, -10.0, -3.0, -5.0, 2.0, 24.0]


def test_an_unknown_value_has_no_bridge():
    assert bridge([], [CostLine("people", "marginal", Decimal(1))]) == ()


def test_lines_are_added_by_category_and_basis_largest_first():
    frame = rows(
        "cost",
        {"day": FIRST, "category": "a", "basis": "marginal", "amount": "1", "version": "1"},
        {"day": FIRST, "category": "a", "basis": "marginal", "amount": "2", "version": "2"},
        {"day": FIRST, "category": "b", "basis": "shared", "amount": "9"},
    )
    assert [(one.category, one.amount) for one in cost_lines(frame)] == [("b", 9), ("a", 3)]
