"""Times: too early, too late, without a zone, in hours that never were, in the wrong unit."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.inputs.lake import GOOD, NOW, Lake, outcomes, predictions, refused, text, warned
from valuekit.api import Workspace

BERLIN = "Europe/Berlin"


def at(times: list[str] | pd.DatetimeIndex) -> pd.DataFrame:
    """Predictions at these times, as many as there are."""
    whole = pd.concat([predictions()] * (len(times) // 40 + 1), ignore_index=True)[: len(times)]
    ids = [f"p{i}" for i in range(len(times))]
    return whole.assign(id=ids, customer=ids, at=times)


def in_berlin(lake: Lake) -> None:
    lake.declare('currency = "EUR"', f'currency = "EUR"\ntimezone = "{BERLIN}"')


def by_day(lake: Lake, model: str = "churn") -> dict[date, int]:
    rows = lake.fact("volume", model)
    return {day.date(): int(n) for day, n in rows.groupby("day")["predictions"].sum().items()}


def test_outcome_before_prediction(lake: Lake) -> None:
    seen = outcomes()
    seen.loc[[3, 4], "seen"] -= pd.Timedelta(days=2)
    lake.write(outcomes=text(seen))
    lake.refresh()
    assert lake.rules("outcomes") == {"credited": 38, "before_prediction": 2}
    assert lake.fates("outcomes") == {"accepted": 38, "quarantined": 2}
    lake.declare('window = "5d"', 'window = "5d"\nskew = "5m"')  # cannot be declared yet
    refused(lake, "unknown_key", place="models.churn.outcomes.skew", rule="unknown key")


def test_future(lake: Lake) -> None:
    p, o = predictions(), outcomes()
    p.loc[[7, 8], "at"] = pd.Timestamp("2027-01-01", tz="UTC")
    o.loc[9, "seen"] = pd.Timestamp("2026-03-01 12:06", tz="UTC")
    o.loc[10, "seen"] = pd.Timestamp("2026-03-01 12:04", tz="UTC")  # clocks differ a little
    lake.write(predictions=text(p), outcomes=text(o))
    lake.refresh()
    assert lake.rules("predictions") == {"accepted": 38, "future": 2}
    assert lake.rules("outcomes") == {
        "credited": 36,
        "orphan": 2,
        "future": 1,
        "outside_window": 1,
    }
    assert max(by_day(lake)) == date(2026, 1, 20)
    assert lake.card().health.last_prediction == date(2026, 1, 20)


def test_naive_timestamp(lake: Lake, good: Lake) -> None:
    lake.declare('timezone = "UTC"', "")
    lake.write(predictions=GOOD.replace("Z,", ","))
    refused(
        lake,
        "naive_timestamp",
        place="table predictions, column at",
        value="without a zone: 40 of 40 cells name no zone, the first '2026-01-01T00:00:00' in "
        "predictions.csv, line 2",
        remedy='timezone = "UTC"',
    )
    lake.declare('path = "data"', 'path = "data"\ntimezone = "UTC"')
    lake.refresh()
    pd.testing.assert_frame_equal(lake.fact("volume"), good.fact("volume"))


def two_zones(lake: Lake, *, parquet: bool) -> None:
    """Two files of predictions: times of the first name their zone, those of the second none."""
    p = predictions()
    parts = [p[:20], p[20:].assign(at=p["at"][20:].dt.tz_localize(None))]
    (lake.data / "predictions.csv").unlink()
    (lake.data / "log").mkdir()
    for number, part in enumerate(parts, 1):
        if parquet:
            part.to_parquet(lake.data / "log" / f"{number}.parquet")
        else:
            (lake.data / "log" / f"{number}.csv").write_text(text(part))
    ending = "parquet" if parquet else "csv"
    lake.declare('table = "predictions"', f'table = "log/*.{ending}"')


@pytest.mark.parametrize("zone", [BERLIN, ""])
@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_times_with_and_without_a_zone(lake: Lake, good: Lake, ending: str, zone: str) -> None:
    """Read alike, those with a zone would be shifted, or those without taken for UTC."""
    two_zones(lake, parquet=ending == "parquet")
    lake.declare('timezone = "UTC"', f'timezone = "{zone}"' if zone else "")
    naive = ending == "csv" and not zone  # declaring the zone is the remedy, to begin with
    finding = refused(
        lake,
        "naive_timestamp" if naive else "mixed_zones",
        place="column at",
        value="20 of 40 cells, in 1 of 2 files, name no zone, the first '2026-01-11",
    )
    assert f"log/2.{ending}" in finding.value
    lake.declare(f'timezone = "{zone}"' if zone else 'path = "data"',
                 'timezone = "UTC"' if zone else 'path = "data"\ntimezone = "UTC"')  # fmt: skip
    assert lake.refresh().findings == ()
    pd.testing.assert_frame_equal(lake.fact("volume"), good.fact("volume"))


def test_a_few_times_without_a_zone_are_held_back(lake: Lake) -> None:
    lake.declare('timezone = "UTC"', f'timezone = "{BERLIN}"')
    lake.write(predictions=GOOD.replace("Z,", ",", 2))
    lake.refresh()
    assert lake.rules("predictions") == {"accepted": 38, "bad_cell": 2}
    bare = GOOD.replace("Z,", ",")
    lake.write(predictions=bare.replace(":00,", ":00Z,", 2))
    lake.refresh()
    assert lake.rules("predictions") == {"accepted": 38, "bad_cell": 2}


def test_hour_that_occurs_twice(lake: Lake) -> None:
    in_berlin(lake)
    lake.declare('timezone = "UTC"', f'timezone = "{BERLIN}"')
    times = ["2025-10-26T01:59:59", *["2025-10-26T02:30:00"] * 2, "2025-10-26T03:00:00"]
    lake.write(predictions=at(times).to_csv(index=False))
    lake.refresh(accept_gone=True)
    assert lake.rules("predictions") == {"accepted": 4}
    assert by_day(lake) == {date(2025, 10, 26): 4}


def test_hour_that_never_was(lake: Lake) -> None:
    in_berlin(lake)
    lake.declare('timezone = "UTC"', f'timezone = "{BERLIN}"')
    times = [
        "2025-03-30T01:59:59",
        "2025-03-30T02:00:00",
        "2025-03-30T02:59:59",
        "2025-03-30T03:00:00",
    ]
    seen = outcomes().assign(seen="2025-03-30T02:15:00")[:1]
    typed = at(pd.DatetimeIndex(times))
    for table in (at(times).to_csv(index=False), typed):
        lake.write(predictions=table, outcomes=seen.to_csv(index=False))
        lake.refresh(accept_gone=True)
        assert lake.rules("predictions") == {"accepted": 2, "no_such_time": 2}
        assert lake.fates("predictions") == {"accepted": 2, "quarantined": 2}
        assert lake.rules("outcomes") == {"no_such_time": 1}


def test_days_of_23_and_25_hours(lake: Lake) -> None:
    in_berlin(lake)
    hours = [
        *pd.date_range("2025-03-28 23:00", periods=71, freq="h", tz="UTC"),
        *pd.date_range("2025-10-24 22:00", periods=73, freq="h", tz="UTC"),
    ]
    lake.write(predictions=text(at(pd.DatetimeIndex(hours))))
    lake.refresh(accept_gone=True)
    expected = Counter(one.astimezone(ZoneInfo(BERLIN)).date() for one in hours)
    assert by_day(lake) == expected
    assert [expected[date(2025, *day)] for day in ((3, 30), (10, 26))] == [23, 25]
    assert lake.rules("predictions") == {"accepted": 144}


def test_seconds_milliseconds_and_microseconds_mixed_up(lake: Lake) -> None:
    p = predictions()
    seconds = p["at"].astype("int64") // 10 ** (9 if p["at"].dt.unit == "ns" else 6)
    said = {"place": "column at", "rule": "milliseconds", "remedy": "timestamps when exporting"}
    lake.write(predictions=p.assign(at=pd.to_datetime(seconds, unit="ms", utc=True)))
    refused(lake, "time_unit", value="40 of 40 rows in another age, the first '1970-01", **said)
    table = pa.Table.from_pandas(p.drop(columns="at"), preserve_index=False)
    ahead = pa.array([one * 1000 for one in seconds], pa.timestamp("s", tz="UTC"))
    (lake.data / "predictions.parquet").unlink()
    pq.write_table(table.append_column("at", ahead), lake.data / "predictions.parquet")
    first = "40 of 40 rows in another age, the first '"
    assert refused(lake, "time_unit", value=first, **said).value.endswith("in predictions.parquet")
    lake.write(predictions=p.assign(at=seconds))
    refused(lake, "wrong_type", place="column at", remedy="Convert seconds or milliseconds")
    mixed = p["at"].where(p.index != 5, pd.Timestamp("1970-01-21", tz="UTC"))
    lake.write(predictions=p.assign(at=mixed))
    lake.refresh()
    assert lake.rules("predictions") == {"accepted": 39, "time_unit": 1}


STAND_INS = [
    ("0001-01-01", "America/New_York", "csv"),
    ("0001-01-01", "Asia/Tokyo", "parquet"),
    ("1753-01-01", "UTC", "csv"),
    ("1900-01-01", "Asia/Tokyo", "csv"),
    ("1969-12-31", "America/New_York", "parquet"),
]


@pytest.mark.parametrize(("day", "zone", "ending"), STAND_INS)
def test_a_time_that_stands_for_a_missing_one(lake: Lake, day: str, zone: str, ending: str) -> None:
    """What systems write for no time; the year 1 lies before it in zones west of Greenwich."""
    lake.declare('currency = "EUR"', f'currency = "EUR"\ntimezone = "{zone}"')
    p, o = predictions(), outcomes()
    p["at"], o["seen"] = p["at"].dt.as_unit("us"), o["seen"].dt.as_unit("us")
    p.loc[5, "at"] = o.loc[9, "seen"] = pd.Timestamp(f"{day}T00:00:00Z")
    csv = ending == "csv"
    lake.write(predictions=text(p) if csv else p, outcomes=text(o) if csv else o)
    found = [one for one in lake.refresh().findings if one.code != "file_gone"]
    assert [one.code for one in found] == ["time_unit"] * 2
    assert all(day in one.value for one in found)
    assert lake.rules("predictions") == {"accepted": 39, "time_unit": 1}
    assert lake.rules("outcomes") == {"credited": 38, "orphan": 1, "time_unit": 1}
    assert min(by_day(lake)) >= date(2025, 12, 31)


def test_dates_may_be_old_but_for_stand_ins(lake: Lake) -> None:
    p = predictions()
    p["at"] = p["at"].dt.strftime("%Y-%m-%d")
    p.loc[[5, 7, 9, 11], "at"] = ["0001-01-01", "1900-01-01", "1900-01-02", "1970-01-01"]
    lake.write(predictions=p.to_csv(index=False))
    lake.refresh(accept_gone=True)
    assert lake.rules("predictions") == {"accepted": 38, "time_unit": 2}
    old = {date(1900, 1, 2): 1, date(1970, 1, 1): 1}
    assert {day: n for day, n in by_day(lake).items() if day.year < 2025} == old


def test_check_counts_no_day_that_is_held_back(lake: Lake) -> None:
    """One row of 2099 was a gap of 73 years, one of the year 1 the first day of the table."""
    lake.write(predictions=GOOD.replace("2026-01-03T00:00:00Z", "0001-01-01T00:00:00Z").replace(
        "2026-01-03T12:00:00Z", "2099-01-01T00:00:00Z"))  # fmt: skip
    made = Workspace.load(lake.path).check(now=NOW)["churn"]
    assert made.profile["first"].iloc[0] == date(2026, 1, 1)
    assert made.profile["last"].iloc[0] == date(2026, 1, 20)
    assert made.profile["days"].iloc[0] == 19
    gaps = [one.value for one in made.findings if one.code == "missing_days"]
    assert gaps == ["1 day"]


def test_two_sources_in_two_zones(lake: Lake) -> None:
    in_berlin(lake)
    whole = lake.path.read_text(encoding="utf-8")
    model = whole[whole.index("[models.churn]") :]
    second = model.replace("models.churn", "models.away").replace(
        'table = "', 'source = "away"\ntable = "'
    )
    first = model.replace('table = "', 'source = "lake"\ntable = "')
    source = '[sources.away]\nkind = "duckdb"\npath = "away"\ntimezone = "America/New_York"\n\n'
    head = whole[: whole.index("[models.churn]")]
    lake.path.write_text(head + source + first + second, encoding="utf-8")
    (lake.folder / "away").mkdir()
    for name, frame, column in (
        ("predictions", predictions(), "at"),
        ("outcomes", outcomes(), "seen"),
    ):
        local = frame.assign(**{column: frame[column].dt.tz_convert("America/New_York")})
        local[column] = local[column].dt.strftime("%Y-%m-%dT%H:%M:%S")
        local.to_csv(lake.folder / "away" / f"{name}.csv", index=False)
    made = lake.refresh()
    assert set(made.models) == {"churn", "away"}
    assert by_day(lake, "away") == by_day(lake)
    days = predictions()["at"].dt.tz_convert(BERLIN).dt.date
    assert by_day(lake) == Counter(days)
    assert lake.rules("outcomes", "away") == {"credited": 40}


def test_later_than_the_window(lake: Lake) -> None:
    seen = outcomes()
    seen.loc[3, "seen"] += pd.Timedelta(days=4)  # exactly the end of the window
    seen.loc[4, "seen"] += pd.Timedelta(days=4, seconds=-1)
    lake.write(outcomes=text(seen))
    lake.refresh()
    assert lake.rules("outcomes") == {"credited": 39, "outside_window": 1}
    assert lake.fates("outcomes") == {"accepted": 39, "out_of_window": 1}
    assert lake.fact("volume")["labelled"].sum() == 39


def test_clock_moved_back(lake: Lake, good: Lake) -> None:
    early = datetime(2026, 1, 10, tzinfo=UTC)
    made = lake.refresh(early)
    warned(made, "clock_back", value="2026-01-10 00:00 UTC", rule="stays reached", remedy="NTP")
    assert lake.rules("predictions") == {"accepted": 40}  # nothing falls into the future again
    pd.testing.assert_frame_equal(lake.fact("volume"), good.fact("volume"))
    assert lake.card().as_of == good.card().as_of
    assert lake.refresh(NOW).findings == ()


def test_missing_day(lake: Lake) -> None:
    p = predictions()
    lake.write(predictions=text(p[p["at"].dt.day != 5]))
    lake.refresh()
    assert date(2026, 1, 5) not in by_day(lake)
    card = lake.card()
    assert card.health.missing_days == 1
    assert len(by_day(lake)) == 19
    assert card.period("all").predictions == pytest.approx(
        sum(n for day, n in by_day(lake).items() if day <= card.health.mature_through)
    )
    checked = lake.cli("check")
    assert "1 day between 2026-01-01 and 2026-01-20 has no rows" in checked[1] + checked[2]
