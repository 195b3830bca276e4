"""Which interval a holdout carries, the plan it follows, and what would settle a model."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from tests.assess import cases
from tests.bookkeeping import FIRST, rows
from valuekit.assess import assess
from valuekit.assess.designs.plans import plans
from valuekit.joint import discoveries
from valuekit.source import Registered
from valuekit.uplift.cheapest import Traffic
from valuekit.uplift.sequence import always_valid_p, multiplier

END = FIRST + timedelta(days=59)
ENTRY = {
    "design": "holdout", "control": "control", "registered": FIRST,
    "allocation": [{"from": FIRST, "control": 0.3}],
}  # fmt: skip


def made(table=None, registered=(), **entry):
    declared = cases.holdout_workspace(evidence=[ENTRY | entry])
    table = cases.units() if table is None else table
    book = cases.holdout_book(declared, table, registered=registered)
    return declared, book


def card(*args, **entry):
    return assess(made(*args, **entry)[0], "m", made(*args, **entry)[1])


def bare(one):
    """A report whose file names no date of registration; the store does."""
    entry = {key: value for key, value in ENTRY.items() if key != "registered"}
    declared = cases.holdout_workspace(evidence=[entry])
    book = cases.holdout_book(declared, cases.units(), registered=(one,))
    return assess(declared, "m", book).evidence[0]


def check(report, name):
    return next(one for one in report.diagnostics if one.name == name)


def test_a_dashboard_shows_the_sequence_everywhere():
    found = card()
    report = found.evidence[0]
    reading = report.reading
    assert reading.kind == "sequence"
    for one in (report.money, report.effect, found.period("all").value):
        assert "confidence sequence" in one.method
    assert report.relative.method.endswith("confidence sequence")
    assert (report.money.low, report.money.high) == (
        reading.sequence_money.low, reading.sequence_money.high
    )  # fmt: skip
    assert reading.fixed_money.low > report.money.low
    assert reading.planned_units == 14_600  # 40 a day for a year
    z = reading.fixed_effect.value / reading.fixed_effect.se
    assert reading.p_value == pytest.approx(always_valid_p(z, reading.information, 0.5), rel=1e-6)
    assert "any day" in check(report, "Sample ratio").text
    last = reading.steps[-1]
    assert (last.value, last.low) == (
        pytest.approx(report.effect.value), pytest.approx(report.effect.low)
    )  # fmt: skip
    assert reading.steps[0].day >= FIRST + timedelta(days=6)
    assert reading.told_since is not None


def test_a_declared_end_that_has_passed_is_one_look():
    report = card(until=END).evidence[0]
    assert report.reading.kind == "fixed"
    assert report.reading.p_kind == "fixed horizon"
    assert "sequence" not in report.money.method
    assert report.money.low == report.reading.fixed_money.low
    assert "any day" not in check(report, "Sample ratio").text


def test_an_end_still_ahead_is_watched():
    report = card(until=FIRST + timedelta(days=95)).evidence[0]
    assert report.reading.kind == "sequence"
    assert "single look is due" in report.reading.why


def test_an_end_that_is_declared_after_looking_changes_nothing_and_costs_a_grade():
    declared, book = made()
    stored = plans(declared, "m", book)
    report = card(registered=stored, until=END).evidence[0]
    assert report.reading.kind == "sequence"
    assert "after outcomes could be seen" in report.reading.why
    assert check(report, "Plan kept").status == "failed"
    assert report.grade == "B"
    assert any("changed after it was registered" in one for one in report.grade_reasons)


def test_all_units_on_one_day_are_one_look():
    table = cases.units().assign(day=FIRST)
    assert card(table).evidence[0].reading.kind == "fixed"


def test_the_first_plan_is_stored_once_and_kept():
    declared, book = made()
    (stored,) = plans(declared, "m", book)
    assert (stored.kind, stored.name) == ("plan", "y")
    assert stored.content["units"] == 14_600
    assert stored.content["share"] == pytest.approx(0.3)
    assert plans(declared, "m", replace(book, registered=(stored,))) == ()
    report = card(registered=(stored,), planned_units=5000).evidence[0]
    assert report.reading.planned_units == 14_600
    assert check(report, "Plan kept").status == "warning"
    assert card(planned_units=5000).evidence[0].reading.planned_units == 5000


def test_a_registered_holdout_leads_and_proves_its_date():
    content = {"units": 9000, "share": 0.3, "start": FIRST.isoformat()}
    one = Registered("m", "holdout", "y", content, FIRST - timedelta(days=3))
    report = bare(one)
    assert report.reading.planned_units == 9000
    assert check(report, "Registered before looking").status == "passed"
    later = replace(one, content=content | {"start": "2026-06-01"})
    report = bare(later)
    assert report.reading.planned_units == 14_600  # it is another holdout, to come


def test_nothing_is_told_in_the_burn_in():
    table = cases.units(n=300, lift=30.0)
    table["y"] = np.where(table["x"] > 40, table["y"], 0.0)
    found = card(table)
    reading = found.evidence[0].reading
    assert reading.p_value is None
    assert reading.steps == ()
    assert any("sequence begins" in note for note in found.evidence[0].money.notes)
    assert discoveries([found]).tested == 0


def test_no_unit_no_reading():
    table = cases.units()[:0]
    report = card(table).evidence[0]
    assert report.reading is None
    assert check(report, "Plan kept").status == "not run"


def maturity(fade):
    made_rows = []
    rng = np.random.default_rng(4)
    for at in range(90):
        for arm, lift in (("control", 0.0), ("offer", 1.0)):
            age = np.arange(20)
            gain = lift * (np.exp(-age / 4) if fade else np.full(20, 0.3))
            made_rows.append({
                "day": FIRST + timedelta(days=at), "metric": "y", "arm": arm, "basis": "event",
                "layout": "days-19", "entries": 50, "n": np.full(20, 5),
                "sum_y": 50 * (2 + gain) + rng.normal(0, 3, 20),
            })  # fmt: skip
    return rows("maturity", *made_rows)


@pytest.mark.parametrize(("fade", "status"), [(True, "warning"), (False, "passed")])
def test_novelty_is_the_effect_by_unit_age(fade, status):
    declared, book = made()
    facts = {**book.facts, "maturity": maturity(fade)}
    report = assess(declared, "m", replace(book, facts=facts)).evidence[0]
    assert check(report, "Novelty").status == status
    assert [(one.first, one.last) for one in report.ages] == [(0, 4), (5, 9), (10, 14), (15, 19)]
    first = report.ages[0].effect
    truth = np.exp(-np.arange(5) / 4).mean() if fade else 0.3
    assert first.value == pytest.approx(truth, abs=0.05)
    assert first.low < truth < first.high


def test_novelty_leaves_out_units_whose_outcome_is_unknown():
    """Arms alike where known, and a third of the control's outcomes lost: no effect at any age."""
    rng = np.random.default_rng(6)
    units = [(at, arm) for at in range(80) for arm in ("control", "offer") for _ in range(30)]
    table = pd.DataFrame(units, columns=["at", "arm"])
    table["day"] = [FIRST + timedelta(days=int(at)) for at in table["at"]]
    table["age"] = rng.choice(20, len(table), p=np.r_[np.full(10, 0.08), np.full(10, 0.02)])
    table["y"] = 20.0
    table.loc[(table["arm"] == "control") & (rng.random(len(table)) < 1 / 3), "y"] = np.nan
    facts = []
    for (day, arm), part in table.groupby(["day", "arm"]):
        n = np.bincount(part.loc[part["y"].notna(), "age"], minlength=20)
        facts.append({
            "version": "1", "day": day, "metric": "y", "arm": arm, "basis": "event",
            "layout": "days-19", "entries": len(part), "n": n, "sum_y": 20.0 * n,
        })  # fmt: skip
    outcomes = {"table": "o", "on": {"u": "u"}, "time": "t", "window": "10d", "absent": "unknown"}
    declared = cases.holdout_workspace(evidence=[ENTRY], outcomes=outcomes)
    book = cases.holdout_book(declared, table)
    facts = {**book.facts, "maturity": rows("maturity", *facts)}
    report = assess(declared, "m", replace(book, facts=facts)).evidence[0]
    assert check(report, "Novelty").status == "passed", check(report, "Novelty").text
    # What a unit brought over all ages is what it brought: 20 in either arm, by day and arm.
    total = sum(one.effect.value * (one.last - one.first + 1) for one in report.ages)
    assert total == pytest.approx(0.0, abs=1e-9)
    # Early ages by hand: means over known units of each day, weighted by the treated.
    known = table[table["y"].notna()].assign(first=lambda one: 20.0 * (one["age"] < 5))
    means = known.pivot_table("first", "day", "arm")
    apart = (means["offer"] - means["control"]).mean() / 5  # 30 treated units on every day
    assert report.ages[0].effect.value == pytest.approx(apart, rel=1e-9)


