"""Holdouts that break careless arithmetic: each gives the right figure or says why there is none.

Cases with late outcomes and with more predictions a customer run through the real engine, in
``tests/connectors/sql/test_hard_cases.py``.
"""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tests.assess import cases
from tests.bookkeeping import FIRST
from tests.facts_from_rows import effect_frame
from valuekit.assess import assess
from valuekit.source import Registered

ENTRY = {
    "design": "holdout", "control": "control", "registered": FIRST,
    "allocation": [{"from": FIRST, "control": 0.3}],
}  # fmt: skip


def report(table, *, absent=None, **entry):
    more = {}
    if absent:
        more["outcomes"] = {
            "table": "o", "on": {"u": "u"}, "time": "t", "window": "10d", "absent": absent,
        }  # fmt: skip
    declared = cases.holdout_workspace(evidence=[ENTRY | entry], **more)
    return assess(declared, "m", cases.holdout_book(declared, table)).evidence[0]


def status(found, name):
    return next(one.status for one in found.diagnostics if one.name == name)


def mature(table):
    return table[table["day"] <= FIRST + timedelta(days=89)]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda t: t.assign(y=7.0), "same outcome"),
        (lambda t: t.assign(y=0.0), "same outcome"),
        (lambda t: t[t["arm"] == "offer"], "no units in the control arm"),
        (lambda t: t[t["arm"] == "control"], "no units in any other arm"),
        (lambda t: pd.concat([part[:1] for _, part in t.groupby("arm")]), "at least two units"),
    ],
    ids=["zero variance", "all zero", "no control", "no treated", "two units"],
)
def test_what_cannot_be_known_is_unknown_with_its_reason(change, reason):
    found = report(change(mature(cases.units())))
    for one in (found.money, found.effect):
        assert (one.value, one.low, one.high, one.se) == (None, None, None, None)
        assert reason in one.reason
    assert found.grade is None
    assert found.effect_grade is None
    assert found.relative.value is None


def test_a_mean_of_a_hundred_million_keeps_a_variance_of_one():
    table = cases.units(lift=0.0)
    rng = np.random.default_rng(9)
    y = rng.normal(0, 1, len(table)).round(3) + 0.5 * (table["arm"] == "offer")
    found = report(table.assign(y=1e8 + y))
    kept = mature(table.assign(y=y))  # the same outcomes without the large mean
    t, c = (kept.loc[kept["arm"] == arm, "y"] for arm in ("offer", "control"))
    assert found.effect.value == pytest.approx(t.mean() - c.mean(), abs=1e-6)
    assert found.effect.se == pytest.approx(np.sqrt(t.var() / len(t) + c.var() / len(c)), rel=1e-5)


def test_skew_27_with_a_control_of_5_percent_is_flagged():
    rng = np.random.default_rng(2)
    table = cases.units(n=40_000, control=0.05, lift=0.0)
    spend = np.where(rng.random(len(table)) < 0.02, rng.lognormal(3, 1, len(table)), 0.0)
    table = table.assign(y=spend)
    assert stats.skew(spend) > 15
    found = report(table, allocation=[{"from": FIRST, "control": 0.05}])
    assert status(found, "Skewness") == "failed"
    assert found.grade == "B"
    even = report(
        cases.units(n=40_000, control=0.05), allocation=[{"from": FIRST, "control": 0.05}]
    )
    assert status(even, "Skewness") == "passed"


def test_an_allocation_that_changed_twice_is_three_comparisons():
    """Control is 50%, then 20%, then 5%, while later cohorts bring ever more by themselves."""
    rng = np.random.default_rng(4)
    table = cases.units(n=12_000, span=90, lift=0.0)
    day = np.array([(one - FIRST).days for one in table["day"]])
    step = np.digitize(day, [30, 60])
    share = np.array([0.5, 0.2, 0.05])[step]
    starts = [FIRST + timedelta(days=at) for at in (0, 30, 60)]
    table["arm"] = np.where(rng.random(len(table)) < share, "control", "offer")
    table["epoch"] = [starts[one].isoformat() for one in step]
    table["y"] = rng.normal(20 * step, 5) + 1.0 * (table["arm"] == "offer")
    steps = [
        {"from": start, "control": one} for start, one in zip(starts, (0.5, 0.2, 0.05), strict=True)
    ]
    found = report(table, allocation=steps)
    kept = mature(table)
    money = units = spread = 0.0
    for _, part in kept.groupby("epoch"):
        t, c = (part.loc[part["arm"] == arm, "y"] for arm in ("offer", "control"))
        money += len(t) * (t.mean() - c.mean())
        spread += len(t) ** 2 * (t.var() / len(t) + c.var() / len(c))
        units += len(t)
    assert found.money.value == pytest.approx(money, rel=1e-9)
    assert found.money.se == pytest.approx(np.sqrt(spread), rel=1e-9)
    assert found.effect.low < 1.0 < found.effect.high
    pooled = kept.groupby("arm")["y"].mean()
    assert pooled["offer"] - pooled["control"] > 5  # what pooling would have claimed
    assert status(found, "Sample ratio") == "passed"
    assert found.grade == "A"


