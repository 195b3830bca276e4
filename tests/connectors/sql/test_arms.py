"""Predictions without an arm of their own are judged by the arm their unit was assigned to."""

from __future__ import annotations

import pandas as pd
import pytest

START = pd.Timestamp("2025-01-01")
MODEL = {
    "task": "classification",
    "predictions": {
        "table": "p", "id": "id", "time": "t", "unit": "u", "score": "score", "acted": "acted",
    },
    "assignments": {"table": "a", "unit": "c", "arm": "arm", "time": "at"},
    "outcomes": {
        "table": "o", "on": {"u": "c"}, "time": "t", "window": "9d", "label": "label",
    },
    "metrics": {"spend": {"column": "spend", "primary": True}},
}  # fmt: skip


def _tables(as_text=False):
    p = pd.DataFrame(
        {
            "id": range(7),
            "u": [1, 1, 2, 3, 4, 5, None],
            "t": START + pd.to_timedelta([1, 2, 1, 3, 1, 2, 1], unit="D"),
            "score": [0.9, 0.8, 0.2, 0.7, 0.4, 0.6, 0.5],
            "acted": [1, 1, 0, 0, 0, 1, 1],
        }
    )
    p["u"] = p["u"].astype("Int64")
    a = pd.DataFrame(
        {  # 2 changes its arm later, 4 is in both at once, 5 is in none
            "c": [1, 2, 2, 3, 4, 4],
            "arm": ["offer", "control", "offer", "control", "offer", "control"],
            "at": START + pd.to_timedelta([0, 0, 5, 0, 0, 0], unit="D"),
        }
    )
    o = pd.DataFrame(
        {
            "c": [1, 2, 3, 5],
            "t": START + pd.Timedelta(days=4),
            "label": [1, 0, 1, 0],
            "spend": [1.0, 2.0, 3.0, 4.0],
        }
    )
    return {"p": p, "a": a.assign(c=a["c"].astype(str)) if as_text else a, "o": o}


@pytest.mark.parametrize("as_text", [False, True])
def test_arms_come_from_the_first_assignment(pulled, as_text):
    """The unit may be a number in one table and text in the other."""
    facts = pulled(_tables(as_text), MODEL).facts
    score = facts["score"].groupby("arm")["total"].sum().to_dict()
    assert score == {"": 2, "control": 2, "offer": 2}
    read = facts["intake"].query("source == 'predictions'").groupby("rule")["rows"].sum().to_dict()
    assert read == {"accepted": 6, "null_key": 1}  # the one that is for nobody
    confusion = facts["confusion"].groupby(["arm", "predicted", "label"])["n"].sum().to_dict()
    assert confusion == {
        ("", "1", "0"): 1, ("control", "0", "0"): 1, ("control", "1", "1"): 1,
        ("offer", "1", "1"): 1,
    }  # fmt: skip
    assert facts["volume"]["predictions"].sum() == 6
    labels = facts["maturity"][facts["maturity"]["metric"] == "label"]
    assert labels.groupby("arm")["entries"].sum().to_dict() == score


def test_an_arm_that_is_logged_stays(pulled):
    tables = _tables()
    tables["p"]["served"] = "seen"
    model = {**MODEL, "predictions": {**MODEL["predictions"], "arm": "served"}}
    facts = pulled(tables, model).facts
    assert set(facts["score"]["arm"]) == {"seen"}


def test_results_kept_in_another_way_give_the_same(pulled, other):
    first, second = pulled(_tables(), MODEL), pulled(_tables(), MODEL, engine=other)
    for name, frame in first.facts.items():
        pd.testing.assert_frame_equal(frame, second.facts[name], rtol=1e-9)