def test_novelty_without_times_is_unknown_and_said():
    report = card().evidence[0]
    assert report.ages == ()
    assert check(report, "Novelty").status == "not run"
    assert "no outcome of these units has a time" in check(report, "Novelty").text


def test_what_settles_a_holdout_follows_from_its_arms():
    dear = {"monthly": [{"category": "people", "amount": "300", "from": FIRST}]}
    table = cases.units()
    declared = cases.holdout_workspace(costs=dear)
    found = assess(declared, "m", cases.holdout_book(declared, table))
    settle = found.settlement
    mature = table[table["day"] <= FIRST + timedelta(days=89)]
    t, c = (mature.loc[mature["arm"] == arm, "y"] for arm in ("offer", "control"))
    traffic = Traffic(t.var(), c.var(), len(mature) / 90, 10)
    smallest = traffic.detectable(len(mature), len(c) / len(mature), watched=True)
    assert settle.detectable.value == pytest.approx(smallest * len(mature) / 90 * 365)
    assert settle.share in {0.05, 0.1, 0.2, 0.3, 0.5}
    effect = found.evidence[0].effect.value
    assert settle.cost.value == pytest.approx(effect * settle.share * settle.units)
    assert "already" in settle.lifts
    unsettled = card().settlement  # its cost a unit lies within the interval
    assert unsettled.sought < 0.3
    assert "out of reach" in unsettled.text
    assert unsettled.share is None