def test_an_epoch_without_control_is_left_out_and_said():
    table = cases.units()
    later = table["day"] >= FIRST + timedelta(days=50)
    cut = (FIRST + timedelta(days=50)).isoformat()
    table.loc[later, "epoch"] = cut
    gone = table[~(later & (table["arm"] == "control"))]
    steps = [{"from": FIRST, "control": 0.3}, {"from": cut, "control": 0.0}]
    found = report(gone, allocation=steps)
    alone = report(table[~later])
    assert found.money.value == pytest.approx(alone.money.value, rel=1e-9)
    assert any(cut in note and "left out" in note for note in found.money.notes)


def test_one_sided_attrition_costs_the_a():
    """Outcomes of treated units go missing: what is left is no random part of them."""
    table = cases.units()
    lost = (table["arm"] == "offer") & (np.arange(len(table)) % 10 == 0)
    table.loc[lost, "y"] = np.nan
    found = report(table, absent="unknown")
    assert status(found, _attrition(found)) == "failed"
    assert found.grade == "B"
    assert any("unevenly" in one for one in found.grade_reasons)
    both = cases.units()
    both.loc[np.arange(len(both)) % 10 == 0, "y"] = np.nan
    assert report(both, absent="unknown").grade == "A"


def _attrition(found):
    return next(one.name for one in found.diagnostics if "outcome row" in one.text)


def test_a_unit_in_both_arms_is_counted_where_it_began():
    table = cases.units()
    crossed = table.assign(crossed=(np.arange(len(table)) % 200 == 0).astype(int))
    found, plain = report(crossed), report(table)
    assert found.effect == plain.effect  # it stays in its first arm
    assert status(found, "Units in both arms") == "passed"  # half a percent
    many = report(table.assign(crossed=(np.arange(len(table)) % 50 == 0).astype(int)))
    assert status(many, "Units in both arms") == "warning"
    assert many.grade == "B"


@pytest.mark.parametrize("by_hand", [True, False], ids=["declared", "found before the start"])
def test_a_capped_figure_stands_beside_the_uncapped_one(by_hand):
    table = cases.units()
    table.loc[table.index[:30], "y"] = 3000.0
    metric = {"column": "y", "already_money": True, **({"cap": 100} if by_hand else {})}
    declared = cases.holdout_workspace(evidence=[ENTRY], metrics={"y": metric})
    facts = {"effect": effect_frame(table, cap=100.0), "volume": cases.volume([50] * 100)}
    frozen = () if by_hand else (Registered("m", "cap", "y", {"cap": 100.0}, FIRST),)
    book = cases.book(facts, registered=frozen)
    found = assess(declared, "m", cases.costed(declared, book)).evidence[0]
    kept = mature(table)
    z = kept["y"].clip(upper=100).groupby(kept["arm"]).mean()
    capped = next(one for one in found.others if one.key == "uplift.capped")
    assert capped.estimate.value == pytest.approx(z["offer"] - z["control"])
    assert found.effect.value == pytest.approx(capped.estimate.value)  # skewed: the cap decides
    assert found.timeline[-1].value == pytest.approx(found.effect.value)
    assert (capped.estimate.low, capped.estimate.high) == (found.effect.low, found.effect.high)
    assert found.relative.value == pytest.approx(z["offer"] / z["control"] - 1)


