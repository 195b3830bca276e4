"""What differs between engines, as data: one table of spellings, one rule that applies it.

Each construct is an SQLAlchemy element; :data:`SPELLINGS` says how an engine writes it. A new
engine adds its own entries where the default is not understood. Arguments are rendered by
SQLAlchemy, so values stay bound and identifiers stay quoted.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.base import PGCompiler, PGDialect, PGIdentifierPreparer
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

Expression = sa.ColumnElement[Any]

_NUMBER = r"'^\s*[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?\s*$'"

#: construct -> engine -> spelling; {0}, {1} are the rendered arguments.
SPELLINGS: dict[str, dict[str, str]] = {
    "day": {"default": "CAST({0} AS DATE)"},
    "instant": {
        "default": "CAST({0} AS TIMESTAMP)",
        "postgresql": "({0} AT TIME ZONE 'UTC')",
        "trino": "CAST({0} AT TIME ZONE 'UTC' AS TIMESTAMP)",
        "bigquery": "DATETIME({0}, 'UTC')",
        "snowflake": "CONVERT_TIMEZONE('UTC', {0})::TIMESTAMP_NTZ",
    },
    "moment": {"default": "TIMESTAMP '{0}'", "bigquery": "DATETIME '{0}'"},
    "add_days": {
        "default": "({0} + INTERVAL '{1}' DAY)",
        "bigquery": "DATETIME_ADD({0}, INTERVAL {1} DAY)",
        "snowflake": "DATEADD(day, {1}, {0})",
    },
    "add_seconds": {
        "default": "({0} + INTERVAL '{1}' SECOND)",
        "bigquery": "DATETIME_ADD({0}, INTERVAL {1} SECOND)",
        "snowflake": "DATEADD(second, {1}, {0})",
    },
    "days_between": {
        "default": "date_diff('day', {0}, {1})",
        "postgresql": "(CAST({1} AS DATE) - CAST({0} AS DATE))",
        "bigquery": "DATE_DIFF(CAST({1} AS DATE), CAST({0} AS DATE), DAY)",
        "snowflake": "DATEDIFF(day, {0}, {1})",
        "databricks": "DATEDIFF({1}, {0})",
        "trino": "date_diff('day', CAST({0} AS DATE), CAST({1} AS DATE))",
    },
    "elapsed_days": {
        "default": "CAST(FLOOR((epoch_us({1}) - epoch_us({0})) / 86400000000) AS BIGINT)",
        "postgresql": "CAST(FLOOR(EXTRACT(EPOCH FROM ({1} - {0})) / 86400) AS BIGINT)",
        "bigquery": "CAST(FLOOR(DATETIME_DIFF({1}, {0}, SECOND) / 86400) AS INT64)",
        "snowflake": "FLOOR(DATEDIFF(microsecond, {0}, {1}) / 86400000000)",
        "databricks": "FLOOR((unix_micros({1}) - unix_micros({0})) / 86400000000)",
        "trino": "CAST(FLOOR(date_diff('millisecond', {0}, {1}) / 8.64E7) AS BIGINT)",
    },
    "microseconds": {
        "default": "epoch_us({0})",
        "postgresql": "CAST(EXTRACT(EPOCH FROM {0}) * 1000000 AS BIGINT)",
        "bigquery": "UNIX_MICROS(TIMESTAMP({0}))",
        "snowflake": "DATE_PART(EPOCH_MICROSECOND, {0})",
        "databricks": "unix_micros({0})",
        "trino": "CAST(ROUND(to_unixtime({0}) * 1E6) AS BIGINT)",
    },
    "from_microseconds": {
        "default": "make_timestamp({0})",
        "postgresql": "(TIMESTAMP 'epoch' + {0} * INTERVAL '1 microsecond')",
        "bigquery": "DATETIME(TIMESTAMP_MICROS({0}))",
        "snowflake": "TO_TIMESTAMP_NTZ({0}, 6)",
        "databricks": "timestamp_micros({0})",
        "trino": "CAST(from_unixtime_nanos({0} * 1000) AT TIME ZONE 'UTC' AS TIMESTAMP(6))",
    },
    "fdiv": {
        "default": "(CAST({0} AS DOUBLE) / NULLIF(CAST({1} AS DOUBLE), 0))",
        "postgresql": "(CAST({0} AS DOUBLE PRECISION) / NULLIF(CAST({1} AS DOUBLE PRECISION), 0))",
        "bigquery": "(CAST({0} AS FLOAT64) / NULLIF(CAST({1} AS FLOAT64), 0))",
    },
    "to_double": {
        "default": "CAST({0} AS DOUBLE)",
        "postgresql": "CAST({0} AS DOUBLE PRECISION)",
        "bigquery": "CAST({0} AS FLOAT64)",
    },
    "safe_double": {
        "default": "TRY_CAST({0} AS DOUBLE)",
        "postgresql": f"CASE WHEN {{0}} ~ {_NUMBER} THEN CAST({{0}} AS DOUBLE PRECISION) END",
        "bigquery": "SAFE_CAST({0} AS FLOAT64)",
    },
    "try_cast": {"default": "TRY_CAST({0} AS {1})", "bigquery": "SAFE_CAST({0} AS {1})"},
    "to_int": {
        "default": "CAST(FLOOR({0}) AS BIGINT)",
        "bigquery": "CAST(FLOOR({0}) AS INT64)",
    },
    "to_text": {"default": "CAST({0} AS VARCHAR)", "bigquery": "CAST({0} AS STRING)"},
    "is_finite": {
        "default": "isfinite({0})",
        "postgresql": "({0} NOT IN ('NaN'::float8, 'Infinity'::float8, '-Infinity'::float8))",
        "bigquery": "NOT (IS_NAN({0}) OR IS_INF({0}))",
        "trino": "is_finite({0})",
        "snowflake": "({0} NOT IN ('NaN'::FLOAT, 'inf'::FLOAT, '-inf'::FLOAT))",
        "databricks": "({0} NOT IN (DOUBLE('NaN'), DOUBLE('inf'), DOUBLE('-inf')))",
    },
    "bit_or": {
        "default": "BIT_OR({0})",
        "snowflake": "BITOR_AGG({0})",
        "trino": "bitwise_or_agg({0})",
    },
    "var_pop": {"default": "VAR_POP({0})"},
    "covar_pop": {"default": "COVAR_POP({0}, {1})"},
    "ln": {"default": "LN({0})"},
    "composed": {
        "default": "NORMALIZE({0}, NFC)",
        "duckdb": "nfc_normalize({0})",
        "snowflake": "{0}",  # has no such function: the two forms are told apart there
        "databricks": "{0}",
    },
    "row_hash": {
        "default": "CAST(hash({all}) AS HUGEINT)",
        "postgresql": "CAST(hashtextextended(CAST(ROW({all}) AS TEXT), 0) AS NUMERIC)",
        "bigquery": "CAST(FARM_FINGERPRINT(TO_JSON_STRING(STRUCT({all}))) AS NUMERIC)",
        "snowflake": "CAST(HASH({all}) AS NUMBER(38, 0))",
        "databricks": "CAST(xxhash64({all}) AS DECIMAL(38, 0))",
        "trino": "CAST(from_big_endian_64(xxhash64(to_utf8(json_format("
        "CAST(ROW({all}) AS JSON))))) AS DECIMAL(38, 0))",
    },
    "hash16": {
        "default": "CAST('0x' || SUBSTR(MD5({0}), 1, 4) AS BIGINT)",
        "postgresql": "CAST(CAST('x' || SUBSTR(MD5({0}), 1, 4) AS BIT(16)) AS INTEGER)",
        "bigquery": "CAST(CONCAT('0x', SUBSTR(TO_HEX(MD5({0})), 1, 4)) AS INT64)",
        "snowflake": "TO_NUMBER(SUBSTR(MD5({0}), 1, 4), 'XXXX')",
        "databricks": "CAST(CONV(SUBSTR(MD5({0}), 1, 4), 16, 10) AS BIGINT)",
        "trino": "from_base(SUBSTR(to_hex(MD5(to_utf8({0}))), 1, 4), 16)",
    },
}


class Portable(FunctionElement[Any]):
    """A construct whose text is looked up in :data:`SPELLINGS` when it is compiled."""

    inherit_cache = True


@compiles(Portable)
def _spell(element: Portable, compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401  SQLAlchemy's
    """Render the arguments and put them into the engine's spelling."""
    ways = SPELLINGS[element.name]
    spelling = ways.get(compiler.dialect.name, ways["default"])
    made = [compiler.process(one, **kw) for one in element.clauses]
    return spelling.format(*made, all=", ".join(made))


