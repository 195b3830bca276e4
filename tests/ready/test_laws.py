"""Laws of ready-made tables: sums of any rows become the moments of those rows, and add up."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workspaces import workspace
from valuekit.ledger.frame import conform
from valuekit.ledger.schema import FACTS
from valuekit.ready.bins import NOWHERE, edges_of, places
from valuekit.ready.judge import ACCEPTED, Judgement, judged
from valuekit.ready.make import merged, views
from valuekit.ready.moments import from_cubes, from_products, from_squares
from valuekit.ready.names import allowed, given_of_effect, incomplete, ledger_shape
from valuekit.workspace.declare import Model

cents = st.integers(-10_000, 10_000).map(lambda one: one / 100)
values = st.lists(cents, min_size=1, max_size=30)
CLOSE = 1e-9


def model(**facts: Any) -> Model:
    more = {"metrics": {"y": {"already_money": True, "denominator": "d"}}}
    made = workspace({"m": {"predictions": None, "facts": facts, **more}})
    return made.models["m"]


def read(**columns: Any) -> pd.DataFrame:
    """Rows as a reader hands them over."""
    rows = pd.DataFrame(columns)
    days = pd.to_datetime(rows.pop("day")).astype("datetime64[s]")
    return rows.assign(day=days, rule="")


@given(y=values, shift=st.sampled_from([0, 1_000, 1_000_000]))
def test_squares_are_exact(y: list[float], shift: int) -> None:
    """c from decimal sums is c of the rows, in rational arithmetic."""
    rows = [Fraction(repr(one)) + shift for one in y]
    n, total, squares = len(rows), sum(rows), sum(one**2 for one in rows)
    exact = squares - total**2 / n
    made = from_squares(*(np.array([float(one)]) for one in (n, total, squares)))
    noise = 2.0**-53 * (16 + np.sqrt(n)) * float(squares)
    assert not made.impossible[0]
    if made.lost[0]:
        assert float(exact) <= 2 * noise
    else:
        assert abs(made.c[0] - float(exact)) <= 2 * noise
        if not made.rough[0] and exact > 0 and n > 1:
            assert made.c[0] == pytest.approx(float(exact), rel=2e-3)


@given(y=values, short=st.floats(0.01, 1.0))
def test_squares_below_what_the_sum_allows_are_impossible(y: list[float], short: float) -> None:
    n, total = float(len(y)), sum(y)
    least = total**2 / n
    if least < 1e-6:
        return
    made = from_squares(np.array([n]), np.array([total]), np.array([least * (1 - short)]))
    assert made.impossible[0]


worlds = st.lists(
    st.tuples(
        st.integers(0, 4),  # day
        st.sampled_from(["a", "b"]),  # arm
        st.sampled_from(["x", "y"]),  # segment
        cents,  # y
        st.integers(1, 5),  # d
        st.integers(-50, 50).map(lambda one: one / 10),  # covariate
    ),
    min_size=1,
    max_size=60,
)
EFFECT = {
    "table": "t",
    "segments": ["seg"],
    "columns": {
        "arm": "arm", "units": "units", "sum_y": "y", "sum_yy": "yy", "sum_yyy": "yyy",
        "sum_d": "d", "sum_dd": "dd", "sum_yd": "yd", "sum_x": "x", "sum_xx": "xx",
        "sum_yx": "yx", "sum_dx": "dx", "nonzero": "nz",
    },
}  # fmt: skip


def sums(rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    """What a warehouse would add up, by day, arm and segment, rounded to six places."""
    made = pd.DataFrame(rows, columns=["at", "arm", "seg0", "y", "d", "x"])
    terms = {
        "sum_y": made["y"], "sum_yy": made["y"] ** 2, "sum_yyy": made["y"] ** 3,
        "sum_d": made["d"], "sum_dd": made["d"] ** 2, "sum_yd": made["y"] * made["d"],
        "sum_x": made["x"], "sum_xx": made["x"] ** 2, "sum_yx": made["y"] * made["x"],
        "sum_dx": made["d"] * made["x"], "nonzero": (made["y"] != 0).astype(int),
    }  # fmt: skip
    keys = ["at", "arm", "seg0"]
    grouped = made[keys].assign(units=1, **terms).groupby(keys, as_index=False).sum()
    grouped["day"] = [f"2026-03-0{one + 1}" for one in grouped.pop("at")]
    return grouped.round(6)


@settings(max_examples=60)
@given(rows=worlds)
def test_moments_of_sums_are_those_of_the_rows(rows: list[tuple[Any, ...]]) -> None:
    found = judged(*_asked(EFFECT), read(**sums(rows)))
    assert set(found.rule) == {ACCEPTED}
    whole, by_segment = views(found.facts, [("seg", None)])
    assert set(by_segment["segment"]) == {f"seg={one[2]}" for one in rows}
    frame = conform(FACTS["effect"], merged("effect", "m", whole))
    assert int(frame["n"].sum()) == len(rows)
    for one in frame.to_dict("records"):
        of = [r for r in rows if (r[0] + 1, r[1]) == (one["day"].day, one["arm"])]
        table = np.array([[r[3], r[4], r[5]] for r in of], dtype=float)
        mean = table.mean(axis=0)
        off = table - mean
        scale = (np.abs(table).max(axis=0) + 1) * np.sqrt(len(of))
        for i, a in enumerate("ydx"):
            assert one[f"mean_{a}"] == pytest.approx(mean[i], abs=CLOSE * scale[i])
            for j, b in enumerate("ydx"[i:], start=i):
                near = 1e-5 + 1e-8 * scale[i] * scale[j]
                assert one[f"c_{a}{b}"] == pytest.approx(float(off[:, i] @ off[:, j]), abs=near)
        third = float((off[:, 0] ** 3).sum())
        assert one["m3_y"] == pytest.approx(third, abs=1e-3 + 1e-7 * scale[0] ** 3)
        assert one["nonzero"] == sum(r[3] != 0 for r in of)


def _asked(effect: dict[str, Any]) -> tuple[Model, Any]:
    made = model(effect=effect)
    return made, made.ready("effect")


CONFUSED = {
    "table": "t",
    "columns": {"predicted": "p", "label": "l", "n": "n", "sum_v": "v"},
}
messy = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.sampled_from(["1", "0", ""]),
        st.sampled_from(["1", "0", ""]),
        st.sampled_from([0.0, 3.0, 7.0, -1.0, 2.5, np.nan, np.inf]),
        st.sampled_from([0.0, 1.5]),
    ),
    max_size=25,
)


@settings(max_examples=300)
@given(rows=messy)
def test_every_row_has_one_fate_and_facts_hold_the_accepted(rows: list[tuple[Any, ...]]) -> None:
    """Recomputed row by row in plain Python: what is used, and what takes its day with it."""
    made = model(confusion=CONFUSED)
    table = made.ready("confusion")
    assert table is not None
    frame = pd.DataFrame(rows, columns=["at", "predicted", "label", "n", "sum_v"])
    days = [f"2026-03-0{one + 1}" for one in frame.pop("at")]
    found = judged(made, table, read(day=days, **{one: frame[one] for one in frame}))
    fine = [bool(p and y and n >= 0 and n == np.floor(n) and n < np.inf) for _, p, y, n, _ in rows]
    keys = [row[:3] for row in rows]
    expected = []
    for place in range(len(rows)):
        same = [i for i in range(len(rows)) if fine[i] and keys[i] == keys[place]]
        if not fine[place]:
            expected.append("held")
        elif len({rows[i] for i in same}) > 1:
            expected.append("conflicting_duplicate")
        else:
            expected.append(ACCEPTED if same[0] == place else "duplicate")
    broken = {"held", "conflicting_duplicate"}
    lost = {row[0] for row, rule in zip(rows, expected, strict=True) if rule in broken}
    for place, row in enumerate(rows):
        if expected[place] == ACCEPTED and row[0] in lost:
            expected[place] = "incomplete_day"
    known = {"empty_key", "bad_value", "bad_count"}
    got = ["held" if rule in known else rule for rule in found.rule]
    assert got == expected
    kept = sum(row[3] for row, rule in zip(rows, expected, strict=True) if rule == ACCEPTED)
    assert float(found.facts["n"].sum() if len(found.facts) else 0) == kept
    assert len(found.rule) == len(rows)


@given(
    cuts=st.lists(st.integers(0, 100), min_size=2, max_size=20, unique=True),
    data=st.data(),
)
def test_bins_are_found_again(cuts: list[int], data: st.DataObject) -> None:
    """Every bin of a partition is its own place; one that spans two of them is none."""
    at = sorted(one / 100 for one in cuts)
    low, high = np.array(at[:-1]), np.array(at[1:])
    edges = edges_of(low, high)
    assert edges == tuple(at[:-1])
    size = len(low)
    drawn = st.lists(st.sampled_from([0.0, 1e-15]), min_size=size, max_size=size)
    noise = np.array(data.draw(drawn))
    assert places(edges, low + noise, high - noise).tolist() == list(range(len(low)))
    if len(at) > 3:
        assert places(edges, low[:1], high[1:2]).tolist() == [NOWHERE]
    outside = np.array([at[0] - 0.5])
    assert places(edges, outside, None).tolist() == [NOWHERE]


def test_cubes_and_products_around_a_large_mean() -> None:
    y, x = np.array([1.0, 2.0, 9.0]), np.array([3.0, 1.0, 1.0])
    n, big = np.array([3.0]), 1_000.0
    shifted = y + big
    c = from_products(n, np.array([shifted.sum()]), np.array([x.sum()]), np.array([shifted @ x]))
    assert c[0] == pytest.approx(float((y - y.mean()) @ (x - x.mean())), rel=1e-12)
    third = from_cubes(n, *(np.array([float((shifted**k).sum())]) for k in (1, 2, 3)))
    assert third[0] == pytest.approx(float(((y - y.mean()) ** 3).sum()), rel=1e-12)


@pytest.mark.parametrize("fact", ["volume", "usage", "effect", "score", "confusion", "error"])
def test_the_shape_of_the_ledger_fits_itself(fact: str) -> None:
    shape = ledger_shape(fact)
    assert set(shape) <= set(allowed(fact))
    scalars = {one.name for one in FACTS[fact].columns if one.dtype not in {"ints", "floats"}}
    assert scalars - set(shape) <= {"model", "day", "layout", "total"}


def test_what_is_given_follows_from_the_names() -> None:
    assert list(incomplete({"sum_y", "sum_yy"}, proportion=False, capped=False)) == []
    assert list(incomplete({"sum_y"}, proportion=True, capped=False)) == []
    assert "m3_y" not in given_of_effect({"sum_y", "sum_yy"}, proportion=False)
    assert {"m3_y", "nonzero"} <= given_of_effect({"sum_y"}, proportion=True)


def test_nothing_is_judged_of_nothing() -> None:
    made = model(confusion=CONFUSED)
    table = made.ready("confusion")
    assert table is not None
    empty = read(day=[], predicted=[], label=[], n=[], sum_v=[])
    found = judged(made, table, empty)
    assert isinstance(found, Judgement)
    assert len(found.facts) == 0
