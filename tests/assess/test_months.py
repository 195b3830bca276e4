"""Three years of a classifier whose old scores are kept by month: what stays, what is said."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from tests.assess import cases
from tests.bookkeeping import FIRST, rows
from valuekit.assess import assess
from valuekit.degradation.performance import from_scores
from valuekit.ledger.months import by_month, daily_from

SPAN = 3 * 365
LAST = FIRST + timedelta(days=SPAN - 1)
DAILY = daily_from(LAST)
AUC = "ROC AUC"


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    """Scores that are a little worse every day, and far worse from half a year before the end."""
    made = cases.scored(n=30_000, span=SPAN, seed=9)
    rng = np.random.default_rng(4)
    age = np.array([(day - FIRST).days for day in made["day"]])
    noise = rng.random(len(made)) < 0.1 + 0.1 * age / SPAN + 0.35 * (age > SPAN - 180)
    made["label"] = np.where(noise, np.where(rng.random(len(made)) < 0.5, "1", "0"), made["label"])
    return made


@pytest.fixture(scope="module")
def books(table):
    """The same facts by day, and with old scores by month."""
    declared = cases.payoff_workspace()
    short = cases.payoff_book(declared, table)
    volume = rows(
        "volume",
        *(
            {"day": day, "predictions": int(n), "labelled": int(n), "scored": int(n)}
            for day, n in table.groupby("day").size().items()
        ),
    )
    facts = {**short.facts, "volume": volume}
    whole = replace(short, facts=facts, first=FIRST, last=LAST, complete_through=LAST, as_of=LAST)
    return declared, whole, replace(whole, facts=by_month(facts, DAILY), daily_from=DAILY)


@pytest.fixture(scope="module")
def cards(books):
    declared, *both = books
    return tuple(assess(declared, "m", one) for one in both)


def test_the_case_has_merged_months(books):
    _, whole, merged = books
    counted = [sum(len(one) > 0 for one in book.facts["score"]["n"]) for book in (whole, merged)]
    assert counted[1] < 0.5 * counted[0]
    assert date(2027, 11, 1) == DAILY


def test_figures_over_the_whole_time_do_not_change(cards, table):
    by_day, merged = cards
    assert [one.key for one in merged.accuracy.figures] == [
        one.key for one in by_day.accuracy.figures
    ]
    for one, other in zip(merged.accuracy.figures, by_day.accuracy.figures, strict=True):
        if one.key != "accuracy.threshold_gain":
            numbers = ("value", "low", "high", "se", "df")
            for name in numbers:
                found, expected = (getattr(each.estimate, name) for each in (one, other))
                assert found == (expected and pytest.approx(expected, rel=1e-12)), one.key
            for name in ("unit", "n", "method", "period", "reason", "notes"):
                assert getattr(one.estimate, name) == getattr(other.estimate, name), one.key
    for name in ("roc", "value_curve", "confusion"):
        assert getattr(merged.accuracy, name) == getattr(by_day.accuracy, name)
    for one, other in zip(merged.accuracy.calibration, by_day.accuracy.calibration, strict=True):
        assert one.predicted == pytest.approx(other.predicted, rel=1e-12)
        assert (one.observed, one.n) == (other.observed, other.n)
    mature = table[table["day"] <= LAST - timedelta(days=10)]
    auc = roc_auc_score(mature["label"] == "1", mature["p"])
    assert merged.accuracy.figures[0].estimate.value == pytest.approx(auc)
    assert merged.degradation.drifts == by_day.degradation.drifts
    assert merged.versions == by_day.versions


def test_money_left_is_valued_from_the_first_of_a_month_on(cards, table):
    """Months are never split: what chose the threshold does not value it."""
    gains = [
        next(one for one in card.accuracy.figures if one.key == "accuracy.threshold_gain")
        for card in cards
    ]
    mature = LAST - timedelta(days=10)
    middle = FIRST + timedelta(days=((mature - FIRST).days + 1) // 2)
    assert middle < DAILY
    assert middle.day != 1
    assert gains[0].estimate.period.first == middle
    assert gains[1].estimate.period.first == middle.replace(day=1)
    later = table[(table["day"] >= middle.replace(day=1)) & (table["day"] <= mature)]
    earlier = table[table["day"] < middle.replace(day=1)]

    def money(part: pd.DataFrame, threshold: float) -> float:
        said, hit = part["p"] >= threshold, part["label"] == "1"
        return float(
            50 * (said & hit).sum() - 10 * (said & ~hit).sum()
            - 50 * (~said & hit).sum() + 5 * (~said & ~hit).sum()
        )  # fmt: skip

    best = max(np.unique(table["p"]), key=lambda one: money(earlier, one))
    expected = money(later, best) - money(later, 0.5)
    assert gains[1].estimate.value == pytest.approx(expected)


def test_weeks_and_changes_are_those_since_the_first_day_by_day(cards):
    by_day, merged = cards
    assert [replace(one, performance=None) for one in merged.weeks] == [
        replace(one, performance=None) for one in by_day.weeks
    ]
    for one, other in zip(merged.weeks, by_day.weeks, strict=True):
        assert one.performance == (other.performance if one.start >= DAILY else None)
    assert sum(one.performance is not None for one in merged.weeks) > 52
    since = f"Days and weeks of {AUC} are known since 1 Nov 2027: older scores are kept by month."
    assert since in merged.degradation.text
    assert "kept by month" not in by_day.degradation.text
    dated = next(one for one in merged.degradation.changes if one.series == "performance")
    assert dated.low <= LAST - timedelta(days=179) <= dated.high


def test_a_stretch_that_cuts_a_merged_month_is_unknown(books):
    _, whole, merged = books
    days, months = (from_scores(book.facts["score"], book.daily_from) for book in (whole, merged))
    assert months.overall() == days.overall()
    ends = pd.date_range(FIRST, LAST, freq="17D")
    for first in ends:
        for last in ends[ends >= first]:
            one, other = np.datetime64(first.date()), np.datetime64(last.date())
            after = (last + timedelta(days=1)).date()
            whole_months = (first.date() in {FIRST, first.date().replace(day=1)}) and (
                after.day == 1 or after >= DAILY
            )
            expected = days.between(one, other)
            if first.date() >= DAILY or whole_months:
                assert months.between(one, other) == expected
            else:
                assert months.between(one, other) is None
    march = np.datetime64("2026-03-01"), np.datetime64("2026-03-31")
    assert months.between(*march) == days.between(*march) is not None
    shown, values = months.daily()
    assert shown.min() >= np.datetime64(DAILY)
    everything = dict(zip(*(one.tolist() for one in days.daily()), strict=True))
    assert dict(zip(shown.tolist(), values.tolist(), strict=True)).items() <= everything.items()


def test_a_young_model_says_nothing_of_months(table):
    declared = cases.payoff_workspace()
    made = cases.payoff_book(declared, table[table["day"] < FIRST + timedelta(days=100)])
    young = assess(declared, "m", replace(made, daily_from=FIRST - timedelta(days=40)))
    assert young.degradation == assess(declared, "m", made).degradation
