"""Units by their first prediction: packed into one pass, or looked up, the facts are the same."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from connectors.sql import exposure

START = pd.Timestamp("2024-02-27")
MODEL = {
    "task": "classification",
    "predictions": {
        "table": "p", "id": "id", "time": "t", "unit": "u", "arm": "arm", "acted": "acted",
        "version": "version", "score": "score",
    },
    "outcomes": {
        "table": "o", "on": {"id": "id"}, "time": "t", "window": "3d", "label": "label",
    },
    "metrics": {"spend": {"column": "spend", "primary": True}, "orders": {}},
}  # fmt: skip
ZONES = ["UTC", "America/New_York", "Pacific/Auckland"]


def _tables(arms, versions, seed=5, n=900):
    """Times on whole hours, so that a unit is often seen twice at its first instant."""
    rng = np.random.default_rng(seed)
    hours = rng.integers(0, 24 * 8, n)
    p = pd.DataFrame(
        {
            "id": np.arange(n),
            "t": START + pd.to_timedelta(hours, unit="h"),
            "u": pd.array(rng.integers(0, 200, n), "Int64"),
            "arm": rng.choice(arms, n, p=[0.9, *[0.1 / (len(arms) - 1)] * (len(arms) - 1)]),
            "version": rng.choice(versions, n),
            "acted": rng.choice([True, False, None], n, p=[0.2, 0.7, 0.1]),
            "score": rng.random(n).round(3),
        }
    )
    twin = p.sample(200, random_state=seed).assign(
        id=np.arange(n, n + 200),
        arm=lambda x: rng.permutation(x["arm"]),
        version=lambda x: rng.permutation(x["version"]),
    )
    p = pd.concat([p, twin], ignore_index=True)
    p.loc[::50, "u"] = pd.NA
    o = pd.DataFrame(
        {
            "id": rng.choice(p["id"], 300, replace=False),
            "t": START + pd.to_timedelta(rng.integers(0, 24 * 12, 300), unit="h"),
            "label": rng.random(300) < 0.5,
            "spend": rng.integers(0, 9, 300),
        }
    )
    return {"p": p, "o": o}


def _torn(known):
    """Rows beside which another one of the unit and time names another arm."""
    return known.groupby(["u", "t"])["arm"].transform("nunique") > 1


def _first(p):
    """What a unit was at its first instant, by pandas; no unit that had two arms there."""
    known = p.dropna(subset="u").assign(arm=lambda x: x["arm"].fillna(""))
    start = known.groupby("u")["t"].transform("min")
    there = known[known["t"] == start].groupby("u")
    units = there.agg(arm=("arm", "min"), version=("version", "min"), t=("t", "min"))
    units["clash"] = there["arm"].min() != there["arm"].max()
    every = known.groupby("u")["arm"]
    units["crossed"] = every.min() != every.max()
    inside = (known["t"] < start + pd.Timedelta(days=3)) & ~_torn(known)
    units["acted"] = known[inside & known["acted"].eq(True)].groupby("u").size()
    units["acted"] = units["acted"].fillna(0) > 0
    return units[~units["clash"]], int(units["clash"].sum())


@pytest.mark.parametrize("arms", [["a", "b", None], ["b", "a"], list("hgfedcba")])
def test_first_instants_are_those_of_the_raw_rows(pulled, arms):
    tables = _tables(arms, ["v2", "v10", "v1"])
    made = pulled(tables, MODEL)
    units, clashes = _first(tables["p"])
    assert clashes > 0
    assert units["crossed"].any()
    rows = made.facts["effect"]
    rows = rows[rows["metric"] == "spend"].set_index(["version", "day", "arm"])
    units["day"] = units["t"].dt.normalize().astype("datetime64[s]")
    by = units.groupby(["version", "day", "arm"])
    assert rows["units"].to_dict() == by.size().to_dict()
    assert rows["crossed"].to_dict() == by["crossed"].sum().to_dict()
    assert rows["acted"].to_dict() == by["acted"].sum().to_dict()
    assert [(one.code, one.rows) for one in made.findings] == [("conflicting_arms", clashes)]
    known = tables["p"].dropna(subset="u").assign(arm=lambda x: x["arm"].fillna(""))
    torn = known[_torn(known)]
    assert len(torn) > 2 * clashes  # some later than at the first instant
    held = made.facts["intake"].query("rule == 'conflicting_arms'").set_index("day")["rows"]
    days = torn["t"].dt.normalize().astype("datetime64[s]")
    assert held.to_dict() == days.value_counts().to_dict()
    used = known[~_torn(known)].groupby("version").size()
    volume = made.facts["volume"].groupby("version")["predictions"].sum()
    assert volume.to_dict() == used.to_dict()


@pytest.mark.parametrize("zone", ZONES)
def test_one_pass_finds_what_the_join_finds(pulled, monkeypatch, zone):
    tables = _tables(["a", "b", None], ["v2", "v10", "v1"])
    once = pulled(tables, MODEL, zone=zone)
    monkeypatch.setattr(exposure, "ARMS", 1)
    joined = pulled(tables, MODEL, zone=zone)
    names = [{one.name for one in made.queries} for made in (once, joined)]
    assert "first_exposure" not in names[0]
    assert "first_exposure" in names[1]
    for name, frame in joined.facts.items():
        pd.testing.assert_frame_equal(once.facts[name], frame, rtol=1e-9)


@pytest.mark.parametrize("change", ["segments", "far apart", "versions"])
def test_what_does_not_fit_is_joined(pulled, monkeypatch, change):
    tables, model = _tables(["a", "b"], ["v1"]), MODEL
    if change == "segments":
        model = {**MODEL, "predictions": {**MODEL["predictions"], "segments": ["version"]}}
    elif change == "versions":
        monkeypatch.setattr(exposure, "VERSIONS", 0)
    else:
        monkeypatch.setattr(exposure, "_ROOM", 10**6)
    made = pulled(tables, model)
    assert "first_exposure" in {one.name for one in made.queries}
    units, _ = _first(tables["p"])
    rows = made.facts["effect"]
    whole = rows[(rows["metric"] == "spend") & (rows["segment"] == "all")]
    assert int(whole["units"].sum()) == len(units)
    assert int(whole["acted"].sum()) == int(units["acted"].sum())


def test_results_kept_in_another_way_give_the_same(pulled, other):
    tables = _tables(["a", "b"], ["v1", "v2"])
    first, second = pulled(tables, MODEL), pulled(tables, MODEL, engine=other)
    for name, frame in first.facts.items():
        pd.testing.assert_frame_equal(frame, second.facts[name], rtol=1e-9)
