"""Vectors come back bit by bit, and small ones stay small."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from valuekit.ledger.pack import pack, pack_rows
from valuekit.ledger.unpack import unpack

lengths = st.integers(0, 300)
ints = hnp.arrays(
    np.int64,
    lengths,
    elements=st.one_of(st.just(0), st.integers(-3, 3), st.integers(-(2**63), 2**63 - 1)),
)
floats = hnp.arrays(
    np.float64,
    lengths,
    elements=st.one_of(
        st.sampled_from([0.0, -0.0, 0.25, 12.34, -1e-6, 1e300, 5e-324]),
        st.floats(allow_nan=False, allow_infinity=False),
        st.integers(-(10**9), 10**9).map(lambda cents: cents / 100),
    ),
)


def same(left: np.ndarray, right: np.ndarray) -> bool:
    return left.dtype == right.dtype and left.tobytes() == right.tobytes()


@given(st.lists(st.one_of(ints, floats), max_size=4))
def test_round_trip_is_exact_to_the_bit(vectors):
    dtypes = ["ints" if one.dtype.kind == "i" else "floats" for one in vectors]
    found = unpack(pack(vectors), dtypes)
    assert len(found) == len(vectors)
    assert all(same(a, b) for a, b in zip(vectors, found, strict=True))


@given(st.lists(st.tuples(ints, floats), min_size=1, max_size=6))
def test_rows_packed_together_are_the_rows_packed_alone(rows):
    columns = [list(column) for column in zip(*rows, strict=True)]
    assert pack_rows(columns) == [pack(row) for row in rows]


def test_what_is_unpacked_may_be_changed():
    (vector,) = unpack(pack([np.array([1, 2, 3])]), ["ints"])
    vector += 1
    assert vector.tolist() == [2, 3, 4]


def test_sparse_counts_and_money_in_cents_are_small():
    n = np.zeros(200, dtype=np.int64)
    n[[3, 60, 61, 150]] = [1, 2, 1, 40]
    assert len(pack([n])) < 24
    assert len(pack([n * 0.01])) < 26
    assert len(pack([np.zeros(200)])) <= 8


@pytest.mark.parametrize(
    ("payload", "rule"),
    [
        (b"", "version none"),
        (b"\x02\x00", "version 02"),
        (b"\x01\x01junk", "damaged"),
        (pack([np.arange(9)])[:-3], "damaged"),
        (pack([np.arange(9), np.arange(9)]), "after its last vector"),
        (pack([np.arange(9)])[:2] + b"\x01", "damaged"),
    ],
)
def test_a_damaged_payload_is_refused(payload, rule):
    with pytest.raises(ValueError, match=rule):
        unpack(payload, ["ints"])


def test_other_dtypes_are_refused():
    with pytest.raises(TypeError, match="float32"):
        pack([np.zeros(3, dtype=np.float32)])