def test_without_any_cap_a_skewed_holdout_says_so():
    table = cases.units()
    table.loc[table.index[:30], "y"] = 3000.0
    declared = cases.holdout_workspace(evidence=[ENTRY])
    facts = {"effect": effect_frame(table), "volume": cases.volume([50] * 100)}
    frozen = (Registered("m", "cap", "y", {"cap": None}, FIRST),)
    book = cases.book(facts, registered=frozen)
    found = assess(declared, "m", cases.costed(declared, book)).evidence[0]
    skew = next(one for one in found.diagnostics if one.name == "Skewness")
    assert skew.status == "failed"
    assert "no cap is declared" in skew.text
    assert not [one for one in found.others if one.key == "uplift.capped"]
    assert found.grade != "A"


@pytest.mark.parametrize(("had", "stands"), [(4_999, True), (900, False)], ids=["old", "new"])
def test_a_cap_found_from_new_units_is_left_aside(had, stands):
    """Everybody has an outcome after exposure; where few had one before, most units are new."""
    table = cases.units()
    table.loc[table.index[:30], "y"] = 3000.0
    declared = cases.holdout_workspace(evidence=[ENTRY])
    facts = {"effect": effect_frame(table, cap=100.0), "volume": cases.volume([50] * 100)}
    content = {"cap": 100.0, "nonzero": had, "units": 5_000}
    book = cases.book(facts, registered=(Registered("m", "cap", "y", content, FIRST),))
    found = assess(declared, "m", cases.costed(declared, book)).evidence[0]
    skew = next(one for one in found.diagnostics if one.name == "Skewness")
    kept = mature(table)
    mean = kept["y"].clip(upper=100 if stands else None).groupby(kept["arm"]).mean()
    assert skew.status == "failed"
    assert ("18.0% of units had an outcome in the window before" in skew.text) is not stands
    assert found.effect.value == pytest.approx(mean["offer"] - mean["control"])
    assert bool([one for one in found.others if one.key == "uplift.capped"]) is stands


@pytest.mark.parametrize(("level", "weak"), [(0.1, True), (40.0, False)], ids=["weak", "firm"])
def test_next_to_nothing_in_the_control_is_no_measure_of_effects(level, weak):
    """A margin around zero: 3% of it, as a prior, would overrule five standard errors."""
    table = cases.units(lift=2.0, seed=8)
    control = table["arm"] == "control"
    table["y"] += level - table.loc[control, "y"].mean()
    declared = cases.holdout_workspace(evidence=[ENTRY])
    facts = {"effect": effect_frame(table), "volume": cases.volume([50] * 100)}
    card = assess(declared, "m", cases.costed(declared, cases.book(facts)))
    found = card.evidence[0]
    assert (found.base_money is None) is weak
    assert found.money.low > 0
    kept = mature(table)
    days = (found.money.period.last - found.money.period.first).days + 1
    apart = kept["y"].groupby(kept["arm"]).mean()
    a_year = (apart["offer"] - apart["control"]) * (kept["arm"] == "offer").sum() * 365 / days
    cost = 3000 * 12 + 0.01 * 50 * 365
    if weak:  # nothing but what was measured
        assert card.verdict.expected_keep == pytest.approx(a_year - cost, abs=0.05 * a_year)
    else:  # drawn towards zero by the prior, 3% of the control's money
        assert -cost < card.verdict.expected_keep < a_year - cost
    shown = [one.key for one in found.others]
    assert ("uplift.relative.delta" in shown) is not weak


@pytest.mark.parametrize("unit_price", [True, False], ids=["per prediction", "per month"])
def test_a_price_per_prediction_without_a_log_leaves_net_unknown(unit_price):
    costs = (
        {"per_prediction": "0.10"}
        if unit_price
        else {"monthly": [{"category": "people", "amount": "3000", "from": FIRST}]}
    )
    declared = cases.holdout_workspace(
        predictions=None,
        assignments={"table": "a", "unit": "u", "arm": "arm", "time": "at"},
        costs=costs,
    )
    facts = {"effect": effect_frame(cases.units())}
    card = assess(declared, "m", cases.costed(declared, cases.book(facts)))
    whole = card.period("all")
    assert whole.value.value is not None
    assert (whole.net.value is None) == unit_price
    if unit_price:
        assert "each prediction has a price" in whole.net.reason
        assert "no prediction log, only assigned units" in whole.net.reason
        assert whole.cost_attributed.value is None
