"""Panels by group, day, arm and block, against numpy on raw rows; bad rows; what is refused."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from valuekit.errors import SourceError

PANEL = {"table": "p", "time": "at", "group": "store", "treated_from": "live", "offset": "open"}
METRICS = {"sales": {"column": "sales", "primary": True}, "visitors": {"column": "visitors"}}
EVIDENCE = [{"design": "staggered"}]
KEYS = ["day", "group", "treated_from", "arm", "block"]
LIVE = {"a": pd.Timestamp("2025-01-20"), "b": pd.Timestamp("2025-02-03")}


def model(**panel):
    return {
        "task": "ranking",
        "panel": PANEL | panel,
        "metrics": METRICS,
        "evidence": [] if "arm" in panel else EVIDENCE,
    }


def table(n=3_000, seed=4):
    rng = np.random.default_rng(seed)
    at = pd.Timestamp("2025-01-01") + pd.to_timedelta(rng.uniform(0, 60, n).round(4), unit="D")
    store = rng.choice(["a", "b", "c"], n)
    frame = pd.DataFrame(
        {
            "key": np.arange(n),
            "at": at.astype("datetime64[us]"),
            "store": store,
            "live": pd.Series(store).map(LIVE).dt.date,
            "sales": 1e8 + rng.normal(0, 1, n),
            "visitors": np.where(rng.random(n) < 0.2, np.nan, rng.integers(0, 9, n)),
            "open": rng.uniform(0.5, 1, n),
            "on": rng.integers(0, 2, n),
            "town": rng.choice(["x", "y", None], n),
        }
    )
    frame["visitors"] = frame["visitors"].astype("Int64")
    return frame


def expected(rows, metric, zone="UTC", hours=0):
    """n, mean, M2 and exposure by group and block, by the plainest arithmetic."""
    local = rows["at"].dt.tz_localize("UTC").dt.tz_convert(ZoneInfo(zone)).dt.tz_localize(None)
    keyed = rows.assign(
        day=local.dt.normalize().astype("datetime64[s]"),
        group=rows["store"],
        treated_from=rows["live"].map(lambda day: "" if pd.isna(day) else str(day)),
        arm=rows["on"].astype(str) if hours else "",
        block=local.dt.hour - local.dt.hour % hours if hours else 0,
    )
    made = []
    for key, part in keyed[keyed[metric].notna()].groupby(KEYS):
        y = part[metric].to_numpy(dtype=float)
        row = dict(zip(KEYS, key, strict=True))
        row |= {"n": len(y), "mean_y": y.mean(), "c_yy": ((y - y.mean()) ** 2).sum()}
        made.append(row | {"offset": part["open"].sum()})
    return pd.DataFrame(made)


def same(found, metric, wanted):
    held = found[(found["metric"] == metric) & (found["segment"] == "all")]
    columns = [*KEYS, "n", "mean_y", "c_yy", "offset"]
    pd.testing.assert_frame_equal(
        held.sort_values(KEYS, ignore_index=True)[columns],
        wanted.sort_values(KEYS, ignore_index=True)[columns],
        check_dtype=False,
        rtol=1e-7,
    )


@pytest.mark.parametrize("zone", ["UTC", "America/New_York"])
def test_moments_equal_the_raw_rows(pulled, zone):
    rows = table()
    made = pulled({"p": rows}, model(), zone=zone)
    for metric in METRICS:
        same(made.facts["panel"], metric, expected(rows, metric, zone))
    assert set(made.facts["panel"]["version"]) == {"all"}
    assert made.rows_read == len(rows)
    assert made.complete_through == made.last
    assert made.facts["volume"].empty
    assert made.findings == ()


def test_blocks_are_hours_on_the_clock_of_the_zone(pulled):
    rows = table(seed=8)
    made = pulled(
        {"p": rows}, model(arm="on", block_hours=4), zone="Europe/Berlin"
    ).facts["panel"]  # fmt: skip
    same(made, "sales", expected(rows, "sales", "Europe/Berlin", hours=4))
    assert set(made["block"]) == {0, 4, 8, 12, 16, 20}


def test_an_engine_without_tables_finds_the_same(pulled, without_tables):
    rows = table(600)
    first, second = (
        pulled({"p": rows}, model(segments=["town"]), **how).facts
        for how in ({}, {"engine": without_tables})
    )
    for name in ("panel", "intake"):
        pd.testing.assert_frame_equal(first[name], second[name])


def test_segments_add_up_to_the_whole(pulled):
    rows = table()
    panel = pulled({"p": rows}, model(segments=["town"])).facts["panel"]
    whole = panel["segment"] == "all"
    assert set(panel["segment"]) == {"all", "town=x", "town=y", "town=(none)"}
    keys = ["metric", *KEYS]
    parts = panel[~whole].groupby(keys)[["n", "offset"]].sum()
    pd.testing.assert_frame_equal(parts, panel[whole].set_index(keys)[["n", "offset"]].sort_index())


def test_every_row_is_read_once_and_bad_ones_are_held_back(pulled):
    rows = table(200).astype({"visitors": "Float64", "on": "Int64"})
    rows.loc[0, "store"] = None
    rows.loc[1, "store"] = "  "
    rows.loc[2, "at"] = pd.NaT
    rows.loc[3, "sales"] = np.inf
    rows.loc[4, ["sales", "visitors"]] = None
    rows.loc[5, "open"] = None
    rows.loc[6, "on"] = None
    rows.loc[7, "on"] = 2
    rows.loc[8, ["sales", "visitors"]] = [None, 3]
    made = pulled({"p": rows}, model(arm="on", treated_from=None, launch={"a": "2025-01-20"}))
    intake = made.facts["intake"]
    counts = intake.groupby("rule")["rows"].sum().to_dict()
    assert counts == {
        "accepted": 192, "null_group": 2, "null_time": 1, "bad_value": 2, "null_value": 1,
        "null_arm": 1, "bad_arm": 1,
    }  # fmt: skip
    assert set(intake["source"]) == {"panel"}
    assert int(intake["rows"].sum()) == made.rows_read == 200
    panel = made.facts["panel"]
    sales = panel[panel["metric"] == "sales"]
    assert int(sales["n"].sum()) == 191  # row 8 knows its visitors only
    accepted = intake.loc[intake["fate"] == "accepted", "value"].sum()
    assert (sales["n"] * sales["mean_y"]).sum() == pytest.approx(accepted, rel=1e-12)
    days = set(zip(panel["group"], panel["treated_from"], strict=True))
    assert days == {("a", "2025-01-20"), ("b", ""), ("c", "")}


def test_empty_cells_are_zeros_where_that_is_declared(pulled):
    rows = table(200).astype({"visitors": "Float64"})
    rows.loc[:40, ["sales", "visitors"]] = None
    zeros = {name: {**one, "empty_is_zero": True} for name, one in METRICS.items()}
    made, written = (
        pulled({"p": one}, model() | {"metrics": zeros}).facts
        for one in (rows, rows.fillna({"sales": 0.0, "visitors": 0.0}))
    )
    for name in ("panel", "intake"):
        pd.testing.assert_frame_equal(made[name], written[name])
    assert set(made["intake"]["rule"]) == {"accepted"}


def test_repeated_rows_count_unless_an_id_tells_them_apart(pulled):
    rows = table(100)
    twice = pd.concat([rows, rows.head(10)], ignore_index=True)
    clash = pd.concat([twice, rows.tail(1).assign(sales=7.0)], ignore_index=True)
    plain = pulled({"p": clash}, model()).facts["panel"]
    assert int(plain.loc[plain["metric"] == "sales", "n"].sum()) == 111
    made = pulled({"p": clash}, model(id="key"))
    panel, intake = made.facts["panel"], made.facts["intake"]
    assert int(panel.loc[panel["metric"] == "sales", "n"].sum()) == 99
    counts = intake.groupby("rule")["rows"].sum().to_dict()
    assert counts == {"accepted": 99, "duplicate": 10, "conflicting_duplicate": 2}


def test_years_written_as_numbers(pulled):
    rows = pd.DataFrame(
        {
            "at": [1988.0, 1989, 1988, 1989, 88, None],
            "store": ["a", "a", "b", "b", "b", "b"],
            "live": [1989, 1989, 0, 0, 0, 0],
            "sales": [1.0, 2, 3, 4, 5, 6],
            "visitors": 1,
            "open": 1.0,
        }
    )
    made = pulled({"p": rows}, model(frequency="year"))
    panel = made.facts["panel"]
    sales = panel[panel["metric"] == "sales"]
    assert list(sales["day"].dt.strftime("%Y-%m-%d")) == ["1988-01-01"] * 2 + ["1989-01-01"] * 2
    assert list(sales["treated_from"]) == ["1989-01-01", "", "1989-01-01", ""]
    counts = made.facts["intake"].groupby("rule")["rows"].sum().to_dict()
    assert counts == {"accepted": 4, "null_time": 2}


@pytest.mark.parametrize(
    ("arm", "how", "rule"),
    [
        (["yes", "no", "maybe"], {}, {"accepted": 2, "bad_arm": 1}),
        ([True, False, None], {}, {"accepted": 2, "null_arm": 1}),
        (["new", "old", ""], {"treated_value": "new"}, {"accepted": 2, "null_arm": 1}),
    ],
)
def test_arms_are_yes_or_no(pulled, arm, how, rule):
    rows = pd.DataFrame({"at": pd.Timestamp("2025-01-01"), "on": arm, "sales": [1.0, 2, 3]})
    declared = {"table": "p", "time": "at", "arm": "on", **how}
    one = {"task": "ranking", "panel": declared, "metrics": {"sales": {"column": "sales"}}}
    made = pulled({"p": rows}, one)
    counts = made.facts["intake"].groupby("rule")["rows"].sum().to_dict()
    assert counts == rule
    panel = made.facts["panel"].set_index("arm")["mean_y"].to_dict()
    assert panel == {"1": 1.0, "0": 2.0}
    assert set(made.facts["panel"]["group"]) == {"all"}


@pytest.mark.parametrize("zone", ["UTC", "America/New_York"])
def test_times_that_stand_for_missing_ones_are_held_back(pulled, zone):
    rows = table(200)
    odd = ["0001-01-01", "1753-01-01", "1900-01-01", "1960-01-01"]
    rows.loc[range(4), "at"] = [pd.Timestamp(one).as_unit("us") for one in odd]
    made = pulled({"p": rows}, model(), zone=zone)
    assert made.facts["intake"].groupby("rule")["rows"].sum().to_dict() == {
        "accepted": 197,  # a series may begin in 1960
        "time_unit": 3,
    }
    kept = rows[rows["at"] >= pd.Timestamp("1901-01-01")]
    same(made.facts["panel"], "sales", expected(kept, "sales", zone))


@pytest.mark.parametrize("never", ["0001-01-01", "1900-01-01", "9999-12-31"])
def test_a_first_treated_day_that_stands_for_none_is_none(pulled, never):
    rows = table(200)
    written = rows.assign(live=rows["live"].fillna(date.fromisoformat(never)))
    same(pulled({"p": written}, model()).facts["panel"], "sales", expected(rows, "sales"))


def code(error):
    return [one.code for one in error.value.findings]


def test_a_group_with_two_launch_days_is_refused(pulled):
    rows = table(50)
    rows.loc[rows["store"] == "a", "live"] = rows["live"].where(rows.index > 20)
    with pytest.raises(SourceError) as error:
        pulled({"p": rows}, model())
    assert code(error) == ["several_launches"]
    assert "never and 2025-01-20 in group 'a'" in str(error.value)


def test_more_groups_than_can_be_compared_are_refused(pulled):
    rows = pd.concat([table(1)] * 1_001, ignore_index=True).assign(
        store=[str(one) for one in range(1_001)], live=pd.NaT
    )
    with pytest.raises(SourceError) as error:
        pulled({"p": rows}, model(treated_from=None, launch={"1": "2025-01-20"}))
    assert code(error) == ["many_groups"]
    assert len(pulled({"p": rows.head(1_000)}, model()).facts["panel"]) > 0


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({"at": "soon"}, ["wrong_type"]),
        ({"at": 20250101}, ["wrong_type"]),
        ({"live": "soon"}, ["wrong_type"]),
        ({"sales": "much"}, ["wrong_type"]),
    ],
)
def test_columns_of_the_wrong_kind_are_refused(pulled, change, wanted):
    with pytest.raises(SourceError) as error:
        pulled({"p": table(10).assign(**change)}, model())
    assert code(error) == wanted


def test_a_launch_of_an_unknown_group_is_said(pulled):
    made = pulled(
        {"p": table(50)}, model(treated_from=None, launch={"a": "2025-01-20", "A1": "2025-02-01"})
    )
    assert [one.code for one in made.findings] == ["unknown_launch"]


def test_a_panel_beside_predictions_takes_its_own_metrics(pulled):
    rows = table(300)
    served = pd.DataFrame(
        {
            "id": np.arange(40),
            "at": pd.Timestamp("2025-02-01") + pd.to_timedelta(np.arange(40) % 9, unit="D"),
            "who": np.arange(40),
        }
    )
    done = pd.DataFrame({"who": np.arange(40), "at": pd.Timestamp("2025-02-12"), "calls": 1.0})
    both = {
        "task": "ranking",
        "predictions": {"table": "s", "id": "id", "time": "at", "unit": "who"},
        "outcomes": {"table": "o", "on": {"who": "who"}, "time": "at"},
        "panel": PANEL,
        "metrics": {"sales": METRICS["sales"], "calls": {"column": "calls"}},
        "evidence": [{"design": "staggered"}],
    }
    made = pulled({"s": served, "o": done, "p": rows}, both)
    assert set(made.facts["panel"]["metric"]) == {"sales"}
    assert set(made.facts["effect"]["metric"]) == {"calls"}
    assert int(made.facts["volume"]["predictions"].sum()) == 40
    assert made.first == rows["at"].min().date()
    assert set(made.facts["intake"]["source"]) == {"panel", "outcomes", "predictions"}
