"""Empty cells of metrics: never an outcome of 0 unless that was declared."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

START = pd.Timestamp("2025-01-01")
UNITS = 400
AXES = ("y", "d")


def _units() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "customer": np.arange(UNITS),
            "arm": np.where(np.arange(UNITS) % 2 == 0, "treated", "control"),
            "at": START,
        }
    )


def _outcomes(seed: int = 5, rows: int = 700) -> pd.DataFrame:
    """Rows of which each cell of spend, visits and label is there or not, on its own."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "id": np.arange(rows),
            "cid": rng.integers(0, UNITS, rows),
            "at": START + pd.to_timedelta(rng.integers(1, 9 * 86_400, rows), unit="s"),
            "spend": np.where(rng.random(rows) < 0.4, np.nan, rng.gamma(2, 20, rows)),
            "visits": np.where(rng.random(rows) < 0.3, np.nan, rng.integers(1, 5, rows)),
            "stars": np.where(rng.random(rows) < 0.5, np.nan, rng.integers(1, 6, rows)),
        }
    )


def _model(metrics, **outcomes):
    return {
        "task": "ranking",
        "assignments": {"table": "a", "unit": "customer", "arm": "arm", "time": "at"},
        "outcomes": {
            "table": "o", "id": "id", "on": {"customer": "cid"}, "time": "at", "window": "10d",
            "pick": "sum", **outcomes,
        },
        "metrics": metrics,
        "evidence": [
            {
                "design": "holdout",
                "control": "control",
                "allocation": [{"from": "2025-01-01", "control": 0.5}],
            }
        ],
    }  # fmt: skip


SPEND = {"spend": {"column": "spend", "denominator": "visits", "primary": True}}
BOTH = SPEND | {"stars": {"column": "stars"}}


def _rules(made):
    rows = made.facts["intake"].query("source == 'outcomes' and segment == 'all'")
    return rows.groupby("rule")["rows"].sum().to_dict()


def _effect(made, metric):
    return made.facts["effect"].query("segment == 'all' and metric == @metric").set_index("arm")


def _sums(rows):
    """Sum of each column by unit, missing where no row of the unit has a value."""
    return rows.groupby("cid")[["spend", "visits", "stars"]].sum(min_count=1).reindex(range(UNITS))


def _whole_sums(rows):
    """The same, missing where some row that is used has no value: part of a sum is no sum."""
    used = rows[rows[["spend", "visits", "stars"]].notna().any(axis=1)]
    known = used.groupby("cid")[["spend", "visits", "stars"]].agg(lambda one: one.notna().all())
    return _sums(used).where(known.reindex(range(UNITS)).eq(True))


def _compare(found, units, y, d):
    """Counts and moments of one metric against those of the units given; NaN is not known."""
    for arm, part in units.groupby("arm"):
        row, own = found.loc[arm], part.index
        known = y[own].notna() & d[own].notna()
        u, v = y[own][known], d[own][known]
        assert (row["units"], row["n"]) == (len(own), known.sum())
        assert row["nonzero"] == (u != 0).sum()
        assert row["mean_y"] == pytest.approx(u.mean(), rel=1e-12)
        assert row["mean_d"] == pytest.approx(v.mean(), rel=1e-12)
        assert row["c_yy"] == pytest.approx(((u - u.mean()) ** 2).sum(), rel=1e-9)
        assert row["c_yd"] == pytest.approx(
            ((u - u.mean()) * (v - v.mean())).sum(), rel=1e-9, abs=1e-9
        )
        assert row["m3_y"] == pytest.approx(((u - u.mean()) ** 3).sum(), rel=1e-9, abs=1e-9)


def test_a_row_without_any_value_is_held_back_and_changes_nothing(pulled):
    units, rows = _units(), _outcomes()
    silent = rows[["spend", "visits", "stars"]].isna().all(axis=1)
    assert 20 < silent.sum() < 80
    made = pulled({"a": units, "o": rows}, _model(BOTH))
    assert _rules(made) == {"credited": (~silent).sum(), "null_value": silent.sum()}
    without = pulled({"a": units, "o": rows[~silent]}, _model(BOTH))
    pd.testing.assert_frame_equal(made.facts["effect"], without.facts["effect"])
    pd.testing.assert_frame_equal(made.facts["maturity"], without.facts["maturity"])
    held = [one for one in made.held if one.rule == "null_value"]
    assert {one.column for one in held} == {"spend, visits, stars"}
    assert {one.value for one in held} == {"(empty)"}


def test_a_silent_row_is_not_the_first_outcome_that_counts(pulled):
    rows = pd.DataFrame(
        {
            "id": [1, 2], "cid": [0, 0], "at": [START + pd.Timedelta(hours=h) for h in (1, 2)],
            "spend": [np.nan, 12.0], "visits": [np.nan, 3.0],
        }
    )  # fmt: skip
    made = pulled({"a": _units(), "o": rows}, _model(SPEND, pick="first"))
    row = _effect(made, "spend").loc["treated"]
    assert row["mean_y"] * row["n"] == pytest.approx(12.0)


@pytest.mark.parametrize("absent", [None, "zero"])
def test_cells_beside_other_values_add_nothing_and_are_told(pulled, absent):
    units, rows = _units(), _outcomes()
    made = pulled({"a": units, "o": rows}, _model(BOTH, **({"absent": absent} if absent else {})))
    sums = _sums(rows).fillna(0.0)
    _compare(_effect(made, "spend"), units, sums["spend"], sums["visits"])
    said = rows[["spend", "visits", "stars"]].notna().any(axis=1)
    told = {one.place: one.rows for one in made.findings if one.code == "empty_value"}
    assert {place.rpartition(" ")[2]: n for place, n in told.items()} == {
        name: (rows[name].isna() & said).sum() for name in ("spend", "visits", "stars")
    }


