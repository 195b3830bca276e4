"""Volume, usage, score, confusion and maturity, each recomputed from the raw rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

MODEL = {
    "task": "classification",
    "predictions": {
        "table": "p", "id": "id", "time": "t", "unit": "u", "score": "score", "acted": "acted",
        "arm": "arm", "version": "version", "value": "value", "weight": "weight",
        "latency_ms": "ms", "segments": ["region", "vip"], "threshold": 0.4,
        "tokens": {"input": "tin", "output": "tout"}, "provider_model": "llm",
    },
    "outcomes": {
        "table": "o", "on": {"id": "pid"}, "time": "t", "window": "5d", "allowance": "2d",
        "arrived": "arrived", "label": "churned", "positive": "yes",
    },
}  # fmt: skip


def _tables(n=3_000, seed=1):
    rng = np.random.default_rng(seed)
    p = pd.DataFrame(
        {
            "id": np.arange(n),
            "t": pd.Timestamp("2025-01-01") + pd.to_timedelta(rng.uniform(0, 40, n), unit="D"),
            "u": rng.integers(0, 500, n),
            "score": rng.beta(1, 4, n),
            "acted": rng.choice(["yes", "no", "offer A", None], n),
            "arm": rng.choice(["treated", "control", None], n),
            "version": rng.choice(["v1", "v2"], n),
            "value": rng.normal(100, 30, n),
            "weight": rng.choice([1.0, 4.0], n),
            "ms": np.where(rng.random(n) < 0.2, np.nan, rng.gamma(2, 40, n) + 1e6),
            "region": rng.choice(["north", "south", "e'ast", None], n, p=[0.5, 0.3, 0.1, 0.1]),
            "vip": rng.random(n) < 0.3,
            "tin": rng.integers(0, 900, n),
            "tout": pd.array(rng.integers(0, 90, n), dtype="Int64"),
            "llm": rng.choice(["small", "large"], n),
        }
    )
    p.loc[p.index % 7 == 0, "tout"] = pd.NA
    p.loc[p.index % 50 == 0, "score"] = np.nan  # written as NULL: not scored, not bad
    some = p.sample(frac=0.6, random_state=seed)
    o = pd.DataFrame(
        {
            "pid": some["id"].to_numpy(),
            "t": some["t"].to_numpy() + pd.to_timedelta(rng.uniform(0, 7, len(some)), unit="D"),
            "churned": rng.choice(["yes", "no", None], len(some), p=[0.3, 0.6, 0.1]),
        }
    )
    o["arrived"] = o["t"] + pd.to_timedelta(rng.uniform(0, 4, len(o)), unit="D")
    return p, o


@pytest.fixture(scope="module")
def rows():
    """Predictions with their outcome, by pandas."""
    p, o = _tables()
    m = p.merge(o.rename(columns={"t": "seen"}), left_on="id", right_on="pid", how="left")
    inside = m["seen"] < m["t"] + pd.Timedelta(days=5)
    m.loc[~inside, ["churned", "seen", "arrived", "pid"]] = None
    m["day"] = m["t"].dt.normalize().astype("datetime64[s]")
    m["label"] = m["churned"].map({"yes": "1", "no": "0"}).fillna("")
    m["acted"] = m["acted"].map({"yes": "1", "offer A": "1", "no": "0"}).fillna("")
    m["arm"] = m["arm"].fillna("")
    m["predicted"] = np.where(m["score"].isna(), "", np.where(m["score"] >= 0.4, "1", "0"))
    return m


@pytest.fixture(scope="module")
def made(pulled):
    p, o = _tables()
    return pulled({"p": p, "o": o}, MODEL)


def test_volume(made, rows):
    volume = made.facts["volume"].query("segment == 'all'").set_index(["version", "day"])
    by = rows.groupby(["version", "day"])
    assert len(volume) == by.ngroups
    expected = pd.DataFrame(
        {
            "predictions": by.size(),
            "acted": by["acted"].agg(lambda x: (x == "1").sum()),
            "labelled": by["label"].agg(lambda x: (x != "").sum()),
            "scored": by["score"].count(),
            "weight": by["weight"].sum(),
            "value": by["value"].sum(),
            "outcome_value": by["label"].agg(lambda x: float((x == "1").sum())),
            "latency_n": by["ms"].count(),
            "mean_latency": by["ms"].mean().fillna(0.0),
            "c_latency": by["ms"].agg(lambda x: ((x - x.mean()) ** 2).sum()),
        }
    )
    pd.testing.assert_frame_equal(volume[list(expected)], expected, rtol=1e-9, check_names=False)


@pytest.mark.parametrize("segment", ["all", "region=north", "region=e'ast", "region=(none)"])
def test_confusion(made, rows, segment):
    keys = ["version", "day", "arm", "predicted", "label"]
    found = made.facts["confusion"].query("segment == @segment").set_index(keys)
    mine = _of(rows, segment).query("label != '' and predicted != ''")
    by = mine.groupby(keys)
    pd.testing.assert_series_equal(found["n"], by.size(), check_names=False)
    pd.testing.assert_series_equal(found["sum_v"], by["value"].sum(), check_names=False)


@pytest.mark.parametrize("segment", ["all", "region=south", "vip=true"])
def test_score(made, rows, segment):
    name = "score" if segment == "all" else "score_segment"
    layout = next(one.content for one in made.registered if one.name == name)
    edges = np.array(layout["edges"])
    assert 0.4 in edges
    keys = ["version", "day", "arm", "acted", "label"]
    found = made.facts["score"].query("segment == @segment").set_index(keys)
    assert set(found["layout"]) == {layout["id"]}
    mine = _of(rows, segment).dropna(subset=["score"])
    mine = mine.assign(bin=np.maximum(np.searchsorted(edges, mine["score"], side="right") - 1, 0))
    groups = mine.groupby(keys)
    assert len(found) == groups.ngroups
    for key, part in groups:
        row, count = found.loc[key], len(edges)
        p, y = part["score"], (part["label"] == "1").astype(float)
        known = part["label"] != ""
        assert row["total"] == len(part)
        assert row["n"].tolist() == np.bincount(part["bin"], minlength=count).tolist()
        sums = np.bincount(part["bin"], weights=part["score"], minlength=count)
        np.testing.assert_allclose(row["sum_p"], sums, rtol=1e-12)
        values = np.bincount(part["bin"], weights=part["value"], minlength=count)
        np.testing.assert_allclose(row["sum_v"], values, rtol=1e-12)
        assert row["brier"] == pytest.approx(((p - y) ** 2)[known].sum(), rel=1e-12)
        loss = -np.log(np.where(y == 1, p, 1 - p))[known].sum()
        assert row["log_loss"] == pytest.approx(loss, rel=1e-9)


def test_layouts_hold_their_reference(made, rows):
    for name, bins in (("score", 200), ("score_segment", 20)):
        layout = next(one.content for one in made.registered if one.name == name)
        first, last = (pd.Timestamp(day) for day in layout["reference"])
        assert (last - first).days == 27
        scores = rows.loc[rows["day"].between(first, last), "score"].dropna()
        assert len(layout["edges"]) in {bins, bins + 1}
        assert sum(layout["counts"]) == len(scores)
        edges = np.array(layout["edges"])
        place = np.maximum(np.searchsorted(edges, scores, side="right") - 1, 0)
        assert np.bincount(place, minlength=len(edges)).tolist() == layout["counts"]
        assert max(layout["counts"]) <= 1.6 * len(scores) / bins


def test_registered_layouts_are_kept(made, pulled):
    p, o = _tables()
    shifted = p.assign(score=p["score"] / 2)
    again = pulled({"p": shifted, "o": o}, MODEL, registered=made.registered)
    assert again.registered == ()
    assert set(again.facts["score"]["layout"]) == set(made.facts["score"]["layout"])


def test_usage(made, rows):
    usage = made.facts["usage"].query("segment == 'all'")
    for token, column in (("input", "tin"), ("output", "tout")):
        found = usage[usage["token"] == token].set_index(["version", "day", "provider_model"])
        known = rows.dropna(subset=[column])
        by = known.groupby(["version", "day", "llm"])[column]
        assert found["quantity"].to_dict() == by.sum().to_dict()
        assert found["attempts"].to_dict() == by.size().to_dict()


def test_maturity_by_event_and_arrival(made, rows):
    keys = ["version", "day", "arm"]
    for basis, column, last in (("event", "seen", 5), ("arrival", "arrived", 7)):
        ages = made.facts["maturity"]
        found = ages[ages["basis"] == basis].set_index(keys)
        assert found["entries"].to_dict() == rows.groupby(keys).size().to_dict()
        got = rows.dropna(subset=["churned"])  # an empty label is no outcome
        age = (pd.to_datetime(got[column]).dt.normalize() - got["day"]).dt.days.clip(upper=last)
        for key, part in got.assign(age=age).groupby(keys):
            counts = np.bincount(part["age"].astype(int), minlength=last + 1)
            assert found.loc[key, "n"].tolist() == counts.tolist()
            positive = part["label"] == "1"
            value = np.bincount(part["age"].astype(int), weights=positive, minlength=last + 1)
            assert found.loc[key, "sum_y"].tolist() == value.tolist()


@pytest.mark.parametrize("unknown", ["0001-01-01", "1970-01-01", "9999-12-31"])
def test_an_arrival_that_stands_for_none_is_unknown(pulled, unknown):
    p, o = _tables()
    o["arrived"] = o["arrived"].dt.as_unit("us")  # nanoseconds reach from 1678 to 2261
    few = o.index % 9 == 0
    empty = o.assign(arrived=o["arrived"].where(~few))
    stands = o.assign(arrived=o["arrived"].where(~few, pd.Timestamp(unknown).as_unit("us")))
    made = [pulled({"p": p, "o": one}, MODEL).facts["maturity"] for one in (empty, stands)]
    pd.testing.assert_frame_equal(*made)


def test_segments_of_one_name_add_up_to_all(made):
    volume = made.facts["volume"]
    whole = volume.query("segment == 'all'")["predictions"].sum()
    for name in ("region", "vip"):
        part = volume[volume["segment"].str.startswith(f"{name}=")]
        assert part["predictions"].sum() == whole


def test_rare_segment_values_are_put_together(pulled):
    p, o = _tables()
    made = pulled({"p": p, "o": o}, MODEL, settings={"max_segment_values": 2})
    regions = {one for one in made.facts["volume"]["segment"] if one.startswith("region=")}
    assert regions == {"region=north", "region=south", "region=(other)", "region=(none)"}


def test_absent_labels_may_be_declared_zero(pulled, rows):
    p, o = _tables()
    model = {**MODEL, "outcomes": {**MODEL["outcomes"], "absent": "zero"}}
    confusion = pulled({"p": p, "o": o}, model).facts["confusion"].query("segment == 'all'")
    labels = confusion.groupby("label")["n"].sum()
    scored = rows.dropna(subset=["score"])
    assert labels["1"] == (scored["label"] == "1").sum()
    assert labels["0"] == (scored["label"] != "1").sum()


def test_classes_may_be_many(pulled):
    p = pd.DataFrame({"id": range(6), "t": pd.Timestamp("2025-01-01"), "c": list("aabbcc")})
    o = pd.DataFrame({"id": range(6), "y": list("abbbca")})
    model = {
        "task": "classification",
        "predictions": {"table": "p", "id": "id", "time": "t", "predicted": "c"},
        "outcomes": {"table": "o", "on": {"id": "id"}, "label": "y"},
    }
    made = pulled({"p": p, "o": o}, model)
    cells = made.facts["confusion"].set_index(["predicted", "label"])["n"].to_dict()
    assert cells == {("a", "a"): 1, ("a", "b"): 1, ("b", "b"): 2, ("c", "a"): 1, ("c", "c"): 1}
    assert made.facts["volume"]["labelled"].sum() == 6
    assert made.facts["score"].empty


def _of(rows, segment):
    if segment == "all":
        return rows
    name, value = segment.split("=")
    if name == "vip":
        return rows[rows["vip"] == (value == "true")]
    return rows[rows["region"].isna()] if value == "(none)" else rows[rows["region"] == value]
