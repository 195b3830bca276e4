"""Who is in which arm: a salted hash of the unit, the same in Python and in SQL.

h = sha256("valuekit holdout:" ‖ salt ‖ ":" ‖ unit) as lower-case hexadecimal digits; its first
twelve, 48 bits, are compared as text with the cumulated shares of the arms, which orders them as
numbers. A unit always gets the same arm; another salt deals anew. Facts put units into buckets
by md5 with salts of their own, so arms and buckets are independent.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Literal, get_args

Dialect = Literal["duckdb", "postgres", "bigquery", "snowflake", "databricks", "athena"]
DIALECTS: tuple[Dialect, ...] = get_args(Dialect)
DIGITS = 12
_PREFIX = "valuekit holdout:"
_WORD = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$")
_BARE = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*$")
Shares = Mapping[str, float | Decimal | str]

# Text of a unit and the sha256 of a text in lower-case hexadecimal digits, by engine.
_HEX: dict[Dialect, str] = {
    "duckdb": "sha256({text})",
    "postgres": "encode(sha256(convert_to({text}, 'UTF8')), 'hex') COLLATE \"C\"",
    "bigquery": "TO_HEX(SHA256({text}))",
    "snowflake": "SHA2({text}, 256)",
    "databricks": "sha2({text}, 256)",
    "athena": "lower(to_hex(sha256(to_utf8({text}))))",
}
_TEXT: dict[Dialect, str] = {"bigquery": "STRING", "databricks": "STRING", "postgres": "TEXT"}


def assign(unit: str | int, *, salt: str, shares: Shares) -> str:
    """The arm of a unit.

    Args:
        unit: The unit's id, exactly as it is logged.
        salt: Text of the experiment; never that of another one that runs at the same time.
        shares: Share by arm, in a fixed order, adding up to 1; write exact ones as text or
            Decimal, floats are read as they are printed.

    Raises:
        ValueError: for shares that do not add up to 1, or a salt or arm that SQL could misread.

    >>> assign("customer-1", salt="demo", shares={"control": 0.2, "model": 0.8})
    'control'
    """
    bounds = _bounds(salt, shares)
    digest = hashlib.sha256(f"{_PREFIX}{salt}:{unit}".encode()).hexdigest()[:DIGITS]
    return next((arm for arm, bound in bounds if bound is None or digest < bound), bounds[-1][0])


def assignment_sql(column: str, *, salt: str, shares: Shares, dialect: Dialect) -> str:
    """The same arms as an SQL expression over a column; NULL for a unit that is NULL.

    Args:
        column: Column of the unit: text or whole numbers, which are cast to text.
        salt: As in :func:`assign`.
        shares: As in :func:`assign`.
        dialect: Engine that is to run it.

    Raises:
        ValueError: as :func:`assign`, or for a column name that the engine cannot quote.
    """
    bounds = _bounds(salt, shares)
    unit = _quoted(column, dialect)
    text = f"'{_PREFIX}{salt}:' || CAST({unit} AS {_TEXT.get(dialect, 'VARCHAR')})"
    digest = f"substr({_HEX[dialect].format(text=text)}, 1, {DIGITS})"
    cases = [f"WHEN {digest} < '{bound}' THEN '{arm}'" for arm, bound in bounds if bound]
    return " ".join(
        ["CASE", f"WHEN {unit} IS NULL THEN NULL", *cases, f"ELSE '{bounds[-1][0]}'", "END"]
    )


def _bounds(salt: str, shares: Shares) -> list[tuple[str, str | None]]:
    """Arms with the hexadecimal text below which a hash falls into them; None for the last."""
    for what, word in (("salt", salt), *(("arm", arm) for arm in shares)):
        if not _WORD.match(word):
            msg = (
                f"{what} {word!r} is not usable: 1-64 letters, digits, and _ . : - inside, so "
                "that no engine reads it differently"
            )
            raise ValueError(msg)
    parts = [Fraction(str(one)) for one in shares.values()]
    if len(parts) < 2 or min(parts) <= 0 or sum(parts) != 1:
        said = ", ".join(f"{arm} {one}" for arm, one in shares.items())
        msg = f"at least two shares above 0 that add up to 1 are needed, not: {said}"
        raise ValueError(msg)
    bounds: list[tuple[str, str | None]] = []
    so_far = Fraction(0)
    for arm, part in zip(shares, parts, strict=True):
        so_far += part
        whole = round(so_far * 16**DIGITS)
        bounds.append((arm, None if so_far == 1 else f"{whole:0{DIGITS}x}"))
    return bounds


def _quoted(column: str, dialect: Dialect) -> str:
    if _BARE.match(column):
        return column
    if dialect in {"bigquery", "databricks"}:
        if "`" in column or "\\" in column:
            msg = f"column {column!r} cannot be quoted for {dialect}: rename it in a view"
            raise ValueError(msg)
        return f"`{column}`"
    doubled = column.replace('"', '""')
    return f'"{doubled}"'
