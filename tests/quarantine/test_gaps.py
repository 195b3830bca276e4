"""A day without rows is told where a file is missing, and not where a day may be quiet."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.quarantine.intakes import START, intake
from tests.quarantine.test_emptied import DAYS, NOW, Shop
from tests.workspaces import workspace
from valuekit.quarantine.gaps import CHANCE, NEWEST, PAUSE, lost, warnings

FIRST = START.date()
WEEKS = 8
WEEKDAYS = st.lists(st.integers(0, 400), min_size=7, max_size=7)


def told(rows: list[int]) -> list[int]:
    """Days that are told, of rows by day from the first one on."""
    index = pd.date_range(START, periods=len(rows))
    counts = pd.Series(rows, index=index)
    return [(day - FIRST).days for day, _ in lost(counts[counts > 0])]


@given(WEEKDAYS, st.integers(2, WEEKS), st.integers(0, 6))
def test_what_repeats_by_week_is_no_gap(week, weeks, more):
    """Tables that rest on some weekdays, whichever the last day is."""
    assert told(week * weeks + week[:more]) == []


@given(WEEKDAYS, st.data())
@example([0, 0, 0, 20, 0, 0, 0], None)
def test_an_inner_day_of_a_steady_table_is_told_while_it_is_among_the_newest(week, data):
    rows = week * WEEKS
    late = range(len(rows) - 8, len(rows) - 1)
    inner = [day for day in late if rows[day] >= 20 and any(rows[day + 1 :])]
    if not inner:
        return
    day = inner[0] if data is None else data.draw(st.sampled_from(inner))
    rows[day] = 0
    # A week that lost most of its rows with the day may be a table that fades out.
    fades = sum(week) - week[day % 7] < sum(week) / 2
    assert told(rows) in ([[day], []] if fades else [[day]])
    assert told([*rows, *week * 2]) == []


def test_how_long_it_is_told():
    rows = [80] * 100
    rows[60] = 0
    assert [n for n in range(55, 101) if told(rows[:n])] == [*range(62, 62 + NEWEST)]
    rows[55:60] = [0] * 5  # of a longer stretch all days, though the first ones are older
    assert [n for n in range(50, 101) if told(rows[:n]) == [*range(55, 61)]] == [*range(62, 69)]


@pytest.mark.parametrize(
    ("rows", "days"),
    [
        ([80] * 30 + [0] * 10 + [80], [*range(30, 40)]),  # longer than a week
        ([80] * 30 + [0] * PAUSE + [80], [*range(30, 58)]),
        ([80] * 30 + [0] * (PAUSE + 1) + [80], []),  # a pause
        ([80] * 30 + [0] * 200 + [80], []),
        ([80] * 30 + [0] + [80] * 2 + [0] + [80], [30, 33]),
        ([80] * 30 + [0] + [80] * 5 + [0] + [80], [30, 36]),
        ([80] * 30 + [0] + [80] * 6 + [0] + [80], []),  # the weekday is no longer sure
        ([80] * 13 + [0] + [80], []),  # too young
        ([80] * 14 + [0] + [80], [14]),
        ([80] * 30 + [0], []),  # it ends there: the last day may still come
        ([11] * 30 + [0] + [11], []),  # e^-11 is 1.7e-5
        ([12] * 30 + [0] + [12], [30]),
        ([80] * 30 + [3] * 3 + [0] + [3] * 5, []),  # it fades out
        ([80] * 30 + [0, 0, 1, 0, 0, 2, 0, 1], []),
        ([80] * 30 + [0] + [20], [30]),  # the last day is running
        (([80, 0, 80, 80, 80, 0, 80, 80, 80] * 6), []),  # comes when it comes
        ([500, 20, 90, 1200, 10, 60, 25] * 3 + [500, 20, 0, 1200], [23]),
        ([1, 3000, 2, 9, 400, 1, 1, 60, 5, 900, 3, 1, 70, 2] * 3 + [0, 5], []),  # bursts
    ],
)
def test_days_told(rows, days):
    assert told(rows) == days


@pytest.mark.parametrize("rate", [0.3, 2.0, 6.0, 9.0, 12.0, 30.0, 200.0])
@pytest.mark.parametrize("spread", [0.0, 0.1, 0.5])
def test_chance_alone_seldom_tells(rate, spread):
    """At most 1 in 200 tables drawn at random is told of, overdispersed ones as well."""
    rng = np.random.default_rng(7)
    week = rng.uniform(0, 2, 7) * (rng.random(7) < 0.8)
    means = np.tile(week * rate, WEEKS)
    seen = 0
    for _ in range(200):
        noise = rng.gamma(1 / spread, spread, len(means)) if spread else 1.0
        seen += bool(told(rng.poisson(means * noise).tolist()))
    assert seen <= 1


def test_the_chance_is_that_of_the_negative_binomial():
    """Counts of variance m + a m^2 about one mean, with a by moments, and P(0) by simulation."""
    rng = np.random.default_rng(3)
    drawn = rng.poisson(40 * rng.gamma(1 / 0.4, 0.4, 200_000))
    observed = float((drawn == 0).mean())
    assert observed == pytest.approx((1 + 0.4 * 40) ** (-1 / 0.4), rel=0.2)
    assert observed > CHANCE  # so an empty day of such a table says nothing
    for off, days in ((30, []), (20, [30])):
        pair = [40 - off, 40 + off]
        rows = [n for week in range(4) for n in (*pair[:: (-1) ** week], 40, 40, 40, 40, 40)]
        a = (8 * off**2 - 3 * 7 * 40) / (3 * 7 * 40**2)
        assert ((1 + a * 40) ** (-1 / a) < CHANCE) == bool(days)
        assert told([*rows, *pair, 0, 40]) == days


def test_words_and_what_ends_a_table():
    model = workspace(
        {"m": {"assignments": {"table": "a", "unit": "u", "arm": "arm", "time": "at"}}}
    ).models["m"]
    days = [(day, "accepted", "accepted", 1200) for day in range(60) if day not in {40, 51, 52}]
    (one,) = warnings(model, "m", intake(*days, (300, "quarantined", "future", 1)))
    assert (one.code, one.severity, one.rows) == ("day_without_rows", "warning", 0)
    assert one.place == "models.m.predictions, table p"
    assert one.value == (
        "no row in predictions on 2026-02-21 and 2026-02-22; "
        "about 1,200 rows are usual on such a day"
    )
    other = intake(*days).assign(source="assignments")
    assert [f.place for f in warnings(model, "m", other)] == ["models.m.assignments, table a"]
    assert warnings(model, "m", intake(*days[:35])) == warnings(model, "m", other[:0]) == ()
    many = [one for one in days if one[0] < 35 or one[0] > 52]
    (one,) = warnings(model, "m", intake(*many))
    assert "2026-02-22, 2026-02-21" in one.value
    assert "and 13 more" in one.value


def test_a_file_that_was_not_delivered_is_told_until_it_comes(tmp_path):
    held = Shop(tmp_path)
    for more in range(DAYS, 18):
        held.write(more)
    gone = held.folder / "data" / "o" / "16.parquet"
    kept = gone.read_bytes()
    gone.unlink()
    day = date(2026, 1, 1) + timedelta(days=16)

    def said(**ask: bool) -> list:
        held.hour += 1
        part = held.space.refresh(now=NOW + timedelta(hours=held.hour), **ask).parts[0]
        return [one for one in part.findings if one.code == "day_without_rows"]

    first = said()
    (one,) = first
    assert one.place == "models.m.outcomes, table o"
    assert one.value == f"no row in outcomes on {day}; about 3,000 rows are usual on such a day"
    assert said() == first  # nothing changed
    held.write(18)
    assert said() == first
    assert said(full=True) == first
    assert str(one) in held.space.scorecards()["m"].health.warnings
    gone.write_bytes(kept)
    assert said() == said(full=True) == []
