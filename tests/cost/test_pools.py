from __future__ import annotations

from datetime import date
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.bookkeeping import FIRST, volume
from tests.workspaces import workspace
from valuekit.cost.lines import total
from valuekit.cost.pools import allocate, undriven

LAST = date(2026, 1, 31)


def shared(volumes, driver="predictions", amount="9500.05", **models):
    pool = {"category": "platform", "amount": amount, "from": FIRST, "driver": driver}
    declared = workspace({name: models.get(name, {}) for name in volumes}, pools=[pool])
    return declared, allocate(declared, volumes, FIRST, LAST)


@settings(max_examples=30)
@given(
    st.lists(st.lists(st.integers(0, 9999), min_size=31, max_size=31), min_size=1, max_size=4),
    st.sampled_from(["predictions", "even"]),
    st.decimals(0, 99_999, places=2),
)
def test_the_parts_of_a_pool_add_up_to_the_cent(counts, driver, amount):
    volumes = {f"m{i}": volume(one) for i, one in enumerate(counts)}
    _, parts = shared(volumes, driver, str(amount))
    assert sum(total(part) for part in parts.values()) == amount
    assert all(set(part["basis"]) <= {"shared"} for part in parts.values())


def test_the_driver_decides_and_every_day_is_split_by_its_own_counts():
    volumes = {"a": volume([3] * 31), "b": volume([1] * 31)}
    _, parts = shared(volumes, amount="3100")
    assert total(parts["a"]) == Decimal("2325.00")


def test_a_day_without_predictions_is_split_evenly_and_said_so():
    volumes = {"a": volume([1] * 30 + [0]), "b": volume([0] * 31)}
    declared, parts = shared(volumes, amount="3100")
    assert total(parts["b"]) == 50
    (found,) = undriven(declared, volumes, FIRST, LAST)
    assert (found.value, found.severity) == ("1 day", "info")


def test_a_retired_model_no_longer_carries_a_share():
    volumes = {"a": volume([1] * 31), "b": volume([1] * 10)}
    _, parts = shared(volumes, "even", "3100", b={"retired": date(2026, 1, 10)})
    assert total(parts["b"]) == 500


def test_without_pools_there_is_nothing_to_allocate():
    declared = workspace({"a": {}})
    assert allocate(declared, {"a": volume([1])}, FIRST, LAST)["a"].empty
    assert undriven(declared, {"a": volume([1])}, FIRST, LAST) == ()
