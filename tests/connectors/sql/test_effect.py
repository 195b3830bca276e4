"""Moments of metrics by arm, epoch and day of first exposure, against numpy on raw rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

ASSIGNMENTS = {
    "table": "a", "unit": "customer", "arm": "arm", "time": "at", "stratum": "tier",
    "covariates": {"spend": "before", "spend_denominator": "visits_before"},
    "segments": ["channel"],
}  # fmt: skip
OUTCOMES = {"table": "o", "on": {"customer": "cid"}, "time": "at", "window": "10d", "pick": "sum"}
METRICS = {
    "spend": {"column": "spend", "denominator": "visits", "primary": True, "cap": 30.0},
    "orders": {},
}
EVIDENCE = [
    {
        "design": "holdout",
        "control": "control",
        "allocation": [
            {"from": "2025-01-05", "control": 0.5},
            {"from": "2025-01-20", "control": 0.1},
        ],
    }
]
MODEL = {
    "task": "ranking",
    "assignments": ASSIGNMENTS,
    "outcomes": OUTCOMES,
    "metrics": METRICS,
    "evidence": EVIDENCE,
}
KEYS = ["day", "arm", "epoch", "stratum"]
START = pd.Timestamp("2025-01-01")


def _tables(n=1_500, seed=2):
    rng = np.random.default_rng(seed)
    a = pd.DataFrame(
        {
            "customer": np.arange(n),
            "arm": rng.choice(["treated", "control"], n),
            "at": START + pd.to_timedelta(rng.uniform(0, 30, n).round(3), unit="D"),
            "tier": rng.choice(["gold", None], n),
            "before": np.where(rng.random(n) < 0.1, np.nan, rng.gamma(2, 20, n) + 1e6),
            "visits_before": rng.integers(0, 5, n),
            "channel": rng.choice(["web", "shop"], n),
        }
    )
    again = a.sample(60, random_state=seed)
    later = again.assign(at=again["at"] + pd.Timedelta(days=3))
    crossed = a.sample(40, random_state=seed + 1).assign(
        arm=lambda x: np.where(x["arm"] == "treated", "control", "treated"),
        at=lambda x: x["at"] + pd.Timedelta(days=2),
    )
    clash = a.tail(10).assign(arm=lambda x: np.where(x["arm"] == "treated", "control", "treated"))
    broken = a.head(3).assign(customer=None, arm="treated")
    rows = pd.concat([a, later, crossed, clash, broken], ignore_index=True)
    rows["customer"] = rows["customer"].astype("Int64")
    m = 2_500
    o = pd.DataFrame(
        {
            "cid": rng.integers(0, n + 50, m),
            "at": START + pd.to_timedelta(rng.uniform(0, 45, m).round(3), unit="D"),
            "spend": rng.gamma(1, 20, m) + 1e4,
            "visits": rng.integers(1, 6, m),
        }
    )
    return rows.sample(frac=1, random_state=seed), o


def _units(rows, outcomes, how="sum"):
    """First assignment of each unit with what happened in its window, by pandas."""
    a = rows.dropna(subset=["customer"]).sort_values("at")
    first = a.groupby("customer")["at"].transform("min")
    at_first = a[a["at"] == first]
    clash = at_first.groupby("customer")["arm"].nunique()
    units = at_first.drop_duplicates("customer").set_index("customer")
    units = units.drop(clash[clash > 1].index)
    units["crossed"] = a.groupby("customer")["arm"].nunique().reindex(units.index) > 1
    joined = outcomes.merge(
        units[["at"]].rename(columns={"at": "start"}), left_on="cid", right_index=True
    )
    inside = joined["at"].between(
        joined["start"], joined["start"] + pd.Timedelta(days=10), inclusive="left"
    )
    joined = joined[inside].sort_values("at")
    if how == "first":
        joined = joined.drop_duplicates("cid")
    by = joined.groupby("cid")
    units["y"] = by["spend"].sum().reindex(units.index).fillna(0.0)
    units["d"] = by["visits"].sum().reindex(units.index).fillna(0.0)
    units["orders"] = by.size().reindex(units.index).fillna(0.0)
    units["matched"] = units["orders"] > 0
    units["x"] = units["before"].fillna(0.0)
    units["e"] = units["visits_before"].astype(float)
    units["z"] = units["y"].clip(upper=30.0)
    units["day"] = units["at"].dt.normalize().astype("datetime64[s]")
    step = pd.cut(
        units["day"],
        [
            pd.Timestamp.min,
            pd.Timestamp("2025-01-05"),
            pd.Timestamp("2025-01-20"),
            pd.Timestamp.max,
        ],
        right=False,
        labels=["", "2025-01-05", "2025-01-20"],
    )
    units["epoch"] = step.astype(str)
    units["stratum"] = units["tier"].fillna("")
    return units, joined


@pytest.fixture(scope="module")
def tables():
    return _tables()


@pytest.fixture(scope="module")
def made(pulled, tables):
    return pulled({"a": tables[0], "o": tables[1]}, MODEL)


def _check(row, part, counted):
    """One row of the fact against the units of its group."""
    assert row["units"] == len(part)
    assert row["n"] == len(counted)
    assert row["matched"] == part["matched"].sum()
    assert row["crossed"] == part["crossed"].sum()
    if not len(counted):
        return
    columns = counted[["y", "d", "x", "e"]].to_numpy(dtype=float)
    centred = columns - columns.mean(axis=0)
    moments = centred.T @ centred
    for i, one in enumerate("ydxe"):
        assert row[f"mean_{one}"] == pytest.approx(columns[:, i].mean(), rel=1e-12)
        for j, other in enumerate("ydxe"):
            if j >= i:
                tolerance = 1e-10 * np.sqrt(moments[i, i] * moments[j, j]) + 1e-9
                assert abs(row[f"c_{one}{other}"] - moments[i, j]) <= tolerance
    y, z = centred[:, 0], counted["z"].to_numpy(dtype=float)
    assert row["m3_y"] == pytest.approx((y**3).sum(), rel=1e-8, abs=1e-3)
    assert row["mean_z"] == pytest.approx(z.mean(), rel=1e-12)
    assert row["c_zz"] == pytest.approx(((z - z.mean()) ** 2).sum(), rel=1e-9, abs=1e-9)
    assert row["nonzero"] == (counted["y"] != 0).sum()


@pytest.mark.parametrize("segment", ["all", "channel=web"])
def test_moments_equal_those_of_the_raw_rows(made, tables, segment):
    units, _ = _units(*tables)
    if segment != "all":
        units = units[units["channel"] == "web"]
    found = made.facts["effect"].query("segment == @segment and metric == 'spend'")
    assert set(found["version"]) == {"all"}
    found, groups = found.set_index(KEYS), units.groupby(KEYS)
    assert len(found) == groups.ngroups
    for key, part in groups:
        _check(found.loc[key], part, part)


def test_a_metric_without_a_column_counts_rows(made, tables):
    units, _ = _units(*tables)
    found = made.facts["effect"].query("segment == 'all' and metric == 'orders'").set_index(KEYS)
    means = units.groupby(KEYS)["orders"].mean()
    pd.testing.assert_series_equal(found["mean_y"], means, check_names=False)
    assert (found["c_zz"] == found["c_yy"]).all()


def test_unknown_when_absent_leaves_unmatched_units_out_of_the_moments(pulled, tables):
    model = {**MODEL, "outcomes": {**OUTCOMES, "absent": "unknown", "pick": "first"}}
    made = pulled({"a": tables[0], "o": tables[1]}, model)
    units, _ = _units(*tables, how="first")
    found = made.facts["effect"].query("segment == 'all' and metric == 'spend'").set_index(KEYS)
    for key, part in units.groupby(KEYS):
        _check(found.loc[key], part, part[part["matched"]])


def test_every_assignment_row_has_a_fate(made, tables):
    intake = made.facts["intake"].query("source == 'assignments'")
    by_rule = intake.groupby("rule")["rows"].sum().to_dict()
    units, _ = _units(*tables)
    assert sum(by_rule.values()) == len(tables[0])
    assert by_rule["accepted"] == len(units)
    assert by_rule["null_id"] == 3
    assert by_rule["conflicting_duplicate"] >= 20
    assert by_rule["crossed"] == units["crossed"].sum()
    assert [(one.code, one.rows) for one in made.findings] == [("conflicting_arms", 10)]


def test_outcomes_are_conserved_and_equal_the_moments(made, tables):
    _, joined = _units(*tables)
    intake = made.facts["intake"].query("source == 'outcomes'")
    assert intake["value"].sum() == pytest.approx(tables[1]["spend"].sum(), rel=1e-12)
    credited = intake.query("rule == 'credited'")
    assert credited["rows"].sum() == len(joined)
    effect = made.facts["effect"].query("segment == 'all' and metric == 'spend'")
    total = (effect["n"] * effect["mean_y"]).sum()
    assert credited["value"].sum() == pytest.approx(total, rel=1e-9)


def test_maturity_of_units_by_metric(made, tables):
    units, joined = _units(*tables)
    found = made.facts["maturity"].query("metric == 'spend'")
    assert found["entries"].sum() == len(units)
    day = joined["cid"].map(units["day"])
    age = (joined["at"].dt.normalize() - day).dt.days
    counts = np.bincount(age, minlength=11)
    assert np.sum(found["n"].to_list(), axis=0).tolist() == counts.tolist()
    sums = np.bincount(age, weights=joined["spend"], minlength=11)
    np.testing.assert_allclose(np.sum(found["sum_y"].to_list(), axis=0), sums)


def test_results_kept_in_another_way_give_the_same(made, pulled, tables, other):
    again = pulled({"a": tables[0], "o": tables[1]}, MODEL, engine=other)
    for name, frame in made.facts.items():
        pd.testing.assert_frame_equal(frame, again.facts[name], rtol=1e-9)


def _predictions(seed=3, n=1_200):
    rng = np.random.default_rng(seed)
    p = pd.DataFrame(
        {
            "id": [f"p{i}" for i in range(n)],
            "t": START + pd.to_timedelta(rng.uniform(0, 30, n).round(3), unit="D"),
            "u": rng.integers(0, 300, n).astype(str),
            "arm": rng.choice(["treated", "control", None], n, p=[0.5, 0.4, 0.1]),
            "acted": rng.random(n) < 0.4,
            "version": rng.choice(["v1", "v2"], n),
        }
    )
    o = pd.DataFrame(
        {
            "pid": rng.choice(p["id"], 900),
            "uid": rng.integers(0, 300, 900),
            "t": START + pd.to_timedelta(rng.uniform(0, 45, 900).round(3), unit="D"),
            "spend": rng.integers(1, 50, 900),
        }
    )
    return p, o


def _logged(on, **more):
    return {
        "task": "ranking",
        "predictions": {
            "table": "p", "id": "id", "time": "t", "unit": "u", "arm": "arm", "acted": "acted",
            "version": "version",
        },
        "outcomes": {
            "table": "o", "on": on, "time": "t", "window": "10d", "pick": "sum", **more,
        },
        "metrics": {"spend": {"column": "spend", "primary": True}},
    }  # fmt: skip


def _first_exposures(p):
    first = p.sort_values("t").drop_duplicates("u").set_index("u")
    first["arm"] = first["arm"].fillna("")
    arms = p.assign(arm=p["arm"].fillna("")).groupby("u")["arm"].nunique()
    first["crossed"] = arms > 1
    joined = p.merge(first[["t"]].rename(columns={"t": "start"}), left_on="u", right_index=True)
    inside = joined["t"] < joined["start"] + pd.Timedelta(days=10)
    first["was_acted"] = joined[inside].groupby("u")["acted"].max().reindex(first.index)
    first["day"] = first["t"].dt.normalize().astype("datetime64[s]")
    return first


def test_units_from_predictions_are_analysed_in_their_first_arm(pulled):
    """The unit is text in one table and a number in the other: both are compared as text."""
    p, o = _predictions()
    effect = pulled({"p": p, "o": o}, _logged({"u": "uid"})).facts["effect"]
    units = _first_exposures(p)
    got = o.assign(uid=o["uid"].astype(str)).merge(
        units[["t"]].rename(columns={"t": "start"}), left_on="uid", right_index=True
    )
    got = got[(got["t"] >= got["start"]) & (got["t"] < got["start"] + pd.Timedelta(days=10))]
    units["y"] = got.groupby("uid")["spend"].sum().reindex(units.index).fillna(0.0)
    keys = ["version", "day", "arm"]
    found, by = effect.set_index(keys), units.groupby(keys)
    assert found["units"].to_dict() == by.size().to_dict()
    assert found["crossed"].to_dict() == by["crossed"].sum().to_dict()
    assert found["acted"].to_dict() == by["was_acted"].sum().to_dict()
    pd.testing.assert_series_equal(found["mean_y"], by["y"].mean(), check_names=False)


def test_outcomes_of_predictions_are_added_up_by_unit(pulled):
    p, o = _predictions()
    made = pulled({"p": p, "o": o}, _logged({"id": "pid"}))
    units = _first_exposures(p)
    got = o.merge(p, left_on="pid", right_on="id", suffixes=("_o", ""))
    got = got[(got["t_o"] >= got["t"]) & (got["t_o"] < got["t"] + pd.Timedelta(days=10))]
    got["start"] = got["u"].map(units["t"])
    got = got[got["t"] < got["start"] + pd.Timedelta(days=10)]
    units["y"] = got.groupby("u")["spend"].sum().reindex(units.index).fillna(0.0)
    keys = ["version", "day", "arm"]
    found = made.facts["effect"].set_index(keys)
    means = units.groupby(keys)["y"].mean()
    pd.testing.assert_series_equal(found["mean_y"], means, check_names=False)
    assert np.sum(made.facts["maturity"]["n"].to_list()) == len(got)


def test_assigned_units_are_acted_on_and_crossed_as_the_predictions_say(pulled):
    a = pd.DataFrame({"c": ["x", "y", "z"], "arm": ["t", "t", "k"], "at": START})
    p = pd.DataFrame(
        {
            "id": range(5),
            "u": ["x", "x", "y", "z", "q"],
            "t": START + pd.to_timedelta([1, 2, 99, 3, 1], unit="D"),
            "acted": [0, 1, 1, 0, 1],
            "arm": ["t", "t", "k", "t", "t"],
        }
    )
    o = pd.DataFrame({"c": ["x", "z"], "t": START + pd.Timedelta(days=4), "spend": [5.0, 7.0]})
    model = {
        **_logged({"c": "c"}),
        "assignments": {"table": "a", "unit": "c", "arm": "arm", "time": "at"},
    }
    del model["predictions"]["version"]
    made = pulled({"a": a, "p": p, "o": o}, model)
    effect = made.facts["effect"].set_index("arm")
    assert effect["units"].to_dict() == {"k": 1, "t": 2}
    assert effect["acted"].to_dict() == {"k": 0, "t": 1}  # y was acted on after its window
    assert effect["crossed"].to_dict() == {"k": 1, "t": 0}
    assert effect["mean_y"].to_dict() == {"k": 7.0, "t": 2.5}
    assert made.facts["volume"]["labelled"].sum() == 2


def test_two_arms_at_once_in_the_log_leave_the_unit_out(pulled):
    p = pd.DataFrame(
        {"id": [1, 2, 3], "u": ["x", "x", "y"], "t": START, "arm": ["a", "b", "a"], "acted": 1}
    )
    o = pd.DataFrame({"uid": ["y"], "t": [START], "spend": [1.0]})
    model = _logged({"u": "uid"})
    del model["predictions"]["version"]
    made = pulled({"p": p, "o": o}, model)
    assert made.facts["effect"]["units"].tolist() == [1]
    assert made.facts["volume"]["predictions"].sum() == 1
    intake = made.facts["intake"].query("source == 'predictions'").set_index("rule")
    assert intake["rows"].to_dict() == {"accepted": 1, "conflicting_arms": 2}
    told = [(one.reference, one.column, one.value) for one in made.held]
    assert sorted(told) == [("id 1", "arm", "a"), ("id 2", "arm", "b")]
    assert [(one.code, one.rows) for one in made.findings] == [("conflicting_arms", 1)]
