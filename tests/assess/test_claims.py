"""What a model may claim: blocked claims carry no money, parts without a control are said."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from dashboard import evidence_words
from tests.assess import cases
from tests.bookkeeping import FIRST
from valuekit.assess import assess
from valuekit.left_out import said
from valuekit.portfolio import portfolio
from valuekit.source import Registered

TURN = FIRST + timedelta(days=45)


def entry(*steps, **more):
    allocation = [{"from": day, "control": share} for day, share in steps]
    return {
        "design": "holdout", "control": "control", "registered": FIRST, "allocation": allocation,
    } | more  # fmt: skip


def card(table, *steps, **more):
    declared = cases.holdout_workspace(evidence=[entry(*steps)], **more)
    return assess(declared, "m", cases.holdout_book(declared, table))


def turned(keep):
    """Units of two epochs; in the second a share ``keep`` of the control units is left."""
    table = cases.units(n=6000)
    late = (table["day"] >= TURN).to_numpy()
    table["epoch"] = np.where(late, TURN.isoformat(), FIRST.isoformat())
    rng = np.random.default_rng(5)
    gone = late & (table["arm"] == "control").to_numpy() & (rng.random(len(table)) >= keep)
    return table[~gone].reset_index(drop=True)


def mature(table):
    return table[table["day"] <= FIRST + timedelta(days=89)]


def check(found, name):
    return next(one for one in found.diagnostics if one.name == name)


class TestBlocked:
    """Arms that do not hold their declared shares."""

    def test_money_is_unknown_everywhere_with_the_reason(self):
        found = card(cases.units(), (FIRST, 0.5))
        report = found.evidence[0]
        assert report.effect.known
        assert (report.effect.grade, report.grade) == ("D", None)
        assert "split was not kept" in report.grade_reasons[0]
        every = [report.money, report.reading.fixed_money, report.reading.sequence_money]
        every += [one.value for one in found.periods] + [one.net for one in found.periods]
        for money in every:
            assert money.value is None
            assert money.reason
        assert "split between the arms was not kept" in report.money.reason
        assert report.reading.p_value is None
        assert report.reading.told_since is None
        assert report.base_money is None
        assert found.grade is None
        assert not found.to_date
        assert all(week.value is None for week in found.weeks)
        assert "no known value" in found.headline
        assert found.evidence[0].title.startswith("No claim")
        assert found.verdict.action == "not enough evidence"
        assert "anew" in found.settlement.text
        assert evidence_words.effect_title(report).startswith("No claim")
        assert evidence_words.settled_title(report).startswith("Descriptive only")

    def test_sums_leave_it_out_and_say_so(self):
        found = card(cases.units(), (FIRST, 0.5))
        sound = card(cases.units(), (FIRST, 0.3), title="Sound")
        sound = replace(sound, model="n")
        total = portfolio([found, sound], "all")
        assert total.value.value == sound.period("all").value.value
        assert total.unknown == ("Churn rescue",)
        (left,) = total.left_out
        assert (left.model, left.share, left.blocked) == ("m", 1.0, True)
        assert "split" in left.why
        assert "not kept: Churn rescue." in said(total.left_out)
        assert total.discoveries.tested == 1
        assert total.shrinkage.plain.value == sound.period("all").value.value

    def test_one_that_knows_nothing_keeps_its_own_reason(self):
        table = cases.units()
        found = card(table[table["arm"] == "offer"], (FIRST, 0.3))
        assert "no units in the control arm" in found.evidence[0].money.reason
        assert not found.evidence[0].blocked


class TestWithoutControl:
    """Treated units that came while no control group ran."""

    def test_most_of_them_cost_a_grade_and_the_verdict(self):
        table = turned(0.0)
        found = card(table, (FIRST, 0.3), (TURN, 0.0))
        treated = mature(table)[lambda rows: rows["arm"] == "offer"]
        share = (treated["day"] >= TURN).mean()
        report, whole = found.evidence[0], found.period("all")
        assert report.unvalued == whole.unvalued == pytest.approx(share)
        assert share > 0.4
        valued = check(report, "Treated units valued")
        assert valued.status == "failed"
        assert valued.statistic == pytest.approx(share)
        assert f"{(treated['day'] >= TURN).sum():,} of {len(treated):,}" in valued.text
        assert (report.effect.grade, report.grade, whole.value.grade) == ("A", "B", "B")
        assert "before costs; the value of 49% of its treated units is unknown" in found.headline
        assert whole.value.known
        assert "not counted" in whole.net.reason
        assert not found.to_date
        assert found.verdict.action == "not enough evidence"
        assert "not counted" in found.verdict.reasons[0]
        total = portfolio([found], "all")
        assert total.net.value == pytest.approx(whole.value.value - whole.cost_attributed.value)
        assert sum(step.amount for step in total.bridge[:-1]) == pytest.approx(total.net.value)
        assert total.left_out[0].share == pytest.approx(share)
        assert "Counted in part: Churn rescue" in said(total.left_out)

    def test_money_is_that_of_the_units_with_a_control(self):
        table = turned(0.0)
        found = card(table, (FIRST, 0.3), (TURN, 0.0))
        early = table[table["day"] < TURN]
        one, other = (early.loc[early["arm"] == arm, "y"] for arm in ("offer", "control"))
        assert found.evidence[0].money.value == pytest.approx(
            len(one) * (one.mean() - other.mean())
        )

    def test_a_month_without_any_control_has_no_money(self):
        found = card(turned(0.0), (FIRST, 0.3), (TURN, 0.0))
        assert found.period("month").unvalued == 1.0
        assert found.period("month").value.value is None

    def test_few_are_a_warning_and_cost_nothing(self):
        table = cases.units(n=6000)
        last = FIRST + timedelta(days=87)
        late = (table["day"] >= last).to_numpy()
        table["epoch"] = np.where(late, last.isoformat(), FIRST.isoformat())
        table = table[~(late & (table["arm"] == "control").to_numpy())]
        found = card(table.reset_index(drop=True), (FIRST, 0.3), (last, 0.0))
        report = found.evidence[0]
        assert 0 < report.unvalued < 0.1
        assert check(report, "Treated units valued").status == "warning"
        assert report.grade == "A"
        assert "not counted" in found.headline
        assert found.verdict.action == "keep"

    def test_the_headline_says_it_whatever_else_is_unknown(self):
        found = card(turned(0.0), (FIRST, 0.3), (TURN, 0.0), costs={})
        assert "no costs are declared" in found.headline
        assert found.headline.count("the value of 49% of its treated units is unknown") == 1

    def test_with_both_arms_all_the_time_nothing_is_said(self):
        found = card(turned(1.0), (FIRST, 0.3), (TURN, 0.3))
        assert found.evidence[0].unvalued == 0
        assert check(found.evidence[0], "Treated units valued").status == "passed"
        assert "not counted" not in found.headline
        assert not portfolio([found], "all").left_out


def test_a_registration_says_who_knows_it():
    table = cases.units()
    typed = card(table, (FIRST, 0.3)).evidence[0]
    assert "Declared in the workspace file" in check(typed, "Registered before looking").text
    content = {"start": FIRST.isoformat(), "units": 4000, "share": 0.3}
    held = (Registered("m", "holdout", "y", content, FIRST),)
    declared = cases.holdout_workspace(evidence=[entry((FIRST, 0.3))])
    stored = assess(declared, "m", cases.holdout_book(declared, table, registered=held))
    text = check(stored.evidence[0], "Registered before looking").text
    assert text.startswith("Registered with valuekit on 1 Jan 2026")
