"""A frame conforms, or the error names fact, column and rule."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from tests.ledger.frames import cost, effect, score
from valuekit.errors import ValuekitError
from valuekit.ledger.collect import add_up, together
from valuekit.ledger.frame import DTYPES, conform, empty, select
from valuekit.ledger.ragged import boxed
from valuekit.ledger.schema import FACTS

COST, SCORE, EFFECT, VOLUME = (FACTS[name] for name in ("cost", "score", "effect", "volume"))


def refused(fact, frame) -> str:
    with pytest.raises(ValuekitError) as caught:
        conform(fact, frame)
    return str(caught.value)


@pytest.mark.parametrize("fact", FACTS.values(), ids=list(FACTS))
def test_an_empty_frame_has_every_column_in_its_dtype(fact):
    frame = empty(fact)
    assert list(frame.columns) == [one.name for one in fact.columns]
    assert [str(frame[one.name].dtype) for one in fact.columns] == [
        DTYPES[one.dtype] for one in fact.columns
    ]
    pd.testing.assert_frame_equal(conform(fact, frame), frame)


def test_conform_casts_orders_and_leaves_the_input_alone():
    given = cost(["1.5", "-2"]).astype({"costed": "float64"}).iloc[:, ::-1]
    given["day"] = [date(2026, 1, 1), date(2026, 1, 2)]
    given["amount"] = ["1.5", -2]
    before = given.copy()
    frame = conform(COST, given)
    assert [str(dtype) for dtype in frame.dtypes] == [DTYPES[one.dtype] for one in COST.columns]
    assert frame["amount"].tolist() == [Decimal("1.5"), Decimal(-2)]
    assert frame["day"].tolist() == [pd.Timestamp(2026, 1, 1), pd.Timestamp(2026, 1, 2)]
    pd.testing.assert_frame_equal(given, before)


@pytest.mark.parametrize(
    ("fact", "frame"),
    [(COST, cost(["1"])), (SCORE, score([[1, 2]])), (EFFECT, effect([np.ones((3, 4))]))],
)
def test_conforming_twice_changes_nothing(fact, frame):
    pd.testing.assert_frame_equal(conform(fact, frame), frame)


def test_moments_of_nothing_become_zero_and_nothing_else_does():
    frame = effect([np.empty((0, 4))])
    frame.loc[0, ["mean_y", "c_yy", "m3_y", "mean_z"]] = np.nan
    assert conform(EFFECT, frame).loc[0, ["mean_y", "c_yy", "m3_y"]].tolist() == [0, 0, 0]
    frame = effect([np.ones((3, 4))])
    frame.loc[0, "c_yy"] = np.nan
    assert "ledger.effect.c_yy: a sum is finite" in refused(EFFECT, frame)


@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        ("amount", 0.1, "ledger.cost.amount: an amount is a finite Decimal or its text"),
        ("amount", "NaN", "an amount is a finite Decimal"),
        ("amount", "1,5", "an amount is a finite Decimal"),
        ("amount", True, "an amount is a finite Decimal"),
        ("amount", Decimal("0.0000001"), "at most 6 places"),
        ("costed", 1.5, "ledger.cost.costed: a count is a whole number"),
        ("costed", None, "a count is missing"),
        ("costed", "many", "not a number"),
        ("category", None, "ledger.cost.category: a key is missing"),
        ("category", 7, "a key is text"),
        ("day", pd.Timestamp(2026, 1, 1, 9), "a day has no time of day"),
        ("day", pd.Timestamp(2026, 1, 1, tz="UTC"), "a day has no zone"),
        ("day", "yesterday", "not a day"),
        ("day", 20260101, "not a day"),
        ("day", None, "not a day"),
    ],
)
def test_a_wrong_value_is_named(column, value, rule):
    frame = cost(["1"]).astype(object)
    frame[column] = pd.Series([value], dtype=object)
    assert rule in refused(COST, frame)


@pytest.mark.parametrize("value", [3, [[1, 2]], [1.5, 2.0], ["a"], [np.nan], [[1], [1, 2]], None])
def test_a_wrong_vector_is_named(value):
    frame = score([[1, 2]])
    frame["n"] = pd.Series(boxed([value]), dtype=object)
    assert "ledger.score.n: not a one-dimensional array of finite int64" in refused(SCORE, frame)


def test_a_negative_weight_is_refused():
    frame = effect([np.ones((3, 4))])
    frame["n"] = -3
    assert "ledger.effect.n: a weight is 0 or more" in refused(EFFECT, frame)


def test_missing_and_unknown_columns_are_all_named():
    frame = cost(["1"]).drop(columns=["amount", "basis"]).assign(extra=1)
    text = refused(COST, frame)
    assert "basis, amount" in text
    assert "extra" in text


def test_two_rows_with_one_key_are_refused():
    frame = pd.concat([cost(["1"]), cost(["2"])])
    assert "two rows have the same key (found model=churn, version=all" in refused(COST, frame)


def test_select_by_day_segment_and_version():
    frame = pd.concat(
        [
            cost(["1", "2", "3"]),
            cost(["4"], segment="plan=a"),
            cost(["5"], version="v2"),
        ],
        ignore_index=True,
    )
    assert len(select(frame, None, None)) == 4
    assert select(frame, date(2026, 1, 2), date(2026, 1, 2))["amount"].tolist() == [2]
    assert select(frame, None, None, "plan=a")["amount"].tolist() == [4]
    assert len(select(frame, None, None, None)) == 5
    assert select(frame, None, None, None, ["v2"])["amount"].tolist() == [5]


def test_frames_of_one_fact_add_up_by_key():
    total = add_up(COST, [cost(["1", "2"]), empty(COST), cost(["10"])])
    assert total["amount"].tolist() == [Decimal(11), Decimal(2)]
    assert add_up(COST, []).empty


def test_together_completes_the_facts_and_names_every_mistake():
    facts = together("churn", {"cost": cost(["1"])})
    assert set(facts) == set(FACTS)
    assert facts["score"].empty
    fine = score([[1, 2]])
    fine["sum_v"] = pd.Series(boxed([np.array([1 / 3, 1e9 + 1 / 3])]), dtype=object)
    kept = together("churn", {"score": fine})["score"]["sum_v"][0]
    assert kept.tolist() == [0.333333, 1000000000.333333]
    with pytest.raises(ValuekitError) as caught:
        together(
            "churn",
            {"cost": cost(["1"], model="other"), "cots": cost(["1"]), "score": cost(["1"])},
        )
    text = str(caught.value)
    for piece in ("cost.model: not a row of churn", "cots: there is no such fact", "ledger.score"):
        assert piece in text
