"""A heading names the days that its figures count, not those that somebody asked for."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tests import factories
from valuekit.estimate import Period
from valuekit.period_words import counted, of_model, of_models
from valuekit.portfolio import portfolio
from valuekit.report.sheets import model_sheet
from valuekit.scorecard import PeriodFigures, Scorecard
from valuekit.text import day

LAST = date(2026, 10, 31)


def _held(card: Scorecard, name: str, asked: Period, last: date) -> PeriodFigures:
    days = Period(asked.first, last)
    held = card.period("year")
    assert held is not None
    return replace(
        held,
        name=name,
        period=asked,
        value=replace(held.value, period=days),
        cost_attributed=replace(held.cost_attributed, period=days),
        net=replace(held.net, period=days),
    )


def _card() -> Scorecard:
    return next(one for one in factories.scorecards() if one.period("year"))


@given(back=st.integers(0, 300))
def test_a_year_says_through_which_day_its_outcomes_are_complete(back: int) -> None:
    asked = Period(LAST - timedelta(days=364), LAST)
    held = _held(_card(), "year", asked, LAST - timedelta(days=back))
    said = of_model(held, LAST)
    assert counted(held).last == LAST - timedelta(days=back)
    assert day(counted(held).last) in said
    assert ("outcomes complete through" in said) == (back > 0)


def test_four_weeks_that_end_before_the_figures_say_why() -> None:
    asked = Period(date(2026, 6, 29), date(2026, 7, 26))
    held = _held(_card(), "month", asked, asked.last)
    assert of_model(held, LAST) == "Last 4 weeks with complete outcomes, 29 Jun to 26 Jul 2026"
    assert of_model(held, asked.last) == "Last 4 weeks, 29 Jun to 26 Jul 2026"


def _two(name: str, asked: tuple[Period, Period], ends: tuple[date, date]) -> list[Scorecard]:
    cards = []
    for index in range(2):
        card = replace(_card(), model=f"m{index}")
        cards.append(replace(card, periods=(_held(card, name, asked[index], ends[index]),)))
    return cards


def test_the_four_weeks_of_several_models_end_on_days_of_their_own() -> None:
    asked = (
        Period(date(2026, 6, 29), date(2026, 7, 26)),
        Period(date(2026, 10, 4), LAST),
    )
    total = portfolio(_two("month", asked, (asked[0].last, LAST)), "month")
    assert of_models(total) == (
        "Last 4 weeks of each model with complete outcomes, ending 26 Jul to 31 Oct 2026"
    )


def test_a_sum_over_a_year_names_the_first_and_the_last_end() -> None:
    asked = Period(LAST - timedelta(days=364), LAST)
    total = portfolio(_two("year", (asked, asked), (date(2026, 7, 26), LAST)), "year")
    assert of_models(total) == (
        "12 months to 31 Oct 2026, outcomes complete through 26 Jul to 31 Oct 2026, by model"
    )


def test_the_workbook_has_the_days_counted() -> None:
    asked = Period(LAST - timedelta(days=364), LAST)
    cards = _two("year", (asked, asked), (date(2026, 7, 26), LAST))
    sheet = model_sheet(cards, "year")
    titles = [one.title for one in sheet.columns]
    rows = [dict(zip(titles, row, strict=True)) for row in sheet.rows]
    assert [row["Last day counted"] for row in rows] == [date(2026, 7, 26), LAST]
    assert {row["Period ends"] for row in rows} == {LAST}