def test_what_settles_a_payoff_follows_from_the_money_of_a_prediction():
    declared, table = cases.payoff_workspace(), cases.scored()
    found = assess(declared, "m", cases.payoff_book(declared, table))
    pay = {("1", "1"): 50, ("1", "0"): -10, ("0", "1"): -50, ("0", "0"): 5}
    mature = table[table["day"] <= FIRST + timedelta(days=89)]
    money = np.array([pay[one] for one in zip(mature["predicted"], mature["label"], strict=True)])
    traffic = Traffic(money.var(ddof=1), money.var(ddof=1), len(money) / 90, 10)
    smallest = traffic.detectable(len(money), 0.5, watched=True)
    yearly = smallest * len(money) / 90 * 365
    assert found.settlement.detectable.value == pytest.approx(yearly, rel=1e-3)
    assert "from D to A" in found.settlement.lifts


def test_what_nobody_measures_has_a_reason():
    declared = cases.hours_workspace()
    book = cases.costed(declared, cases.book({"volume": cases.volume([50] * 100)}))
    settle = assess(declared, "m", book).settlement
    assert settle.detectable.value is None
    assert "handling time" in settle.text
    empty = assess(declared, "m", cases.book({})).settlement
    assert "matured" in empty.text


def test_times_of_a_whole_year_are_near_the_tightest():
    assert multiplier(2, 1) == pytest.approx(3.0615, abs=1e-4)


def test_a_ratio_metric_stands_beside_the_effect_per_unit():
    table = cases.units()
    rng = np.random.default_rng(6)
    table["d"] = 1.0 + rng.poisson(2, len(table))
    declared = cases.holdout_workspace(
        metrics={"y": {"column": "y", "denominator": "orders", "already_money": True}}
    )
    report = assess(declared, "m", cases.holdout_book(declared, table)).evidence[0]
    mature = table[table["day"] <= FIRST + timedelta(days=89)]
    t, c = (mature[mature["arm"] == arm] for arm in ("offer", "control"))
    wanted = t["y"].sum() / t["d"].sum() - c["y"].sum() / c["d"].sum()
    found = {one.key: one.estimate for one in report.others}
    assert found["uplift.ratio.y"].value == pytest.approx(wanted, rel=1e-9)
    assert "confidence sequence" in found["uplift.ratio.y"].method
    assert found["uplift.ratio.y.cuped"].known
    assert report.effect.value == pytest.approx(t["y"].mean() - c["y"].mean(), rel=1e-9)


def test_a_payoff_says_what_to_log_before_its_holdout():
    declared, table = cases.payoff_workspace(), cases.scored()
    text = assess(declared, "m", cases.payoff_book(declared, table)).settlement.text
    assert "First log the `unit`" in text
    assert "holdout plan" in text


def test_what_has_not_matured_names_its_day():
    declared = cases.holdout_workspace()
    book = cases.holdout_book(declared, cases.units(), complete_through=FIRST)
    settle = assess(declared, "m", book).settlement
    assert "11 Jan 2026" in settle.text
