"""Holdouts of returning customers from bucket sums: raw rows, coverage, what is withheld."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from valuekit.estimate import Period
from valuekit.uplift.returning import returning

DAYS = Period(date(2026, 1, 1), date(2026, 1, 30))


def customers(rng, n=2_000, lift=0.0):
    """Customers of two epochs with another share of control, who order more or less often."""
    epoch = rng.choice(["2026-01-01", "2026-01-11"], n)
    share = np.where(epoch == "2026-01-01", 0.5, 0.1)
    arm = np.where(rng.random(n) < share, "c", "t")
    taste = rng.gamma(1, 2, n) + 3 * (epoch == "2026-01-11")
    orders = rng.poisson(taste + lift * (arm == "t"))
    return pd.DataFrame({"epoch": epoch, "arm": arm, "orders": orders, "b": rng.integers(0, 64, n)})


def flow(people):
    """Facts: new units on the epoch's first day, orders on the 20th of January."""
    made = []
    for (epoch, arm), part in people.groupby(["epoch", "arm"]):
        n = np.bincount(part["b"], minlength=64).astype(np.int64)
        y = np.bincount(part["b"], weights=part["orders"], minlength=64)
        none = np.zeros(64)
        key = {"epoch": epoch, "arm": arm, "segment": "all", "metric": "orders"}
        made.append(key | {"day": pd.Timestamp(epoch), "units": n, "sum_y": none})
        late = {"day": pd.Timestamp("2026-01-20"), "units": none.astype(np.int64), "sum_y": y}
        made.append(key | late)
    return pd.DataFrame(made)


def test_the_total_is_that_of_the_raw_rows():
    people = customers(np.random.default_rng(1), lift=1.0)
    found = returning(flow(people), "c", unit="orders", period=DAYS)
    means = people.pivot_table(
        index="epoch", columns="arm", values="orders", aggfunc=["mean", "size"]
    )
    treated = means["size"]["t"]
    wanted = (treated * (means["mean"]["t"] - means["mean"]["c"])).sum()
    assert found.total.value == pytest.approx(wanted, rel=1e-12)
    assert found.effect.value == pytest.approx(wanted / treated.sum(), rel=1e-12)
    assert found.base == pytest.approx((treated * means["mean"]["c"]).sum(), rel=1e-12)
    assert found.total.n == 2_000
    assert found.total.df == 63
    assert found.left_out == ()


def test_the_variance_is_that_of_residuals_by_bucket():
    people = customers(np.random.default_rng(2))
    found = returning(flow(people), "c", unit="orders", period=DAYS)
    n = people.groupby(["epoch", "arm"])["orders"].transform("size")
    mean = people.groupby(["epoch", "arm"])["orders"].transform("mean")
    treated = people["epoch"].map(people[people["arm"] == "t"].groupby("epoch").size())
    u = (treated / n * (people["orders"] - mean)).groupby([people["arm"], people["b"]]).sum()
    assert found.total.se == pytest.approx(np.sqrt(64 / 63 * (u**2).sum()), rel=1e-12)


def test_intervals_hold_the_truth_as_often_as_they_say():
    rng = np.random.default_rng(3)
    held = []
    for _ in range(400):
        people = customers(rng, n=800, lift=0.5)
        effect = returning(flow(people), "c", unit="orders", period=DAYS).effect
        held.append(effect.low < 0.5 < effect.high)
    assert 0.92 <= np.mean(held) <= 0.985


def test_only_outcomes_of_the_period_and_units_before_its_end_count():
    people = customers(np.random.default_rng(4), lift=1.0)
    facts = flow(people)
    early = Period(date(2026, 1, 1), date(2026, 1, 5))
    found = returning(facts, "c", unit="orders", period=early)
    assert found.total.value is None
    assert found.total.reason == "every unit has the same outcome in each arm"
    after = Period(date(2026, 1, 15), date(2026, 1, 30))
    whole = returning(facts, "c", unit="orders", period=DAYS).total
    assert returning(facts, "c", unit="orders", period=after).total.value == whole.value


def test_an_epoch_without_control_is_left_out_and_named():
    people = customers(np.random.default_rng(5))
    alone = people[(people["epoch"] == "2026-01-01") | (people["arm"] == "t")]
    found = returning(flow(alone), "c", unit="orders", period=DAYS)
    assert found.left_out == ("2026-01-11",)
    only = people[people["epoch"] == "2026-01-01"]
    assert found.total.value == returning(flow(only), "c", unit="orders", period=DAYS).total.value


@pytest.mark.parametrize(
    ("people", "reason"),
    [
        (customers(np.random.default_rng(6), n=60), "of the hash buckets; 32 are needed"),
        (customers(np.random.default_rng(6)).assign(arm="t"), "has units in both arms"),
        (customers(np.random.default_rng(6)).assign(orders=2), "same outcome in each arm"),
    ],
)
def test_what_cannot_be_estimated_is_withheld(people, reason):
    found = returning(flow(people), "c", unit="orders", period=DAYS)
    assert reason in found.total.reason
    assert reason in found.effect.reason
    assert found.base is None
