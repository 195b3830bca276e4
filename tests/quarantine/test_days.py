"""A night that is wrong as a whole is told, however many good ones lie before it."""

from __future__ import annotations

import pytest

from tests.quarantine.intakes import intake
from valuekit.quarantine.days import LEAST, NEWEST, warnings

GOOD = [(day, "accepted", "accepted", 100) for day in range(30)]


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([], None),
        ([(30, "quarantined", "bad_score", 24), (30, "accepted", "accepted", 1)], "24 of 25"),
        ([(30, "quarantined", "bad_score", 50), (30, "accepted", "accepted", 50)], None),
        ([(30, "quarantined", "bad_score", LEAST - 2)], None),
        ([(30, "quarantined", "orphan", 90)], None),
        ([(30 - NEWEST, "quarantined", "bad_score", 900)], None),
        ([(31 - NEWEST, "quarantined", "bad_score", 900)], "900 of 1,000"),
    ],
)
def test_most_rows_of_one_of_the_newest_days(rows, told):
    found = warnings(intake(*GOOD, *rows, (30, "accepted", "accepted", 1)), "m")
    if told is None:
        assert found == ()
        return
    (one,) = found
    assert (one.code, one.severity, one.place) == ("bad_day", "warning", "models.m.predictions")
    assert "(bad_score)" in one.rule
    assert one.value.startswith(told.replace("of 25", "of 26"))


@pytest.mark.parametrize(("limit", "told"), [(None, False), (0.5, True)])
def test_a_day_of_a_rule_that_often_holds_back_many_is_told_beyond_chance(limit, told):
    """Four in ten are always empty; of 54 rows 32 are no wonder. A limit is one all the same."""
    usual = [(day, *each) for day in range(60) for each in (
        ("quarantined", "null_value", 40), ("accepted", "accepted", 60),
    )]  # fmt: skip
    night = [(60, "quarantined", "null_value", 32), (60, "accepted", "accepted", 22)]
    found = warnings(intake(*usual, *night), "m", lambda _rule: limit)
    assert [one.value for one in found] == ["32 of 54 rows on 2026-03-02"] * told
    worse = [(60, "quarantined", "null_value", 54)]
    assert len(warnings(intake(*usual, *worse), "m", lambda _rule: limit)) == 1
