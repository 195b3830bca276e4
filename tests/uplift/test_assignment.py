"""Arms by salted hash: stable, the same in SQL, in the declared shares, independent."""

from __future__ import annotations

from collections import Counter
from hashlib import md5

import duckdb
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from valuekit.uplift.assignment import DIALECTS, assign, assignment_sql

SHARES = {"control": "0.1", "a": "0.35", "b": "0.55"}
IDS = [f"customer-{one}" for one in range(10_000)]


def test_vectors_that_must_never_change():
    two = {"control": "0.2", "model": "0.8"}
    dealt = "".join(assign(one, salt="demo", shares=two)[0] for one in range(8))
    assert dealt == "cmmcmmcm"
    named = [assign(one, salt="demo", shares=two) for one in ("customer-1", "42", "ü")]
    assert named == ["control", "model", "model"]
    assert assign("42", salt="demo", shares=two) == assign(42, salt="demo", shares=two)


def test_duckdb_deals_the_same_arms_to_ten_thousand_units():
    expression = assignment_sql("unit", salt="x-1", shares=SHARES, dialect="duckdb")
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE t AS SELECT 'customer-' || i AS unit FROM range(10000) r(i)"
        )
        found = dict(connection.execute(f"SELECT unit, {expression} FROM t").fetchall())
        empty = connection.execute(f"SELECT {expression} FROM (SELECT NULL::TEXT AS unit)")
        assert empty.fetchone() == (None,)
    assert found == {one: assign(one, salt="x-1", shares=SHARES) for one in IDS}


def test_postgres_deals_the_same_arms_to_ten_thousand_units():
    from tests.postgres import server

    expression = assignment_sql("unit", salt="x-1", shares=SHARES, dialect="postgres")
    query = f"SELECT unit, {expression} FROM (SELECT 'customer-' || i AS unit FROM generate_series(0, 9999) i) t"  # noqa: E501 (one statement)
    engine = sa.create_engine(server())
    with engine.connect() as connection:
        found = dict(connection.exec_driver_sql(query).fetchall())
    engine.dispose()
    assert found == {one: assign(one, salt="x-1", shares=SHARES) for one in IDS}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_engine_gets_an_expression_with_the_same_bounds(dialect):
    text = assignment_sql("customer id", salt="s", shares=SHARES, dialect=dialect)
    assert text.count("WHEN") == 3
    assert "'19999999999a'" in text
    assert "'733333333333'" in text
    assert ("`customer id`" in text) == (dialect in {"bigquery", "databricks"})


def test_shares_are_kept_and_buckets_and_other_salts_are_independent():
    one = [assign(unit, salt="x-1", shares=SHARES) for unit in IDS]
    other = [assign(unit, salt="x-2", shares=SHARES) for unit in IDS]
    counts = Counter(one)
    expected = [10_000 * float(share) for share in SHARES.values()]
    assert stats.chisquare([counts[arm] for arm in SHARES], expected).pvalue > 0.001
    buckets = [md5(f"check{unit}".encode(), usedforsecurity=False).digest()[0] % 8 for unit in IDS]
    for against in (other, buckets):
        table = Counter(zip(one, against, strict=True))
        grid = [[table[arm, side] for side in sorted(set(against))] for arm in SHARES]
        assert stats.chi2_contingency(grid).pvalue > 0.001


@given(st.text(max_size=40))
def test_any_text_is_dealt_and_always_alike(unit):
    if unit.isprintable():
        arm = assign(unit, salt="s", shares=SHARES)
        assert arm in SHARES
        assert arm == assign(unit, salt="s", shares=dict(SHARES))


@pytest.mark.parametrize(
    ("salt", "shares"),
    [
        ("it's", SHARES),
        ("", SHARES),
        ("s", {"control": 0.5, "model": 0.6}),
        ("s", {"control": 1}),
        ("s", {"control": 0, "model": 1}),
        ("s", {"con'trol": 0.5, "model": 0.5}),
    ],
)
def test_what_sql_could_misread_is_refused(salt, shares):
    with pytest.raises(ValueError, match=r"usable|add up to 1"):
        assign("u", salt=salt, shares=shares)
    with pytest.raises(ValueError, match=r"usable|add up to 1"):
        assignment_sql("u", salt=salt, shares=shares, dialect="duckdb")


def test_a_column_that_cannot_be_quoted_is_refused():
    with pytest.raises(ValueError, match="cannot be quoted"):
        assignment_sql("a`b", salt="s", shares=SHARES, dialect="bigquery")
    assert '"a""b"' in assignment_sql('a"b', salt="s", shares=SHARES, dialect="duckdb")
