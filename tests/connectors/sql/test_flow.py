"""Units that come back: sums by bucket and outcome day against pandas, and nothing is lost."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from valuekit.errors import SourceError
from valuekit.ledger.schema import FLOW
from valuekit.store import open_store
from valuekit.store.records import ModelOutcome, RunOutcome

ASSIGNMENTS = {"table": "a", "unit": "who", "arm": "arm", "time": "at", "segments": ["town"]}
OUTCOMES = {"table": "o", "on": {"who": "who"}, "time": "at", "window": "7d", "pick": "sum"}
EVIDENCE = {
    "design": "holdout",
    "control": "c",
    "repeat": True,
    "allocation": [
        {"from": "2025-01-01", "control": 0.5},
        {"from": "2025-01-16", "control": 0.2},
    ],
}
MODEL = {
    "task": "ranking",
    "assignments": ASSIGNMENTS,
    "outcomes": OUTCOMES,
    "metrics": {
        "spend": {"column": "spend", "denominator": "visits", "primary": True},
        "orders": {},
    },
    "evidence": [EVIDENCE],
}
START = pd.Timestamp("2025-01-01")


def tables(n=800, seed=6):
    rng = np.random.default_rng(seed)
    a = pd.DataFrame(
        {
            "who": [f"customer-{one}" for one in range(n)],
            "arm": rng.choice(["t", "c"], n),
            "at": START + pd.to_timedelta(rng.uniform(0, 30, n).round(3), unit="D"),
            "town": rng.choice(["x", "y"], n),
        }
    )
    again = a.sample(50, random_state=1)
    a = pd.concat([a, again.assign(at=again["at"] + pd.Timedelta(days=1))], ignore_index=True)
    m = 6_000
    o = pd.DataFrame(
        {
            "who": [f"customer-{one}" for one in rng.integers(0, n + 40, m)],
            "at": START + pd.to_timedelta(rng.uniform(-3, 90, m).round(3), unit="D"),
            "spend": rng.gamma(1, 20, m),
            "visits": rng.integers(1, 5, m),
        }
    )
    return a, o


def bucket(unit, buckets=64):
    digest = hashlib.md5(f"valuekit units {unit}".encode(), usedforsecurity=False).hexdigest()
    return int(digest[:4], 16) % buckets


def joined(a, o):
    """Units by first exposure, and every outcome of theirs from then on."""
    first = a.sort_values("at").drop_duplicates("who")
    units = first.assign(
        day=first["at"].dt.normalize(),
        epoch=np.where(first["at"] < pd.Timestamp("2025-01-16"), "2025-01-01", "2025-01-16"),
        bucket=first["who"].map(bucket),
    )
    both = o.merge(units, on="who", suffixes=("", "_first"))
    both = both[both["at"] >= both["at_first"]]
    return units, both.assign(day=both["at"].dt.normalize())


def test_bucket_sums_equal_the_raw_rows(pulled):
    a, o = tables()
    flow = pulled({"a": a, "o": o}, MODEL).facts["flow"]
    units, seen = joined(a, o)
    held = flow[(flow["segment"] == "all") & (flow["metric"] == "spend")]
    assert set(held["layout"]) == {"hash64"}
    sums = seen.groupby(["day", "arm", "epoch", "bucket"])[["spend", "visits"]].sum()
    new = units.groupby(["day", "arm", "epoch", "bucket"]).size()
    for row in held.itertuples():
        key = (row.day, row.arm, row.epoch)
        y, d, n = np.zeros(64), np.zeros(64), np.zeros(64)
        if key in sums.index.droplevel("bucket"):
            part = sums.loc[key]
            y[part.index], d[part.index] = part["spend"], part["visits"]
        if key in new.index.droplevel("bucket"):
            n[new.loc[key].index] = new.loc[key]
        np.testing.assert_allclose(row.sum_y, y, rtol=1e-12)
        np.testing.assert_array_equal(row.sum_d, d)
        np.testing.assert_array_equal(row.units, n)
    assert len(held) == len(
        sums.index.droplevel("bucket").union(new.index.droplevel("bucket")).unique()
    )


def test_what_is_credited_and_what_is_nobodys_is_everything(pulled):
    a, o = tables()
    flow = pulled({"a": a, "o": o}, MODEL).facts["flow"]
    units, seen = joined(a, o)
    whole = flow[flow["segment"] == "all"]
    spend = np.stack(whole.loc[whole["metric"] == "spend", "sum_y"].tolist()).sum()
    nobodys = o["spend"].sum() - seen["spend"].sum()
    assert spend + nobodys == pytest.approx(o["spend"].sum(), rel=1e-12)
    orders = whole[whole["metric"] == "orders"]
    assert np.stack(orders["sum_y"].tolist()).sum() == len(seen)
    assert np.stack(orders["units"].tolist()).sum() == len(units)
    assert seen["at"].max() - START > pd.Timedelta(days=60)  # long after the window of 7 days


def test_segments_add_up_to_the_whole_in_16_buckets(pulled):
    a, o = tables()
    flow = pulled({"a": a, "o": o}, MODEL).facts["flow"]
    split = flow["segment"] != "all"
    assert set(flow.loc[split, "segment"]) == {"town=x", "town=y"}
    assert set(flow.loc[split, "layout"]) == {"hash16"}
    for name in ("units", "sum_y", "sum_d"):
        fine = np.stack(flow.loc[~split, name].tolist()).sum(axis=0)
        coarse = np.stack(flow.loc[split, name].tolist()).sum(axis=0)
        np.testing.assert_allclose(fine.reshape(4, 16).sum(axis=0), coarse, rtol=1e-9)


def test_buckets_know_nothing_of_the_arm(pulled):
    a, o = tables(n=4_000)
    flow = pulled({"a": a, "o": o}, MODEL).facts["flow"]
    one = flow[(flow["segment"] == "all") & (flow["metric"] == "orders")]
    by_arm = {arm: np.stack(rows["units"].tolist()).sum(axis=0) for arm, rows in one.groupby("arm")}
    total = by_arm["t"] + by_arm["c"]
    share = by_arm["t"].sum() / total.sum()
    chi2 = ((by_arm["t"] - total * share) ** 2 / (total * share * (1 - share))).sum()
    assert chi2 < 64 + 4 * np.sqrt(2 * 64)


def test_an_engine_without_tables_finds_the_same(pulled, without_tables):
    a, o = tables(100)
    first, second = (
        pulled({"a": a, "o": o}, MODEL, **how).facts["flow"]
        for how in ({}, {"engine": without_tables})
    )
    pd.testing.assert_frame_equal(first, second)


def test_without_repeat_there_is_no_flow(pulled):
    a, o = tables(50)
    once = {**MODEL, "evidence": [{**EVIDENCE, "repeat": False}]}
    assert pulled({"a": a, "o": o}, once).facts["flow"].empty


def test_first_predictions_expose_where_there_are_no_assignments(pulled):
    a, o = tables(200)
    served = a.assign(id=np.arange(len(a)))
    predictions = {"table": "a", "id": "id", "time": "at", "unit": "who", "arm": "arm"}
    model = {key: value for key, value in MODEL.items() if key != "assignments"}
    flow = pulled({"a": served, "o": o}, {**model, "predictions": predictions}).facts["flow"]
    _, seen = joined(a, o)
    spend = np.stack(flow.loc[flow["metric"] == "spend", "sum_y"].tolist()).sum()
    assert spend == pytest.approx(seen["spend"].sum(), rel=1e-12)


def test_outcomes_that_lead_to_more_than_the_unit_are_refused(pulled):
    a, o = tables(50)
    served = a.assign(id=np.arange(len(a)))
    outcomes = o.head(40).assign(town="x")
    model = {
        **MODEL,
        "assignments": None,
        "predictions": {"table": "a", "id": "id", "time": "at", "unit": "who", "arm": "arm"},
        "outcomes": {**OUTCOMES, "on": {"who": "who", "town": "town"}},
    }
    with pytest.raises(SourceError, match="the unit as their key"):
        pulled({"a": served, "o": outcomes}, model)


@pytest.mark.parametrize("named", [None, "town"])
def test_the_chance_of_treatment_is_cut_into_bins(pulled, named):
    chance = [0.0, 0.049, 0.05, 0.15, 0.3, 0.7, 0.95, 1.0, -0.1, 1.1, np.nan]
    a = pd.DataFrame({"who": range(11), "arm": "t", "at": START, "town": "x", "p": chance})
    o = pd.DataFrame({"who": [0], "at": [START], "spend": [1.0], "visits": [1]})
    assignments = {**ASSIGNMENTS, "propensity": "p", "stratum": named, "segments": []}
    made = pulled({"a": a, "o": o}, {**MODEL, "assignments": assignments, "evidence": []})
    effect = made.facts["effect"]
    units = effect[effect["metric"] == "orders"].set_index("stratum")["units"].to_dict()
    bins = {"p00": 2, "p01": 1, "p03": 1, "p06": 1, "p14": 1, "p19": 2}
    assert units == ({f"x|{key}": n for key, n in bins.items()} if named else bins)
    rules = made.facts["intake"].query("source == 'assignments'").groupby("rule")["rows"].sum()
    assert rules.to_dict() == {"accepted": 8, "bad_propensity": 3}


def test_vectors_survive_the_store(pulled, tmp_path):
    a, o = tables(300)
    facts = pulled({"a": a, "o": o}, MODEL).facts
    url = f"sqlite:///{tmp_path}/valuekit.db"
    now = datetime(2026, 1, 1, tzinfo=UTC)
    with open_store(url, create=True) as store:
        run = store.begin("refresh", {}, now)
        part = ModelOutcome("m", facts, "{}")
        store.commit(run, RunOutcome(run, (part,), complete=True), now)
        held = store.facts("m", "flow", segment=None)
    keys = list(FLOW.key_names)
    pd.testing.assert_frame_equal(
        held.sort_values(keys, ignore_index=True),
        facts["flow"].sort_values(keys, ignore_index=True),
    )
