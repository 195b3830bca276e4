"""Laws of merging, against numpy on the raw rows."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.ledger.frames import cost, effect, moments, score
from valuekit.errors import ValuekitError
from valuekit.ledger.frame import empty
from valuekit.ledger.merge import merge
from valuekit.ledger.schema import FACTS

EFFECT, SCORE, COST = FACTS["effect"], FACTS["score"], FACTS["cost"]
NOT_DAY = [name for name in EFFECT.key_names if name != "day"]
ONES = np.ones((2, 4))
MEASURES = [one.name for one in EFFECT.measures]


@st.composite
def raw_parts(draw: st.DrawFn) -> list[np.ndarray]:
    sizes = draw(st.lists(st.integers(0, 12), min_size=1, max_size=7))
    seed = draw(st.integers(0, 2**32 - 1))
    shift = draw(st.sampled_from([0.0, -3.0, 1e4]))
    rng = np.random.default_rng(seed)
    return [rng.gamma(0.7, 3.0, size=(size, 4)) + shift for size in sizes]


def close(left: pd.DataFrame, right: pd.DataFrame, scale: float = 1.0) -> None:
    for name in MEASURES:
        np.testing.assert_allclose(
            left[name], right[name], rtol=1e-9, atol=1e-8 * scale, err_msg=name
        )


@given(raw_parts())
def test_merged_days_equal_the_moments_of_all_raw_rows(parts):
    whole = merge(EFFECT, effect(parts), NOT_DAY)
    for name, value in moments(np.concatenate(parts)).items():
        np.testing.assert_allclose(whole[name][0], value, rtol=1e-8, atol=1e-5, err_msg=name)


@settings(max_examples=40)
@given(raw_parts(), st.integers(0, 6), st.randoms(use_true_random=False))
def test_merging_is_associative_and_commutative(parts, cut, random):
    frame = effect(parts)
    whole = merge(EFFECT, frame, NOT_DAY)
    halves = [merge(EFFECT, half, NOT_DAY) for half in (frame[:cut], frame[cut:]) if len(half)]
    close(merge(EFFECT, pd.concat(halves, ignore_index=True), NOT_DAY), whole, 100)
    order = list(range(len(frame)))
    random.shuffle(order)
    close(merge(EFFECT, frame.iloc[order], NOT_DAY), whole, 100)


@settings(max_examples=40)
@given(raw_parts(), st.data())
def test_splitting_a_day_into_segments_of_one_name_changes_nothing(parts, data):
    whole = merge(EFFECT, effect(parts), ["metric"])
    pieces, keys = [], []
    for day, part in enumerate(parts):
        cut = data.draw(st.integers(0, len(part)))
        for name, rows in (("north", part[:cut]), ("south", part[cut:])):
            pieces.append(rows)
            keys.append({"day": f"2026-01-{1 + day:02d}", "segment": f"region={name}"})
    close(merge(EFFECT, effect(pieces, keys), ["metric"]), whole, 100)


def test_a_row_without_units_is_the_identity():
    rng = np.random.default_rng(3)
    some = effect([rng.normal(5, 2, size=(9, 4)), np.empty((0, 4))])
    alone = merge(EFFECT, some[:1], NOT_DAY)
    pd.testing.assert_frame_equal(merge(EFFECT, some, NOT_DAY), alone)
    nothing = merge(EFFECT, some[1:], NOT_DAY)
    assert nothing.loc[0, ["n", "mean_y", "c_yy", "m3_y"]].tolist() == [0, 0, 0, 0]


def test_variance_survives_a_mean_of_a_hundred_million():
    rng = np.random.default_rng(5)
    parts = [rng.normal(0, 1, size=(50, 4)) for _ in range(200)]
    whole = merge(EFFECT, effect([part + 1e8 for part in parts[:28]]), NOT_DAY)
    raw = np.concatenate(parts[:28])
    assert whole["c_yy"][0] / (whole["n"][0] - 1) == pytest.approx(raw[:, 0].var(ddof=1), rel=1e-5)
    assert whole["mean_y"][0] - 1e8 == pytest.approx(raw[:, 0].mean(), abs=1e-6)


def test_by_groups_and_a_label_of_the_caller():
    frame = effect([np.full((n, 4), float(n)) for n in (1, 2, 3, 4)])
    frame["half"] = [2, 1, 2, 1]
    merged = merge(EFFECT, frame, ["half"])
    assert merged["half"].tolist() == [1, 2]
    assert merged["n"].tolist() == [6, 4]
    assert merged["mean_y"].tolist() == pytest.approx([(4 + 16) / 6, (1 + 9) / 4])


@given(st.lists(st.lists(st.integers(0, 10**12), min_size=5, max_size=5), min_size=1, max_size=8))
def test_vectors_add_up(vectors):
    merged = merge(SCORE, score(vectors), ["layout", "label"])
    assert merged["n"][0].tolist() == np.sum(vectors, axis=0).tolist()
    np.testing.assert_allclose(merged["sum_v"][0], np.sum(vectors, axis=0) * 2.5)
    assert merged["n"][0].dtype == np.int64
    assert merged["sum_p"][0].dtype == np.float64


def test_an_empty_vector_is_the_identity_and_the_input_is_not_changed():
    frame = score([[], [1, 2], [3, 4]])
    before = [vector.copy() for vector in frame["n"]]
    assert merge(SCORE, frame, ["layout"])["n"][0].tolist() == [4, 6]
    assert all(np.array_equal(a, b) for a, b in zip(before, frame["n"], strict=True))


def test_vectors_of_different_lengths_are_refused():
    with pytest.raises(ValuekitError, match=r"ledger\.score\.n: vectors of different lengths"):
        merge(SCORE, score([[1, 2], [1, 2, 3]]), ["layout"])


@given(st.lists(st.decimals(-(10**12), 10**12, places=6).map(str), min_size=1, max_size=9))
def test_decimals_are_exact(amounts):
    merged = merge(COST, cost(amounts), ["category"])
    whole = sum(int(Decimal(amount).scaleb(6)) for amount in amounts)
    assert int(merged["amount"][0].scaleb(6)) == whole


@pytest.mark.parametrize(
    ("fact", "frames", "by", "key"),
    [
        (EFFECT, [effect([ONES], epoch=e) for e in ("2026-01-05", "2026-05-01")], [], "epoch"),
        (EFFECT, [effect([ONES], metric=m) for m in ("visit", "spend")], ["arm"], "metric"),
        (SCORE, [score([[1, 2]], layout=name) for name in ("a", "b")], ["day"], "layout"),
        (COST, [cost(["1"], segment=s) for s in ("all", "plan=a")], ["day"], "segment"),
        (COST, [cost(["1"], segment=s) for s in ("region=a", "plan=a")], [], "segment"),
    ],
)
def test_what_must_stay_apart_is_refused_unless_kept_apart(fact, frames, by, key):
    frame = pd.concat(frames, ignore_index=True)
    with pytest.raises(ValuekitError) as caught:
        merge(fact, frame, by)
    assert caught.value.findings[0].place == f"ledger.{fact.name}.{key}"
    assert caught.value.findings[0].code == "merge_refused"
    assert len(merge(fact, frame, [*by, key])) == 2


def test_append_only_facts_never_merge():
    with pytest.raises(ValuekitError, match="append-only"):
        merge(FACTS["registration"], empty(FACTS["registration"]), [])


def test_no_rows_in_no_rows_out():
    merged = merge(EFFECT, empty(EFFECT), ["day", "arm"])
    assert list(merged.columns) == ["day", "arm", *MEASURES]
    assert merged.empty


def test_the_larger_wins_for_rates_and_their_days():
    bill = FACTS["bill"]
    row = dict.fromkeys((one.name for one in (*bill.columns,)), "") | {
        "day": pd.Timestamp(2026, 1, 1),
        "effective": Decimal("1.5"),
        "billed": Decimal(2),
        "native": Decimal(3),
        "currency": "USD",
    }
    frame = pd.DataFrame(
        [
            row | {"rate": Decimal("0.0000712"), "rate_day": pd.Timestamp(2026, 1, 1)},
            row | {"rate": Decimal("0.00008"), "rate_day": pd.Timestamp(2025, 12, 31)},
        ]
    )
    merged = merge(bill, frame, ["currency"])
    assert merged["rate"][0] == Decimal("0.00008")
    assert merged["rate_day"][0] == pd.Timestamp(2026, 1, 1)
    assert merged["effective"][0] == Decimal(3)