def test_declared_zeros_are_zeros(pulled):
    units, rows = _units(), _outcomes()
    zeros = {name: one | {"empty_is_zero": True} for name, one in BOTH.items()}
    model = _model(zeros, absent="unknown")
    made = pulled({"a": units, "o": rows}, model)
    assert _rules(made) == {"credited": len(rows)}
    assert not [one for one in made.findings if one.code == "empty_value"]
    written = pulled({"a": units, "o": rows.fillna(0.0)}, model)
    pd.testing.assert_frame_equal(made.facts["effect"], written.facts["effect"])
    sums = _sums(rows.fillna(0.0))
    _compare(_effect(made, "spend"), units, sums["spend"], sums["visits"])


@pytest.mark.parametrize("seed", range(3))
def test_where_absent_is_unknown_so_is_an_empty_cell(pulled, seed):
    units, rows = _units(), _outcomes(seed)
    made = pulled({"a": units, "o": rows}, _model(BOTH, absent="unknown"))
    sums = _whole_sums(rows)
    one = pd.Series(0.0, index=sums.index)
    _compare(_effect(made, "spend"), units, sums["spend"], sums["visits"])
    _compare(_effect(made, "stars"), units, sums["stars"], one)
    effect = made.facts["effect"]
    assert (effect["n"] == effect["matched"]).all()
    assert not [one for one in made.findings if one.code == "empty_value"]


def test_a_counted_row_says_something_without_any_value(pulled):
    rows = _outcomes().assign(spend=np.nan, visits=np.nan, stars=np.nan)
    rows.loc[0, "spend"] = 1.0
    metrics = {"spend": {"column": "spend", "primary": True}, "orders": {}}
    made = pulled({"a": _units(), "o": rows}, _model(metrics))
    assert _rules(made) == {"credited": len(rows)}
    (told,) = (one for one in made.findings if one.code == "empty_value")
    assert told.rows == len(rows) - 1


def test_units_that_get_theirs_through_predictions(pulled):
    units, rows = _units(), _outcomes()
    served = pd.DataFrame(
        {
            "pid": np.arange(UNITS), "customer": units["customer"], "arm": units["arm"],
            "at": START, "score": 0.5,
        }
    )  # fmt: skip
    model = _model(BOTH, absent="unknown", on={"pid": "cid"})
    del model["assignments"]
    model["task"] = "classification"
    model["predictions"] = {
        "table": "p", "id": "pid", "unit": "customer", "arm": "arm", "time": "at", "score": "score",
    }  # fmt: skip
    made = pulled({"p": served, "o": rows}, model)
    sums = _whole_sums(rows)
    one = pd.Series(0.0, index=sums.index)
    _compare(_effect(made, "stars"), units, sums["stars"], one)
    _compare(_effect(made, "spend"), units, sums["spend"], sums["visits"])


def _churn(outcomes, **more):
    scores = pd.DataFrame({"id": range(40), "at": START, "score": [0.2, 0.8] * 20})
    model = {
        "task": "classification",
        "predictions": {"table": "p", "id": "id", "time": "at", "score": "score"},
        "outcomes": {
            "table": "o", "id": "id", "on": {"id": "pid"}, "time": "when", "window": "5d",
            "label": "y", **more,
        },
    }  # fmt: skip
    return {"p": scores, "o": outcomes}, model


def test_an_empty_label_does_not_take_the_place_of_the_real_one(pulled):
    """Rows that are written when a case is opened, and again with what came of it."""
    said = pd.DataFrame(
        {"id": range(40), "pid": range(40), "when": START + pd.Timedelta(days=2), "y": [0, 1] * 20}
    )
    opened = said.assign(id=said["id"] + 100, when=START + pd.Timedelta(days=1), y=None)
    made = pulled(*_churn(pd.concat([opened.iloc[:30], said], ignore_index=True)))
    assert _rules(made) == {"credited": 40, "null_value": 30}
    alone = pulled(*_churn(said))
    for fact in ("confusion", "score", "volume", "maturity"):
        pd.testing.assert_frame_equal(made.facts[fact], alone.facts[fact])


def test_an_empty_label_does_not_contradict_one_of_the_same_id(pulled):
    said = pd.DataFrame(
        {"id": range(40), "pid": range(40), "when": START + pd.Timedelta(days=2), "y": [0, 1] * 20}
    )
    opened = said.assign(when=START + pd.Timedelta(days=1), y=None)
    made = pulled(*_churn(pd.concat([opened.iloc[:30], said], ignore_index=True)))
    assert _rules(made) == {"credited": 40, "null_value": 30}


def test_labels_that_are_text_in_some_rows_are_no_classes_of_their_own(pulled):
    said = pd.DataFrame(
        {"id": range(40), "pid": range(40), "when": START, "y": ["0", "1"] * 18 + ["no", "yes"] * 2}
    )
    made = pulled(*_churn(said))
    assert _rules(made) == {"credited": 36, "bad_label": 4}
    confusion = made.facts["confusion"].query("segment == 'all'")
    assert set(confusion["label"]) == {"0", "1"}
    assert confusion["n"].sum() == 36
    named = pulled(*_churn(said.assign(y=["no", "yes"] * 20), positive="yes"))
    assert _rules(named) == {"credited": 40}
