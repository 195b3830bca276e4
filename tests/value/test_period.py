from __future__ import annotations

from datetime import date, timedelta

from valuekit.value.period import named

AS_OF = date(2026, 10, 31)
FIRST = date(2025, 1, 1)


def found(first=FIRST, mature=AS_OF):
    return {one.name: one for one in named(first, AS_OF, mature)}


def test_lengths_are_whole_days_and_weeks_where_weeks_matter():
    lengths = {name: one.asked.days for name, one in found().items()}
    assert lengths == {
        "all": 669, "year": 365, "quarter": 91, "prior_quarter": 91, "month": 28
    }  # fmt: skip
    assert found()["quarter"].asked.first - found()["prior_quarter"].asked.last == timedelta(1)


def test_a_young_model_starts_on_its_first_day_and_has_no_prior_quarter():
    periods = found(first=date(2026, 9, 1))
    assert "prior_quarter" not in periods
    assert periods["year"].asked.first == periods["quarter"].asked.first == date(2026, 9, 1)


def test_only_mature_days_count_and_the_others_are_counted():
    one = found(mature=AS_OF - timedelta(days=14))["year"]
    assert (one.mature.days, one.immature) == (351, 14)
    assert one.days == one.mature


def test_compared_periods_are_whole_and_end_on_the_last_mature_day():
    through = AS_OF - timedelta(days=14)
    periods = found(mature=through)
    for name, days in (("quarter", 91), ("prior_quarter", 91), ("month", 28)):
        assert (periods[name].mature.days, periods[name].immature) == (days, 0)
    assert periods["quarter"].asked.last == periods["month"].asked.last == through
    assert periods["quarter"].asked.first - periods["prior_quarter"].asked.last == timedelta(1)


def test_a_few_mature_days_do_not_stand_for_a_quarter():
    young = AS_OF - timedelta(days=90)
    one = found(first=young, mature=young + timedelta(days=4))["quarter"]
    assert one.mature is None
    assert one.days == one.asked


def test_a_single_day_experiment_is_whole():
    (one,) = (p for p in named(AS_OF, AS_OF, AS_OF) if p.name == "all")
    assert one.mature.days == 1


def test_nothing_matures_after_the_last_day_of_the_data():
    day = AS_OF - timedelta(days=18)
    for one in named(day, AS_OF, day, day):
        assert (one.mature.days, one.seen, one.immature) == (1, 1, 0)
    last = AS_OF - timedelta(days=60)
    year = {one.name: one for one in named(FIRST, AS_OF, last - timedelta(days=9), last)}["year"]
    assert (year.asked.days, year.seen, year.mature.days, year.immature) == (365, 305, 296, 9)


def test_a_few_mature_days_of_a_running_model_stand_for_nothing():
    first = AS_OF - timedelta(days=30)
    made = named(first, AS_OF, first + timedelta(days=2), AS_OF - timedelta(days=10))
    for one in (one for one in made if one.name in {"all", "year"}):
        assert (one.mature, one.seen, one.immature) == (None, 21, 18)


def test_nothing_mature():
    assert all(one.mature is None for one in found(mature=None).values())
