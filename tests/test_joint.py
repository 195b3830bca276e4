"""Many models: adjusted p-values, sums with and without luck, holdouts that are due."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from scipy import stats

from tests.factories import scorecards
from valuekit.estimate import Estimate
from valuekit.holdouts import statuses
from valuekit.portfolio import portfolio
from valuekit.scorecard import Reading
from valuekit.source import Registered
from valuekit.standing import trials

CARDS = scorecards()
NAMES = ["churn", "pricing", "reco", "leads", "winback"]


def reading(p, told=None, kind="sequence"):
    one = Estimate(value=1.0, unit="EUR/unit", low=0.0, high=2.0, se=0.5)
    return Reading(kind, "", one, one, one, one, p, "always valid", 50_000, 0.4, (), told)


def with_p(**p):
    return [
        replace(card, evidence=(replace(card.evidence[0], reading=reading(p[card.model])),))
        if card.model in p
        else card
        for card in CARDS
    ]


def test_one_primary_p_a_model_is_adjusted_over_those_that_compare():
    p = {"churn": 0.001, "pricing": 0.02, "reco": 0.06, "leads": 0.5, "winback": None}
    found = portfolio(with_p(**p), "year").discoveries
    assert found.tested == 4
    by = {one.model: one for one in found.models}
    adjusted = stats.false_discovery_control([0.001, 0.02, 0.06, 0.5])
    assert [by[name].p_adjusted for name in NAMES[:4]] == pytest.approx(list(adjusted))
    assert [one.model for one in found.models if one.found] == ["churn", "pricing", "reco"]
    assert "3 of 4" in found.text
    assert portfolio([], "year").discoveries.tested == 0


def test_a_comparison_without_a_reading_takes_its_p_from_its_error():
    found = portfolio(CARDS, "year").discoveries
    churn = next(one for one in found.models if one.model == "churn")
    effect = CARDS[0].evidence[0].effect
    assert churn.p_value == pytest.approx(2 * stats.norm.sf(effect.value / effect.se))
    assert "fraud" not in {one.model for one in found.models}


def test_sums_with_and_without_the_winners_curse_are_named():
    found = portfolio(CARDS, "year").shrinkage
    values = [
        one.period("year").value
        for one in CARDS
        if one.grade in {"A", "B"} and one.period("year").value.known
    ]
    z2 = sum((one.value / one.se) ** 2 for one in values)
    kept = 1 - min(1, (len(values) - 2) / z2)
    assert found.kept == pytest.approx(kept)
    assert found.plain.value == pytest.approx(sum(one.value for one in values))
    assert found.shrunk.value == pytest.approx(kept * found.plain.value)
    won = sum(one.value for one in values if one.resolved)
    assert found.winners_plain.value == pytest.approx(won)
    assert found.winners_shrunk.value == pytest.approx(kept * won)
    assert "James-Stein" in found.rule
    few = portfolio(CARDS[:2], "year").shrinkage
    assert few.kept is None
    assert "fewer than 3" in few.shrunk.reason


def registered(start, days=56, reads="watched", model="churn"):
    last = start + timedelta(days=days - 1)
    content = {
        "start": start.isoformat(), "last": last.isoformat(), "share": 0.1, "units": 9000,
        "read_on": (last + timedelta(days=15)).isoformat(), "reading": reads,
    }  # fmt: skip
    return Registered(model, "holdout", "margin", content, start - timedelta(days=5))


@pytest.mark.parametrize(
    ("today", "told", "kind", "state", "word"),
    [
        (date(2026, 11, 20), None, "sequence", "registered", "starts on 1 Dec"),
        (date(2026, 12, 20), None, "sequence", "running", "9 Feb 2027"),
        (date(2026, 12, 20), date(2026, 12, 19), "sequence", "due", "told from zero since 19 Dec"),
        (date(2027, 3, 1), None, "sequence", "due", "All outcomes are complete"),
        (date(2027, 3, 1), None, "fixed", "ended", "read after its end"),
    ],
)
def test_a_registered_holdout_is_registered_running_due_and_ended(today, told, kind, state, word):
    card = CARDS[0]
    report = replace(card.evidence[0], reading=reading(0.2, told, kind))
    cards = {"churn": replace(card, evidence=(report,))}
    known = {"churn": [registered(date(2026, 12, 1))]}
    found = statuses(known, trials(cards.values()), today)
    assert found[0 if state != "registered" else -1].state == state
    one = next(item for item in found if item.registered is not None)
    assert word in one.remind
    assert len(found) == (2 if state == "registered" else 1)


def test_holdouts_of_the_file_alone_are_listed_too():
    found = {one.model: one for one in statuses({}, trials(CARDS), date(2026, 12, 1))}
    assert set(found) == {"churn", "pricing", "reco", "leads", "winback"}
    assert found["churn"].state == "running"
    assert "not registered" in found["churn"].remind
    full = replace(CARDS[0].evidence[0], reading=replace(reading(0.5), planned_units=10))
    due = statuses({}, trials([replace(CARDS[0], evidence=(full,))]), date(2026, 12, 1))
    assert due[0].state == "due"