def _construct(name: str, kind: sa.types.TypeEngine[Any]) -> type[Portable]:
    return type(name, (Portable,), {"name": name, "type": kind, "inherit_cache": True})


_day = _construct("day", sa.Date())
_instant = _construct("instant", sa.DateTime())
_moment = _construct("moment", sa.DateTime())
_add_days = _construct("add_days", sa.DateTime())
_add_seconds = _construct("add_seconds", sa.DateTime())
_days_between = _construct("days_between", sa.BigInteger())
_elapsed_days = _construct("elapsed_days", sa.BigInteger())
_microseconds = _construct("microseconds", sa.BigInteger())
_from_microseconds = _construct("from_microseconds", sa.DateTime())
_fdiv = _construct("fdiv", sa.Double())
_to_double = _construct("to_double", sa.Double())
_safe_double = _construct("safe_double", sa.Double())
_try_cast = _construct("try_cast", sa.types.NULLTYPE)
_to_int = _construct("to_int", sa.BigInteger())
_to_text = _construct("to_text", sa.String())
_is_finite = _construct("is_finite", sa.Boolean())
_bit_or = _construct("bit_or", sa.BigInteger())
_var_pop = _construct("var_pop", sa.Double())
_covar_pop = _construct("covar_pop", sa.Double())
_ln = _construct("ln", sa.Double())
_composed = _construct("composed", sa.String())
_hash16 = _construct("hash16", sa.BigInteger())
_row_hash = _construct("row_hash", sa.Numeric())


