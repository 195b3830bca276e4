"""A holdout of customers who come back, on the scorecard, against raw rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from tests.assess import cases
from tests.bookkeeping import FIRST, rows
from tests.facts_from_rows import effect_frame
from valuekit.assess import assess
from valuekit.uplift.power import WATCHED
from valuekit.uplift.sequence import TIGHTEST, always_valid_p, multiplier

SPAN, WINDOW = 100, 10
MATURE = SPAN - WINDOW  # outcomes of the last ten days are open
ENTRY = {
    "design": "holdout", "control": "control", "registered": FIRST, "repeat": True,
    "allocation": [{"from": FIRST, "control": 0.3}],
}  # fmt: skip


def customers(n=3000, lift=0.5, seed=5):
    """Units (day, arm, bucket) and their orders by day: some order often, some never."""
    rng = np.random.default_rng(seed)
    units = pd.DataFrame(
        {
            "day": rng.integers(0, SPAN, n),
            "arm": np.where(rng.random(n) < 0.3, "control", "offer"),
            "bucket": rng.integers(0, 64, n),
        }
    )
    taste = rng.gamma(1, 2, n) + lift * (units["arm"] == "offer").to_numpy()
    orders = rng.random((n, SPAN)) < 0.3
    orders &= units["day"].to_numpy()[:, None] <= np.arange(SPAN)
    return units, orders * taste[:, None]


def flow(units, orders, segment="all", buckets=64):
    made = []
    for arm in ("control", "offer"):
        its = (units["arm"] == arm).to_numpy()
        place = units["bucket"].to_numpy() % buckets
        for day in range(SPAN):
            new = its & (units["day"] == day).to_numpy()
            made.append(
                {
                    "day": FIRST + timedelta(days=day), "metric": "y", "arm": arm,
                    "epoch": FIRST.isoformat(), "layout": f"hash{buckets}", "segment": segment,
                    "units": np.bincount(place[new], minlength=buckets),
                    "sum_y": np.bincount(place[its], orders[its, day], minlength=buckets),
                    "sum_d": np.zeros(buckets),
                }
            )  # fmt: skip
    return rows("flow", *made)


def card(units, orders, **entry):
    declared = cases.holdout_workspace(evidence=[ENTRY | entry])
    inside = np.array([orders[at, day : day + WINDOW].sum() for at, day in enumerate(units["day"])])
    table = units.assign(
        day=[FIRST + timedelta(days=int(one)) for one in units["day"]],
        epoch=FIRST.isoformat(), y=inside,
    )[["day", "epoch", "arm", "y"]]  # fmt: skip
    parts = pd.concat([flow(units, orders), flow(units, orders, "town=x", 16)], ignore_index=True)
    facts = {"effect": effect_frame(table), "volume": cases.volume([50] * SPAN), "flow": parts}
    made = cases.costed(declared, cases.book(facts))
    return assess(declared, "m", made)


@pytest.fixture(scope="module")
def found():
    return card(*customers())


def total(units, orders, first, last):
    """n1 (mean of treated - mean of control), units to the last day, orders of the days."""
    here = (units["day"] <= last).to_numpy()
    y = orders[:, first : last + 1].sum(axis=1)[here]
    treated = (units["arm"] == "offer").to_numpy()[here]
    return treated.sum() * (y[treated].mean() - y[~treated].mean()), treated.sum(), y, treated, here


def test_money_and_effect_are_those_of_the_raw_rows(found):
    units, orders = customers()
    value, n1, y, treated, here = total(units, orders, 0, MATURE - 1)
    report = found.evidence[0]
    assert report.money.value == pytest.approx(value, rel=1e-9)
    assert report.effect.value == pytest.approx(value / n1, rel=1e-9)
    assert report.base_money == pytest.approx(n1 * y[~treated].mean(), rel=1e-9)
    assert report.relative.value == pytest.approx(y[treated].mean() / y[~treated].mean() - 1)
    bucket = units["bucket"].to_numpy()[here]
    spread = 0.0
    for arm, weight in ((treated, 1.0), (~treated, n1 / (~treated).sum())):
        off = np.bincount(bucket[arm], y[arm] - y[arm].mean(), minlength=64) * weight
        spread += 64 / 63 * (off**2).sum()
    assert report.money.se == pytest.approx(np.sqrt(spread), rel=1e-9)
    assert report.reading.fixed_money.df == 63
    assert [one.units for one in report.arms] == [(~treated).sum(), treated.sum()]
    assert report.arms[1].mean == pytest.approx(y[treated].mean())


def test_a_week_counts_the_outcomes_of_its_days_by_all_units_so_far(found):
    units, orders = customers()
    weeks = [one for one in found.weeks if one.mature and one.start > FIRST]
    for one in weeks[3::4]:
        at = (one.start - FIRST).days
        assert one.value == pytest.approx(total(units, orders, at, at + 6)[0], rel=1e-9)


def test_days_add_up_when_all_customers_are_there_from_the_start():
    units, orders = customers(n=800)
    found = card(units.assign(day=0), orders)
    last = max(one.start for one in found.weeks if one.mature) + timedelta(days=6)
    days = min((last - FIRST).days, MATURE - 1)
    whole = total(units.assign(day=0), orders, 0, days)[0]
    assert sum(one.value for one in found.weeks if one.mature) == pytest.approx(whole, rel=1e-9)


def test_the_sequence_runs_on_unit_days(found):
    units, _ = customers()
    report = found.evidence[0]
    reading = report.reading
    seen = units[units["day"] < MATURE]
    spent = (MATURE - seen["day"]).sum()
    planned = reading.planned_units * 366 / 2
    assert reading.information == pytest.approx(spent / planned)
    times = multiplier(spent / planned, TIGHTEST)
    half = (report.effect.high - report.effect.low) / 2
    assert half == pytest.approx(times * report.effect.se)
    z = report.money.value / report.money.se
    assert reading.p_value == pytest.approx(always_valid_p(z, spent / planned, TIGHTEST))
    assert "unit-days" in reading.why
    assert reading.steps[-1].value == pytest.approx(report.effect.value)
    later = [one.value for one in found.periods if one.value.known and one.period.first > FIRST]
    for one in later:  # a sequence of its own
        assert (one.high - one.low) / 2 == pytest.approx(WATCHED * one.se)


def test_its_checks_and_grade_are_those_of_a_holdout(found):
    report = found.evidence[0]
    assert report.grade == "A"
    names = {one.name for one in report.diagnostics}
    assert {"Sample ratio", "Registered before looking", "Skewness", "Units in both arms"} <= names
    assert len(report.timeline) == len({step.day for step in report.timeline}) > 10
    assert found.settlement.detectable.known


def test_segments_have_too_few_buckets_and_say_so(found):
    (town,) = (one for one in found.segments if one.segment == "town=x")
    assert "16 of the hash buckets" in town.effect.reason


def test_one_look_after_the_declared_end():
    end = FIRST + timedelta(days=59)
    units, orders = customers()
    report = card(units, orders, until=end).evidence[0]
    assert report.reading.kind == "fixed"
    assert report.money.value == pytest.approx(total(units, orders, 0, 59)[0], rel=1e-9)
    assert "sequence" not in report.money.method


def test_a_list_of_customers_assigned_at_once_is_still_watched():
    units, orders = customers(n=800)
    report = card(units.assign(day=0), orders).evidence[0]
    assert report.reading.kind == "sequence"
    assert report.reading.planned_units == 800
    assert report.reading.information == pytest.approx(MATURE / 365)


def test_few_customers_are_withheld_with_the_reason():
    report = card(*customers(n=40)).evidence[0]
    assert "hash buckets" in report.money.reason
    assert report.grade is None
    assert report.timeline == ()
    assert "not known" in report.title


def test_no_facts_no_figures():
    declared = cases.holdout_workspace(evidence=[ENTRY])
    table = cases.units()
    bare = cases.holdout_book(declared, table)
    report = assess(declared, "m", bare).evidence[0]
    assert not report.money.known
    empty = assess(declared, "m", replace(bare, facts={}, first=None, last=None)).evidence[0]
    assert empty.money.reason == "no data"
