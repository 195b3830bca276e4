"""Caps found before the exposure of units, against numpy on raw rows, and frozen."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from connectors.sql.caps import CAP, UNITS
from tests.connectors.sql.conftest import WithoutTables

START = pd.Timestamp("2025-03-01 09:30")
WINDOW = pd.Timedelta(days=10)
NONE = pd.Timedelta(0)
MODEL = {
    "task": "ranking",
    "assignments": {"table": "a", "unit": "customer", "arm": "arm", "time": "at"},
    "outcomes": {"table": "o", "on": {"customer": "cid"}, "time": "at", "window": "10d"},
    "metrics": {"spend": {"column": "spend", "already_money": True, "primary": True}, "orders": {}},
    "evidence": [{"design": "holdout", "control": "control"}],
}


def tables(units: int = 2_500, seed: int = 3) -> dict[str, pd.DataFrame]:
    """Units that come over 20 days from START on; orders from 40 days before to 30 days after."""
    rng = np.random.default_rng(seed)
    days = rng.uniform(0, 20, units)
    days[0] = 0.0
    a = pd.DataFrame(
        {
            "customer": np.arange(units),
            "arm": rng.choice(["treated", "control"], units),
            "at": START + pd.to_timedelta(days.round(4), unit="D"),
        }
    )
    orders = 3 * units
    o = pd.DataFrame(
        {
            "cid": rng.integers(0, units + 200, orders),  # some are of no unit
            "at": START + pd.to_timedelta(rng.uniform(-40, 30, orders).round(4), unit="D"),
            "spend": rng.lognormal(2, 1.5, orders).round(2),
        }
    )
    made = {"a": a, "o": o}
    o.loc[exposed(made), "spend"] *= 3  # or else few would be above the cap
    return made


def exposed(tables):
    """Whether each order comes after the exposure of its unit."""
    a, o = tables["a"].set_index("customer"), tables["o"]
    return o["at"] >= o["cid"].map(a["at"])


def per_unit(tables, pick="first", later=NONE):
    """What each unit had in the window from its exposure on; 0 without an order."""
    a, o = tables["a"].set_index("customer"), tables["o"].sort_values("at", kind="stable")
    at = o["cid"].map(a["at"] + later)
    inside = o[(o["at"] >= at) & (o["at"] < at + WINDOW)]
    by = inside.groupby("cid")["spend"]
    found = by.first() if pick == "first" else by.sum()
    return found.reindex(a.index).fillna(0.0)


def percentile(values) -> float:
    return float(np.quantile(values, 0.999, method="inverted_cdf"))


def cap_of(made, name="spend"):
    (one,) = [one for one in made.registered if (one.kind, one.name) == (CAP, name)]
    return one


def capped(made):
    rows = made.facts["effect"].query("segment == 'all' and metric == 'spend'")
    return float((rows["mean_z"] * rows["n"]).sum())


@pytest.mark.parametrize("pick", ["first", "sum"])
@pytest.mark.parametrize("engine", [None, WithoutTables], ids=["tables", "one statement"])
def test_the_cap_is_the_percentile_of_the_window_before_exposure(pulled, pick, engine):
    raw = tables()
    how = {} if engine is None else {"engine": engine}
    made = pulled(raw, {**MODEL, "outcomes": {**MODEL["outcomes"], "pick": pick}}, **how)
    found = cap_of(made)
    expected = percentile(per_unit(raw, pick, later=-WINDOW))
    assert found.content == {
        "cap": pytest.approx(expected, rel=1e-12),
        "per_mille": 999,
        "units": 2_500,
        "nonzero": int((per_unit(raw, pick, later=-WINDOW) != 0).sum()),
        "until": raw["a"]["at"].max().isoformat(),
    }
    assert found.day == START.date()
    after = per_unit(raw, pick)
    assert after.max() > expected > 0
    assert capped(made) == pytest.approx(after.clip(upper=expected).sum(), rel=1e-9)


def test_a_frozen_cap_does_not_follow_the_data(pulled):
    raw = tables()
    first = pulled(raw, MODEL)
    held = cap_of(first)
    raw["o"]["spend"] *= 10
    again = pulled(raw, MODEL, registered=first.registered)
    assert not [one for one in again.registered if one.kind == CAP]
    clipped = per_unit(raw).clip(upper=held.content["cap"])
    assert capped(again) == pytest.approx(clipped.sum(), rel=1e-9)


@pytest.mark.parametrize("days", [False, True], ids=["times", "dates"])
def test_units_that_come_later_do_not_dilute_the_cap(pulled, days):
    """Units of six windows, each a customer for one before it is exposed, as it stays after."""
    rng = np.random.default_rng(11)
    count = 6_000
    at = START + pd.to_timedelta(np.sort(rng.uniform(0, 60, count)).round(4), unit="D")
    a = pd.DataFrame({"customer": range(count), "arm": rng.choice(["t", "control"], count)})
    a["at"] = at.normalize() if days else at
    parts = []
    for shift in (-5, 3):
        o = pd.DataFrame({"cid": range(count), "at": a["at"] + pd.Timedelta(days=shift)})
        o["spend"] = rng.lognormal(3, 1.5, count)
        parts.append(o[rng.random(count) < 0.1])
    raw = {"a": a, "o": pd.concat(parts, ignore_index=True)}
    found = cap_of(pulled(raw, MODEL)).content["cap"]
    spent = per_unit(raw, later=-WINDOW)
    assert found == pytest.approx(percentile(spent), rel=1e-12)
    # Of what follows, about one in a thousand lies above it, as it is meant to.
    assert (per_unit(raw) > found).mean() < 0.003


def test_what_happens_after_exposure_moves_no_cap(pulled):
    raw = tables()
    held = cap_of(pulled(raw, MODEL)).content["cap"]
    raw["o"].loc[exposed(raw), "spend"] *= 1_000
    assert cap_of(pulled(raw, MODEL)).content["cap"] == held


def test_few_units_wait_and_no_past_means_no_cap(pulled):
    few = pulled(tables(UNITS - 1), MODEL)
    assert not [one for one in few.registered if one.kind == CAP]
    raw = tables(UNITS)
    raw["o"] = raw["o"][exposed(raw)]
    made = pulled(raw, MODEL)
    assert cap_of(made).content["cap"] is None
    for one in (few, made):
        rows = one.facts["effect"]
        assert (rows["mean_z"] == rows["mean_y"]).all()
        assert (rows["c_zz"] == rows["c_yy"]).all()


@pytest.mark.parametrize(
    "changes",
    [
        {"metrics": {"spend": {"column": "spend", "already_money": True, "cap": 40}}},
        {"metrics": {"spend": {"column": "spend", "denominator": "cid", "already_money": True}}},
        {"evidence": [{**MODEL["evidence"][0], "repeat": True}]},
    ],
    ids=["declared", "ratio", "customers who come back"],
)
def test_a_cap_is_not_looked_for_where_none_is_asked_for(pulled, changes):
    made = pulled(tables(UNITS), {**MODEL, **changes})
    assert not [one for one in made.registered if one.kind == CAP]
    assert not [one for one in made.queries if "cap" in one.name]


def test_only_the_metric_of_the_holdout_is_capped(pulled):
    made = pulled(tables(), MODEL)
    assert [one.name for one in made.registered if one.kind == CAP] == ["spend"]
    rows = made.facts["effect"].query("metric == 'orders'")
    assert (rows["mean_z"] == rows["mean_y"]).all()
