from __future__ import annotations

from datetime import timedelta

import pytest

from tests.assess import cases
from tests.bookkeeping import FIRST
from valuekit.assess import assess


def report(evidence=None, table=None, **more):
    entry = {
        "design": "holdout", "control": "control", "registered": FIRST,
        "allocation": [{"from": FIRST, "control": 0.3}],
    } | (evidence or {})  # fmt: skip
    entry = {key: value for key, value in entry.items() if value is not None}
    declared = cases.holdout_workspace(evidence=[entry], **more)
    table = cases.units() if table is None else table
    return assess(declared, "m", cases.holdout_book(declared, table)).evidence[0]


@pytest.mark.parametrize(
    ("change", "grade", "word"),
    [
        ({}, "A", "passed its checks"),
        ({"registered": None}, "B", "not registered"),
        ({"registered": FIRST + timedelta(days=3)}, "B", "not registered"),
        ({"allocation": None}, "B", "could not be checked"),
        ({"registered": None, "allocation": None}, "C", "not registered"),
        ({"valid_until": FIRST}, "B", "valid until"),
        ({"allocation": [{"from": FIRST, "control": 0.5}]}, "D", "split was not kept"),
    ],
)
def test_every_failure_costs_a_grade_and_is_said(change, grade, word):
    found = report(change)
    assert found.grade == grade
    assert any(word in reason for reason in found.grade_reasons)


def test_units_seen_in_both_arms_cost_a_grade():
    table = cases.units()
    table["crossed"] = (table.index % 40 == 0).astype(int)
    found = report(table=table)
    assert found.grade == "B"
    assert "both arms" in found.grade_reasons[0]


def test_a_few_large_outcomes_cost_the_a_and_the_cap_decides():
    table = cases.units(lift=0.0)
    table["y"] = 0.0
    table.loc[table.index[:20], "y"] = 5000.0
    free = report(table=table)
    assert free.grade == "B"
    declared = cases.holdout_workspace(
        metrics={"y": {"column": "y", "already_money": True, "cap": 100}}
    )
    from tests.facts_from_rows import effect_frame

    facts = {"effect": effect_frame(table, cap=100.0), "volume": cases.volume([50] * 100)}
    made = cases.costed(declared, cases.book(facts))
    capped = assess(declared, "m", made).evidence[0]
    assert "capped" in capped.money.method
    assert abs(capped.money.value) < abs(free.money.value)
    assert {one.key for one in capped.others} >= {"uplift.capped", "uplift.uncapped"}


def test_old_evidence_loses_a_grade():
    entry = {"design": "holdout", "control": "control", "registered": FIRST,
             "allocation": [{"from": FIRST, "control": 0.3}]}  # fmt: skip
    declared = cases.holdout_workspace(evidence=[entry])
    made = cases.holdout_book(
        declared, cases.units(), as_of=FIRST + timedelta(days=400),
        complete_through=FIRST + timedelta(days=400),
    )  # fmt: skip
    found = assess(declared, "m", made).evidence[0]
    assert found.grade == "B"
    assert "180 days" in found.grade_reasons[0]
