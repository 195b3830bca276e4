"""Days by offsets written into the statement are the days that zoneinfo gives."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from connectors import zones

ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Sao_Paulo",  # midnight did not exist on the day of change
    "Australia/Lord_Howe",  # half an hour of change
    "Asia/Kathmandu",
    "Africa/Casablanca",  # four changes a year
    "Pacific/Apia",  # a whole day left out
    "Asia/Beirut",
]


def naive(when: datetime) -> datetime:
    return when.replace(tzinfo=None)


@pytest.mark.parametrize("zone", ZONES)
def test_days_equal_zoneinfo(opened, root, zone):
    start = datetime(2010, 12, 30)
    times = [start + timedelta(minutes=97 * n) for n in range(60_000)]
    pq.write_table(pa.table({"time": pa.array(times, pa.timestamp("us"))}), root / "t.parquet")
    engine = opened(zone=zone)
    rows = engine.table("t", ["time"])
    day = engine.local_day(rows.c.time)
    found = engine.run("d", sa.select(rows.c.time, day.label("day")).order_by(rows.c.time))
    expected = [t.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).date() for t in times]
    assert found["day"].to_pylist() == expected


@pytest.mark.parametrize("zone", ZONES)
def test_wall_clock_to_utc_equals_zoneinfo(opened, root, zone):
    start = datetime(2017, 1, 1)
    times = [start + timedelta(minutes=17 * n) for n in range(60_000)]
    pq.write_table(pa.table({"time": pa.array(times, pa.timestamp("ms"))}), root / "t.parquet")
    engine = opened(timezone=zone)
    rows = engine.table("t", ["time"])
    found = engine.run("t", sa.select(rows.c.time))["time"].to_pylist()
    expected = [naive(t.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)) for t in times]
    assert sorted(found) == sorted(expected)


def test_hours_of_a_long_day_all_count(opened, root):
    hours = [datetime(2026, 10, 24, 22) + timedelta(hours=n) for n in range(25)]
    stamps = pa.array(hours, pa.timestamp("us", tz="UTC"))
    pq.write_table(pa.table({"time": stamps}), root / "t.parquet")
    engine = opened(zone="Europe/Berlin")
    rows = engine.table("t")
    day = sa.select(engine.local_day(rows.c.time).label("d")).subquery()
    counted = engine.run("n", sa.select(day.c.d, sa.func.count().label("n")).group_by(day.c.d))
    assert counted.to_pylist() == [{"d": datetime(2026, 10, 25).date(), "n": 25}]


def test_dates_are_their_own_day(opened, root):
    days = [datetime(2026, 1, 1).date()]
    pq.write_table(pa.table({"day": pa.array(days, pa.date32())}), root / "t.parquet")
    engine = opened(zone="America/New_York")
    rows = engine.table("t")
    assert engine.run("d", sa.select(engine.local_day(rows.c.day))).column(0).to_pylist() == days


def test_times_out_of_all_years_do_not_fail(opened, root):
    times = [datetime(1, 1, 1), datetime(1970, 1, 1), datetime(9999, 12, 31)]
    pq.write_table(pa.table({"time": pa.array(times, pa.timestamp("us"))}), root / "t.parquet")
    engine = opened(zone="Europe/Berlin")
    rows = engine.table("t")
    found = engine.run("d", sa.select(sa.func.count(engine.local_day(rows.c.time))))
    assert found.column(0)[0].as_py() == 3


@given(
    st.sampled_from(ZONES),
    st.datetimes(min_value=datetime(1991, 1, 1), max_value=datetime(2037, 1, 1)),
)
def test_changes_give_the_offset_of_any_time(zone, when):
    passed = [after for at, _, after in zones.changes(zone) if at <= when]
    start = passed[-1] if passed else zones._offset(zones._START, zone)
    assert start == zones._offset(when, zone)


def test_few_years_make_a_short_statement():
    time = sa.column("t", sa.DateTime())
    long, short = (
        str(zones.local_day(time, "Europe/Berlin", y)) for y in ((1990, 2045), (2026, 2026))
    )
    assert len(short) < len(long) / 8