def day(time: Expression) -> Expression:
    """Calendar day of a time, as it stands (no zone is applied)."""
    return _day(time)


def instant(time: Expression) -> Expression:
    """A time with a zone (or of another precision) as naive UTC."""
    return _instant(time)


def moment(when: datetime) -> Expression:
    """A fixed naive time, written as a literal."""
    return _moment(sa.literal_column(when.isoformat(sep=" ")))


def add_days(time: Expression, days: int) -> Expression:
    """A time or date a whole number of days later (earlier when negative), as a time."""
    return _add_days(time, sa.literal_column(str(int(days))))


def add_seconds(time: Expression, seconds: int) -> Expression:
    """A time a whole number of seconds later (earlier when negative)."""
    return _add_seconds(time, sa.literal_column(str(int(seconds))))


def days_between(first: Expression, last: Expression) -> Expression:
    """Calendar days from ``first`` to ``last`` as an integer; negative when swapped."""
    return _days_between(first, last)


def elapsed_days(first: Expression, last: Expression) -> Expression:
    """Whole days of 24 hours from one time to another, rounded down (-1 = up to a day before)."""
    return _elapsed_days(first, last)


def microseconds(time: Expression) -> Expression:
    """Microseconds of a naive UTC time since 1970, as a whole number."""
    return _microseconds(time)


def from_microseconds(since: Expression) -> Expression:
    """The naive UTC time so many microseconds after 1970."""
    return _from_microseconds(since)


