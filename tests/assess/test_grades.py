from __future__ import annotations

from datetime import timedelta

import pytest

from tests.assess import cases
from tests.bookkeeping import FIRST, book
from tests.bookkeeping import rows as made
from tests.facts_from_rows import effect_frame
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
        ({"interference": True}, "B", "take from each other"),
        ({"interference": True, "registered": None}, "B", "not registered"),
        ({"interference": True, "registered": None, "allocation": None}, "C", "take from each"),
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


def of_versions(*served):
    """A holdout whose predictions came from versions: name, first day, last day."""
    declared = cases.holdout_workspace(
        predictions={
            "table": "p", "id": "id", "time": "at", "unit": "u", "arm": "arm", "version": "v",
        }
    )  # fmt: skip
    rows = [
        {"day": FIRST + timedelta(days=day), "version": name, "predictions": 50}
        for name, first, last in served
        for day in range(first, last + 1)
    ]
    every = [{"day": FIRST + timedelta(days=day), "predictions": 50} for day in range(100)]
    facts = {"effect": effect_frame(cases.units()), "volume": made("volume", *rows, *every)}
    return assess(declared, "m", cases.costed(declared, book(facts))).evidence[0]


@pytest.mark.parametrize(
    ("served", "grade"),
    [
        ([("v1", 0, 99)], "A"),
        ([("v1", 0, 60), ("v2", 61, 99)], "A"),  # the evidence holds days of both
        ([("v1", 0, 91), ("v2", 92, 99)], "B"),  # the last mature day is day 89
        ([("v1", 0, 99), ("v2", 95, 96)], "A"),  # a trial run is not the version in use
    ],
)
def test_evidence_of_another_version_loses_a_grade(served, grade):
    found = of_versions(*served)
    assert found.grade == grade
    said = any("version v2 has been in use since" in one for one in found.grade_reasons)
    assert said == (grade == "B")
