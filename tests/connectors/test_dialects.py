"""Portable constructs: what they compute, and how each engine spells them."""

from __future__ import annotations

import hashlib
import math
from datetime import date, datetime

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.dialects import postgresql

from connectors import dialects

T = sa.table(
    "t",
    sa.column("a", sa.Double()),
    sa.column("b", sa.Double()),
    sa.column("n", sa.BigInteger()),
    sa.column("s", sa.String()),
    sa.column("t", sa.DateTime()),
    sa.column("u", sa.DateTime()),
)
C = T.c
CONSTRUCTS = {
    "day": dialects.day(C.t),
    "instant": dialects.instant(C.t),
    "moment": dialects.moment(datetime(2026, 1, 2, 3, 4, 5)),
    "add_days": dialects.add_days(C.t, 7),
    "add_seconds": dialects.add_seconds(C.t, -3600),
    "days_between": dialects.days_between(C.t, C.u),
    "elapsed_days": dialects.elapsed_days(C.t, C.u),
    "microseconds": dialects.microseconds(C.t),
    "from_microseconds": dialects.from_microseconds(C.n),
    "fdiv": dialects.fdiv(C.a, C.b),
    "to_double": dialects.to_double(C.a),
    "safe_double": dialects.safe_double(C.s),
    "try_cast": dialects.try_cast(C.s, "DOUBLE"),
    "to_int": dialects.to_int(C.a),
    "to_text": dialects.to_text(C.a),
    "is_finite": dialects.is_finite(C.a),
    "var_pop": dialects.var_pop(C.a),
    "covar_pop": dialects.covar_pop(C.a, C.b),
    "bit_or": dialects.bit_or(C.a),
    "ln": dialects.ln(C.a),
    "composed": dialects.composed(C.s),
    "hash16": dialects.bucket(C.s, "salt", 64),
    "row_hash": dialects.row_hash([C.s, C.a]),
}
POSTGRES = {
    "day": "CAST(t.t AS DATE)",
    "instant": "(t.t AT TIME ZONE 'UTC')",
    "moment": "TIMESTAMP '2026-01-02 03:04:05'",
    "add_days": "(t.t + INTERVAL '7' DAY)",
    "add_seconds": "(t.t + INTERVAL '-3600' SECOND)",
    "days_between": "(CAST(t.u AS DATE) - CAST(t.t AS DATE))",
    "fdiv": "(CAST(t.a AS DOUBLE PRECISION) / NULLIF(CAST(t.b AS DOUBLE PRECISION), 0))",
    "to_int": "CAST(FLOOR(t.a) AS BIGINT)",
    "covar_pop": "COVAR_POP(t.a, t.b)",
    "composed": "NORMALIZE(t.s, NFC)",
}


def test_every_construct_is_tested_here():
    assert set(CONSTRUCTS) == set(dialects.SPELLINGS)


@pytest.mark.parametrize("name", CONSTRUCTS)
def test_compiles_for_duckdb_and_postgresql(name):
    for dialect in (dialects.DuckDialect(), postgresql.dialect()):
        assert str(CONSTRUCTS[name].compile(dialect=dialect))


@pytest.mark.parametrize(("name", "text"), POSTGRES.items())
def test_spelling_for_postgresql(name, text):
    assert str(CONSTRUCTS[name].compile(dialect=postgresql.dialect())) == text


@pytest.mark.parametrize("name", dialects.SPELLINGS)
@pytest.mark.parametrize("engine", ["bigquery", "snowflake", "databricks", "trino"])
def test_every_spelling_takes_its_arguments(name, engine):
    ways = dialects.SPELLINGS[name]
    assert "{" not in ways.get(engine, ways["default"]).format("x", "y", all="x, y")


def value(engine, expression):
    return engine.run("v", sa.select(expression.label("v"))).column(0)[0].as_py()


def at(text: str) -> sa.ColumnElement[datetime]:
    return dialects.moment(datetime.fromisoformat(text))


def test_values_on_duckdb(opened):
    engine = opened()
    one, two = at("2026-03-01 23:00:00"), at("2026-03-03 01:00:00")
    number = sa.literal_column("-1.5")
    text = sa.literal_column("'12.5x'", sa.String())
    expected = [
        (dialects.day(one), date(2026, 3, 1)),
        (dialects.add_days(one, -1), datetime(2026, 2, 28, 23)),
        (dialects.add_seconds(one, 3600), datetime(2026, 3, 2)),
        (dialects.days_between(one, two), 2),
        (dialects.days_between(two, one), -2),
        (dialects.elapsed_days(one, two), 1),
        (dialects.elapsed_days(two, one), -2),
        (dialects.elapsed_days(one, one), 0),
        (dialects.microseconds(at("2026-03-01 23:00:00.000001")), 1_772_406_000_000_001),
        (dialects.microseconds(at("1969-12-31 23:59:59")), -1_000_000),
        (dialects.fdiv(sa.literal_column("1"), sa.literal_column("4")), 0.25),
        (dialects.fdiv(sa.literal_column("1"), sa.literal_column("0")), None),
        (dialects.to_int(number), -2),
        (dialects.safe_double(text), None),
        (dialects.safe_double(sa.literal_column("' 1e3 '", sa.String())), 1000.0),
        (dialects.is_finite(sa.literal_column("'nan'::DOUBLE")), False),
        (dialects.is_finite(sa.literal_column("'-inf'::DOUBLE")), False),
        (dialects.is_finite(sa.literal_column("1e308::DOUBLE")), True),
        (dialects.ln(sa.literal_column("10")), math.log(10)),
    ]
    for expression, wanted in expected:
        assert value(engine, expression) == wanted, str(expression)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30))
def test_bucket_is_md5(engine, text):
    salted = dialects.bucket(sa.literal(text, sa.String()), "salt", 64)
    digest = hashlib.md5(("salt" + text).encode(), usedforsecurity=False).hexdigest()
    assert value(engine, salted) == int(digest[:4], 16) % 64


def test_integer_division_rounds_down(opened):
    quotient = sa.literal(-7, sa.Integer()) // sa.literal(2, sa.Integer())
    assert value(opened(), quotient) == -4


def test_division_keeps_its_decimals(opened):
    quotient = sa.literal(1, sa.Integer()) / sa.literal(2**53, sa.BigInteger())
    assert value(opened(), quotient) == 2.0**-53


def test_long_names_are_not_cut(opened):
    name = "x" * 300
    result = opened().run("v", sa.select(sa.literal(1).label(name)))
    assert result.column_names == [name]


def test_lists_of_values_are_bound(opened):
    engine = opened()
    values = sa.literal("b").in_(["a", "b' OR 1=1"])
    assert value(engine, values) is False
    assert "OR 1=1" not in engine.queries[-1].sql
    assert "b' OR 1=1" in engine.queries[-1].parameters.values()