def fdiv(top: Expression, bottom: Expression) -> Expression:
    """Division of doubles; NULL when the divisor is 0."""
    return _fdiv(top, bottom)


def to_double(value: Expression) -> Expression:
    """A number as a 64-bit float (``sa.Float`` is 32-bit on some engines)."""
    return _to_double(value)


def safe_double(text: Expression) -> Expression:
    """A text as a 64-bit float; NULL when it is not a number."""
    return _safe_double(text)


def try_cast(text: Expression, kind: str) -> Expression:
    """A text as a type of the engine; NULL when it is none. Text files are read with it."""
    return _try_cast(text, sa.literal_column(kind))


def to_int(value: Expression) -> Expression:
    """A number rounded down, as a 64-bit integer (engines differ in how CAST rounds)."""
    return _to_int(value)


def to_text(value: Expression) -> Expression:
    """A value as text."""
    return _to_text(value)


def is_finite(value: Expression) -> Expression:
    """Whether a float is neither NaN nor infinite; NULL for NULL."""
    return _is_finite(value)


def bit_or(number: Expression) -> Expression:
    """The bits that any whole number of a group has set; for use as an aggregate."""
    return _bit_or(number)


def var_pop(x: Expression) -> Expression:
    """Population variance, sum of (x - mean)^2 / n."""
    return _var_pop(x)


def covar_pop(x: Expression, y: Expression) -> Expression:
    """Population covariance, sum of (x - mean x)(y - mean y) / n."""
    return _covar_pop(x, y)


def ln(x: Expression) -> Expression:
    """Natural logarithm (``log`` has another base on some engines)."""
    return _ln(x)


def composed(text: Expression) -> Expression:
    """A text with letters and marks composed (NFC), where the engine can."""
    return _composed(text)


def bucket(text: Expression, salt: str, buckets: int) -> Expression:
    """Hash bucket 0 … ``buckets`` - 1 of a text: 16 bits of md5 of salt ‖ text, modulo buckets.

    The same on every engine. ``buckets`` should divide 65,536, otherwise the first buckets
    are larger by up to 1/65,536.
    """
    return sa.func.mod(_hash16(sa.literal(salt, sa.String()).concat(text)), buckets)


def row_hash(values: Sequence[Expression]) -> Expression:
    """64 bits that tell two rows apart, as a number whose sum over any table is exact.

    Each engine has its own; they are compared only with those of the same engine and version.
    """
    return _row_hash(*values)


class DuckPreparer(PGIdentifierPreparer):
    """Quotes every identifier: names come from files and may be any text."""

    def _requires_quotes(self, value: str) -> bool:
        del value
        return True


class DuckCompiler(PGCompiler):
    """DuckDB divides integers as floats, and its ``//`` cuts towards zero."""

    def visit_truediv_binary(
        self,
        binary: sa.BinaryExpression[Any],
        operator: object,
        **kw: Any,  # noqa: ANN401  SQLAlchemy's own signature
    ) -> str:
        """``a / b``: no cast to NUMERIC, which would keep three decimals."""
        del operator
        return f"({self.process(binary.left, **kw)} / {self.process(binary.right, **kw)})"

    def visit_floordiv_binary(
        self,
        binary: sa.BinaryExpression[Any],
        operator: object,
        **kw: Any,  # noqa: ANN401  SQLAlchemy's own signature
    ) -> str:
        """``a // b``, rounded down."""
        return f"CAST(FLOOR({self.visit_truediv_binary(binary, operator, **kw)}) AS BIGINT)"


class DuckDialect(PGDialect):
    """Compiles Core for DuckDB: PostgreSQL's grammar, ``$1`` parameters, long names."""

    name = "duckdb"
    statement_compiler = DuckCompiler
    preparer = DuckPreparer
    max_identifier_length = 9999
    default_paramstyle = "numeric_dollar"
    supports_statement_cache = True

    def __init__(self) -> None:
        """Numeric parameters, as DuckDB's own client takes them."""
        super().__init__(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]  # upstream
