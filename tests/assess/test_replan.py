"""A holdout that is registered again: a new sequence begins, the old one is not touched."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.assess import cases
from tests.bookkeeping import FIRST
from valuekit.assess import assess
from valuekit.assess.designs.plans import plans
from valuekit.source import Registered

AGAIN = FIRST + timedelta(days=40)


def registered(start, units, made=None):
    content = {"units": units, "share": 0.3, "start": start.isoformat()}
    return Registered("m", "holdout", "y", content, made or start - timedelta(days=3))


def report(*held, table=None):
    declared = cases.holdout_workspace()
    table = cases.units() if table is None else table
    book = cases.holdout_book(declared, table, registered=held)
    return assess(declared, "m", book), declared, book


OLD = registered(FIRST, 9_000)


def test_a_new_start_begins_a_sequence_with_its_own_units_and_plan():
    card, *_ = report(OLD, registered(AGAIN, 5_000))
    table = cases.units()
    alone = table[table["day"] >= AGAIN]
    only, *_ = report(registered(AGAIN, 5_000), table=alone)
    new, apart = card.evidence[0], only.evidence[0]
    assert new.reading.planned_units == 5_000
    assert (new.effect.value, new.effect.low) == (apart.effect.value, apart.effect.low)
    assert new.reading.steps == apart.reading.steps
    assert min(step.day for step in new.reading.steps) >= AGAIN + timedelta(days=6)


def test_the_old_sequence_goes_on_as_if_there_were_no_new_one():
    before = report(OLD)[0]
    after = report(OLD, registered(AGAIN, 5_000))[0]
    (kept,) = (one for one in after.evidence[0].others if one.key == "uplift.first_plan")
    assert kept.estimate == before.evidence[0].effect
    assert before.evidence[0].reading.planned_units == 9_000
    assert after.period("all").value == before.period("all").value


def test_more_units_for_a_start_that_has_passed_change_nothing():
    late = registered(FIRST, 20_000, made=FIRST + timedelta(days=30))
    assert report(OLD, late)[0].evidence[0] == report(OLD)[0].evidence[0]
    early = registered(FIRST, 20_000, made=FIRST - timedelta(days=1))
    assert report(OLD, early)[0].evidence[0].reading.planned_units == 20_000


@pytest.mark.parametrize(
    "other",
    [
        registered(FIRST + timedelta(days=300), 5_000),  # still to come
        registered(AGAIN, 5_000, made=AGAIN + timedelta(days=5)),  # registered after its start
    ],
)
def test_a_plan_to_come_or_made_too_late_changes_nothing(other):
    found = report(OLD, other)[0].evidence[0]
    assert found == report(OLD)[0].evidence[0]


def test_the_refresh_stores_one_plan_for_each_sequence():
    held = (OLD, registered(AGAIN, 5_000))
    _, declared, book = report(*held)
    made = plans(declared, "m", book)
    assert [(one.content["units"], one.content.get("since")) for one in made] == [
        (14_600, None), (one_year(), AGAIN.isoformat()),
    ]  # fmt: skip
    again = replace(book, registered=(*held, *made))
    assert plans(declared, "m", again) == ()
    found = assess(declared, "m", again).evidence[0]
    assert found.reading.planned_units == 5_000
    kept = next(one for one in found.diagnostics if one.name == "Plan kept")
    assert kept.status == "passed"


def one_year():
    table = cases.units()
    left = table[table["day"] >= AGAIN]
    return -(-len(left) * 365 // ((left["day"].max() - AGAIN).days + 1))
